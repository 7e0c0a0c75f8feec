// Which expression follows which.

function buildTransitions(view) {
  const { video } = view;
  const place = el("div");
  const people = video.people.filter((person) => person.transitions.length);
  if (!people.length)
    return section("transitions", "Transitions", el("p", {}, "Nobody changed from one expression to another."));
  const choice = picker("who", [["", "all"], ...people.map((one) => [String(one.id), nameOf(video, one)])], fill);

  function counted(who) {
    const counts = EMOTIONS.map(() => EMOTIONS.map(() => 0));
    for (const person of people.filter((one) => !who || String(one.id) === who)) {
      for (const [from, to, times] of person.transitions) counts[from][to] += times;
    }
    return counts;
  }

  function fill() {
    place.replaceChildren(matrix(counted(choice.value)));
  }

  const data = () => [
    [`${video.unit}_id`, "from", "to", "count"],
    ...people.flatMap((person) =>
      person.transitions.map(([from, to, times]) => [person.id, EMOTIONS[from], EMOTIONS[to], times]),
    ),
  ];

  fill();
  const note =
    "How often a bout of the expression in the row is followed by one of that in the column, and the share of the row. " +
    "No change reaches over an absence.";
  return section(
    "transitions",
    ["Transitions", saveButtons(fileName(video, "transitions"), data, () => matrixFigure(video, counted(choice.value)))],
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

/** The same table as a picture. */
function matrixFigure(video, counts) {
  const [cell, names, top] = [74, 110, 60];
  const size = { width: names + cell * EMOTIONS.length + 20, height: top + 30 * EMOTIONS.length + 20 };
  const draw = (pen) => {
    const { paper, ink } = theme.colours;
    pen.rect(0, 0, size.width, size.height, paper);
    pen.text(names, 20, `${video.title} · from row to column`, { fill: ink, size: 14, weight: 600 });
    EMOTIONS.forEach((emotion, k) => {
      pen.text(names + (k + 0.5) * cell, top - 8, emotion, { fill: ink, size: 11, anchor: "center" });
      pen.text(names - 10, top + 30 * k + 19, emotion, { fill: ink, size: 11, anchor: "end" });
    });
    counts.forEach((row, from) => {
      const sum = row.reduce((a, b) => a + b, 0) || 1;
      row.forEach((times, to) => {
        const corner = [names + to * cell, top + 30 * from];
        const square = [
          [0, 0],
          [cell - 2, 0],
          [cell - 2, 28],
          [0, 28],
        ].map(([x, y]) => [corner[0] + x, corner[1] + y]);
        pen.polygon(square, theme.colours.accent, (0.45 * times) / sum + 0.03);
        if (from !== to)
          pen.text(corner[0] + cell / 2 - 1, corner[1] + 19, `${times}`, { fill: ink, size: 12, anchor: "center" });
      });
    });
  };
  return { ...size, draw };
}
