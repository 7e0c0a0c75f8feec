// The moment and the stretch of time that are looked at, and buttons that change them.

function buildControls(view, save) {
  const moment = el("output", { class: "moment" });
  const stretch = el("span", { class: "muted stretch" });
  const update = () => {
    const point = view.curves.nearest(view.moment);
    moment.textContent = clock(view.hover !== null && point >= 0 ? view.curves.times[point] : view.moment);
    const group = view.curves.pointsInOne(view.from, view.to, 600) * view.curves.interval;
    const mean = group > 2 * view.video.quality.interval_s ? `, means of ${length(group)}` : "";
    stretch.textContent = `${clock(view.from, 1)} to ${clock(view.to, 1)}${mean}`;
  };
  for (const what of ["cursor", "hover", "range"]) view.on(what, update);
  const button = (label, title, action) => el("button", { type: "button", title, "aria-label": title, onclick: action }, label);
  const width = () => view.to - view.from;
  const buttons = [
    button("◀", "earlier", () => view.pan(-width() / 2)),
    button("▶", "later", () => view.pan(width() / 2)),
    button("+", "zoom in", () => view.zoom(1 / 2)),
    button("−", "zoom out", () => view.zoom(2)),
    button("all", "show the whole video", () => view.reset()),
  ];
  update();
  return el(
    "div",
    { class: "controls row" },
    moment,
    el("span", { class: "buttons" }, ...buttons),
    stretch,
    el("span", { class: "spacer" }),
    save,
  );
}

/** How to move about, for whoever asks. */
function explain(view) {
  const { video } = view;
  const resolution = video.step_s
    ? `To keep this file small, there is a point every ${length(video.step_s)}: the mean of the sampled frames in it, with their lowest and highest values`
    : "There is a point for every sampled frame";
  const sentences = [
    `Probabilities are smoothed over time (Gaussian, σ ${REPORT.limits.sigma_s} s).`,
    `${resolution}, in steps of ${percent(1 / REPORT.levels, 1)}.`,
    "Where several points share a pixel, the areas are their mean, each label by its share of them; a band is from the lowest to the highest.",
    `▽: more of a label than is usual for this ${video.unit}, p ≤ ${SIGNIFICANT}.`,
  ];
  const keys = [
    ["click", "move the cursor, and the video; open a person"],
    ["drag", "zoom to what is marked"],
    ["shift + drag, one finger", "pan"],
    ["ctrl + wheel, two fingers", "zoom"],
    ["double click, 0", "show everything"],
    ["← →", "next sample, with shift: pan"],
    ["↑ ↓", "next person"],
    ["page up, page down", "pan by half"],
    ["+ −", "zoom"],
    ["home, end", "first and last moment"],
  ];
  return el(
    "details",
    { class: "screen small" },
    el("summary", {}, "how to read this, mouse, fingers and keys"),
    el("p", {}, sentences.join(" ")),
    el("dl", { class: "keys" }, ...keys.flatMap(([key, what]) => [el("dt", {}, key), el("dd", {}, what)])),
  );
}
