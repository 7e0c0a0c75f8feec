// What happened: peaks, expressions that several people began to show together, absences.

const EVENTS_AT_FIRST = 30;
const P_VALUES = [0.05, 0.01, 0.001];

function buildEvents(view) {
  const { video } = view;
  const events = video.events.rows;
  if (!events.length)
    return section("events", "Events", el("p", {}, "No peaks, shared expressions or long absences were found."));
  const pictured = events.some((event) => event.picture);
  const columns = [
    { label: "from", value: (e) => e.start_s, cell: (e) => timeButton(view, e.start_s) },
    ...(pictured
      ? [
          {
            label: "",
            text: true,
            cell: (e) =>
              e.picture
                ? el("img", { src: e.picture, alt: `${whoIs(video, e.people[0])}, shows ${e.emotion}`, class: "portrait" })
                : "",
          },
        ]
      : []),
    { label: "what", text: true, value: (e) => e.kind, cell: (e) => e.kind },
    { label: "who", text: true, value: (e) => e.people[0], cell: (e) => whoAre(video, e.people) },
    { label: "expression", text: true, value: (e) => e.emotion, cell: (e) => (e.emotion ? labelled(e.emotion) : DASH) },
    { label: "duration", unit: "s", wide: true, value: (e) => e.end_s - e.start_s, cell: (e) => fixed(e.end_s - e.start_s) },
    { label: "peak", wide: true, value: (e) => e.strength, cell: (e) => percent(e.strength) },
    { label: "baseline", wide: true, value: (e) => e.baseline, cell: (e) => percent(e.baseline) },
    { label: "p", value: (e) => e.p_adjusted, cell: (e) => pValue(e.p_adjusted) },
  ];
  if (video.footage.status === "found")
    columns.push({ label: "clip", text: true, wide: true, cell: (e) => clipLink(video, e.start_s) });
  const table = sortableTable("events", columns, events, { sort: [0, 1], most: EVENTS_AT_FIRST });
  const found = el("span", { class: "muted", role: "status" });

  const present = (values) => [
    ["", "all"],
    ...[...new Set(values)].filter((v) => v !== null).map((v) => [String(v), String(v)]),
  ];
  const ids = [...new Set(events.flatMap((event) => event.people))].sort((a, b) => a - b);
  const pickers = {
    kind: picker("what", present(events.map((event) => event.kind)), filter),
    who: picker("who", [["", "all"], ...ids.map((id) => [String(id), whoIs(video, id)])], filter),
    emotion: picker("expression", present(events.map((event) => event.emotion)), filter),
    p: picker("p at most", [["", "any"], ...P_VALUES.map((p) => [String(p), String(p)])], filter, String(P_VALUES[0])),
  };

  function filter() {
    const { kind, who, emotion, p } = pickers;
    const kept = events.filter(
      (event) =>
        (!kind.value || event.kind === kind.value) &&
        (!who.value || event.people.includes(Number(who.value))) &&
        (!emotion.value || event.emotion === emotion.value) &&
        (!p.value || event.p_adjusted === null || event.p_adjusted <= Number(p.value)),
    );
    found.textContent = count(kept.length, "event") + (kept.length < events.length ? ` of ${events.length}` : "");
    table.fill(kept);
  }

  filter();
  const left = video.events.all - events.length;
  const notes = [
    `Peak: a ${video.unit} shows more of an expression than is usual there.`,
    "Shared: several people begin to show the same one within two seconds.",
    "p: how likely such an event is to be found somewhere by chance alone, corrected for the number of events of its kind.",
    left ? `${count(left, "event")} more, less certain ones, were left out to keep this file small.` : "",
  ];
  const bar = el("div", { class: "row filters" }, ...Object.values(pickers).map((one) => one.node), found);
  const data = () => {
    const names = ["kind", "emotion", "start_s", "end_s", "peak_s", "strength", "baseline", "p_value", "p_adjusted"];
    const rows = events.map((event) => [event.people.join(" "), ...names.map((name) => event[name])]);
    return [[`${video.unit}_ids`, ...names], ...rows];
  };
  return section(
    "events",
    ["Events", saveButtons(fileName(video, "events"), data)],
    bar,
    table.node,
    el("p", { class: "muted small" }, notes.join(" ")),
  );
}
