// Which expression follows which.

function buildTransitions(view) {
  const { video } = view;
  const place = el("div");
  const tracks = video.tracks.filter((track) => track.transitions.length);
  if (!tracks.length)
    return section("transitions", "Transitions", el("p", {}, "No track changed from one expression to another."));
  const choice = picker("track", [["", "all"], ...tracks.map((track) => [String(track.id), String(track.id)])], fill);

  function fill() {
    const counts = EMOTIONS.map(() => EMOTIONS.map(() => 0));
    for (const track of tracks.filter((one) => !choice.value || String(one.id) === choice.value)) {
      for (const [from, to, times] of track.transitions) counts[from][to] += times;
    }
    place.replaceChildren(matrix(counts));
  }

  fill();
  const note =
    "How often a bout of the expression in the row is followed by one of that in the column, and the share of the row. " +
    "No change reaches over an absence.";
  return section(
    "transitions",
    "Transitions",
    el("div", { class: "row filters" }, choice.node),
    place,
    el("p", { class: "muted small" }, note),
  );
}

function matrix(counts) {
  const used = EMOTIONS.map((_, k) => k).filter((k) => counts[k].some(Boolean) || counts.some((row) => row[k]));
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "from \\ to"),
    ...used.map((k) => el("th", { scope: "col" }, labelled(EMOTIONS[k]))),
    el("th", { scope: "col", class: "number" }, "all"),
  );
  const rows = used.map((from) => {
    const sum = counts[from].reduce((a, b) => a + b, 0);
    const cells = used.map((to) => (from === to ? el("td", { class: "none" }, DASH) : cell(counts[from][to], sum)));
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, labelled(EMOTIONS[from])),
      ...cells,
      el("td", { class: "number" }, String(sum)),
    );
  });
  const caption = el("caption", { class: "visually-hidden" }, "transitions from one expression to another");
  return el(
    "div",
    { class: "table" },
    el("table", { class: "matrix" }, caption, el("thead", {}, head), el("tbody", {}, ...rows)),
  );
}

function cell(times, sum) {
  if (!times) return el("td", { class: "number none" }, "0");
  const node = el("td", { class: "number" }, el("b", {}, String(times)), ` ${percent(times / sum)}`);
  node.style.setProperty("--heat", `${Math.round((45 * times) / sum)}%`);
  return node;
}
