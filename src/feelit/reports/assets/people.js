// Who is meant, and what each person showed, in words and in a table.

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];
const UNITS = { person: ["person", "people"], track: ["track", "tracks"] };
const MOST_NAMED = 4; // of more people that show the same, only their number is given
const STANDS_OUT = 0.05;
const MOST_BESIDES = 3;

/** The name of a person, or the number; in a timeline without people, of a track. */
function nameOf(video, person) {
  return person.name ?? `${video.unit} ${person.id}`;
}

/** A person by number, as an event or a moment has it. */
function whoIs(video, id) {
  const person = video.people.find((one) => one.id === id);
  return person ? nameOf(video, person) : `${video.unit} ${id}`;
}

/** Several by number: "Ada, Ben and person 7", "people 3 and 4". */
function whoAre(video, ids) {
  const people = ids.map((id) => video.people.find((person) => person.id === id) ?? { id, name: null });
  return allOf(video, people);
}

function allOf(video, people) {
  const names = people.filter((person) => person.name).map((person) => person.name);
  const numbers = people.filter((person) => !person.name).map((person) => person.id);
  if (numbers.length < 2) return listed([...names, ...numbers.map((id) => `${video.unit} ${id}`)]);
  const unit = UNITS[video.unit][1];
  return names.length ? listed([...names, `${unit} ${numbers.join(", ")}`]) : `${unit} ${listed(numbers)}`;
}

function many(video, number) {
  return `${NUMBERS[number] ?? number.toLocaleString("en")} ${UNITS[video.unit][number === 1 ? 0 : 1]}`;
}

/** The answer to "who showed what?": parts of sentences. */
function answer(video) {
  const { people } = video;
  if (!video.samples) return ["No frame of this video was sampled."];
  if (!people.length) return ["No face was found in this video."];
  const head = el("b", {}, many(video, people.length));
  if (people.length === 1) return [head, ...ofOne(people[0])];
  const groups = EMOTIONS.map((emotion) => [emotion, people.filter((person) => person.dominant === emotion)]);
  const mostly = groups.filter(([, members]) => members.length).sort((a, b) => b[1].length - a[1].length);
  if (!mostly.length) return [head, ". None could be read."];
  if (mostly[0][1].length === people.length) return [head, ", all mostly ", el("b", {}, mostly[0][0]), ".", ...besides(video)];
  const parts = mostly.flatMap(([emotion, members], n) => [
    n ? "; " : ", mostly ",
    el("b", {}, emotion),
    `: ${namesOf(video, members)}`,
  ]);
  const mute = people.filter((person) => !person.dominant);
  if (mute.length) parts.push(`; not readable: ${namesOf(video, mute)}`);
  return [head, ...parts, ".", ...besides(video)];
}

function ofOne(person) {
  const [first, ...others] = ranked(person.share, STANDS_OUT);
  if (!first) return [", not readable."];
  const rest = others.slice(0, 3).map(([emotion, value]) => `${emotion} ${percent(value)}`);
  const shows = el("b", {}, `${first[0]} ${percent(first[1])}`);
  return [", mostly ", shows, rest.length ? `, then ${listed(rest)}` : "", " of the readable time."];
}

function namesOf(video, members) {
  return members.length > MOST_NAMED ? `${members.length} of them` : allOf(video, members);
}

/** Who showed most of what they did not mostly show. */
function besides(video) {
  const found = video.people.flatMap((person) =>
    ranked(person.share, STANDS_OUT)
      .filter(([emotion]) => emotion !== person.dominant && emotion !== "neutral")
      .map(([emotion, value]) => ({ person, emotion, value })),
  );
  const most = found.sort((a, b) => b.value - a.value).slice(0, MOST_BESIDES);
  if (!most.length) return [];
  const time = [" of the readable time", ""]; // said once
  const words = ({ person, value }, n) => `${nameOf(video, person)} (${percent(value)}${time[Math.min(n, 1)]})`;
  const places = new Map(most.map((entry, n) => [entry, n]));
  const parts = [...new Set(most.map(({ emotion }) => emotion))].flatMap((emotion, n) => [
    n ? "; " : " Also ",
    el("b", {}, emotion),
    `: ${listed(most.filter((entry) => entry.emotion === emotion).map((entry) => words(entry, places.get(entry))))}`,
  ]);
  return [...parts, "."];
}

function buildPeople(view) {
  const { video } = view;
  const title = video.unit === "person" ? "People" : "Tracks";
  if (!video.people.length) return section("people", title, el("p", {}, "No face was found."));
  const columns = [
    { label: video.unit, text: true, value: (p) => nameOf(video, p), cell: (p) => [portrait(video, p), nameOf(video, p)] },
    {
      label: "mostly",
      text: true,
      value: (p) => p.dominant,
      cell: mostly,
    },
    { label: "share of readable time", text: true, cell: (p) => shareBar(p.share) },
    { label: "on screen", unit: "h:mm:ss", key: "on_screen_s", cell: (p) => clock(p.on_screen_s, 1) },
    { label: "first seen", wide: true, key: "first_seen_s", cell: (p) => timeButton(view, p.first_seen_s, 1) },
    { label: "last seen", wide: true, key: "last_seen_s", cell: (p) => timeButton(view, p.last_seen_s, 1) },
    { label: "readable", wide: true, key: "readable_share", cell: (p) => percent(p.readable_share) },
    { label: "unsure", wide: true, key: "unsure_share", cell: (p) => percent(p.unsure_share) },
    { label: "bouts", wide: true, key: "bouts", cell: (p) => String(p.bouts) },
    { label: "mean bout", unit: "s", wide: true, key: "mean_bout_s", cell: (p) => fixed(p.mean_bout_s) },
    { label: "changes", unit: "/min", wide: true, key: "transitions_per_min", cell: (p) => fixed(p.transitions_per_min) },
  ].map((column) => ({ value: column.key && ((person) => person[column.key]), ...column }));
  const data = () => {
    const names = columns.map((column) => column.key).filter(Boolean);
    const heads = [
      `${video.unit}_id`,
      "name",
      "tracks",
      "dominant",
      ...names,
      ...EMOTIONS.map((emotion) => `share_${emotion}`),
    ];
    const row = (p) => [
      p.id,
      p.name,
      p.tracks.map((track) => track.id).join(" "),
      p.dominant,
      ...names.map((name) => p[name]),
      ...p.share,
    ];
    return [heads, ...video.people.map(row)];
  };
  const table = sortableTable(title, columns, video.people, { most: 50 });
  const note = "A bout is a time over which one expression is shown, a change a bout that follows one of another expression.";
  return section(
    "people",
    [title, saveButtons(fileName(video, "summary"), data)],
    table.node,
    el("p", { class: "muted small" }, note),
  );
}
