// What is chosen: buttons for the moment and the stretch of time, for tracks and for emotions.

/** Buttons above the curves: which moment and stretch, which tracks and emotions. */
function buildControls(view) {
  const moment = el("output", { class: "moment" });
  const stretch = el("span", { class: "muted" });
  const update = () => {
    const point = view.curves.nearest(view.moment);
    moment.textContent = clock(view.hover !== null && point >= 0 ? view.curves.times[point] : view.moment);
    const group = view.curves.pointsInOne(view.from, view.to, Math.max(200, (moment.parentNode?.clientWidth ?? 800) / 1.5));
    const mean = group > 1 ? `, a point is the mean of ${length(group * view.curves.interval)}` : "";
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
    { class: "controls" },
    el("div", { class: "row" }, moment, el("span", { class: "buttons" }, ...buttons), stretch),
    chooser(
      "emotions",
      view,
      view.emotions,
      EMOTIONS.map((emotion) => () => labelled(emotion)),
    ),
    chooser(
      "tracks",
      view,
      view.tracks,
      view.video.tracks.map((track) => () => chip(track.id)),
    ),
  );
}

/** Buttons that switch items of a set on and off. */
function chooser(what, view, set, faces) {
  const items = faces.map((face, n) =>
    el("button", { type: "button", class: "choice", onclick: () => view.toggle(set, n) }, face()),
  );
  const all = el("button", { type: "button", class: "quiet", onclick: () => view.choose(set, faces.keys()) }, "all");
  const none = el("button", { type: "button", class: "quiet", onclick: () => view.choose(set, []) }, "none");
  const update = () => items.forEach((item, n) => item.setAttribute("aria-pressed", String(set.has(n))));
  view.on("choice", update);
  update();
  return el(
    "div",
    { class: "row choices", role: "group", "aria-label": what },
    el("span", { class: "what" }, what),
    all,
    none,
    ...items,
  );
}
