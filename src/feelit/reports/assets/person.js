// One person, opened: the curves of all labels, the tracks that make the person up, and figures.

const CURVES_PX = { one: 240, several: 160 }; // of one person alone, and of one among several
const TOP_PX = 16;
const LEAST_CURVE = 0.1; // a label that never reaches it is a line at the bottom: it is left out until it is asked for
const LEAST_DRAWN = 0.015;
const MOST_TRACKS_DRAWN = 300;

class PersonCurves {
  constructor(view, number, mark) {
    [this.view, this.number] = [view, number];
    this.person = view.video.people[number];
    this.curves = view.curves.people[number];
    const highest = view.curves.highest(this.curves);
    this.chosen = new Set([...EMOTIONS.keys()].filter((k) => highest[k] >= LEAST_CURVE));
    this.canvas = el("canvas");
    this.plot = el("div", { class: "plot" }, this.canvas);
    this.tracks = el("div", { class: "tracks" });
    this.figures = EMOTIONS.map(() => el("b"));
    this.chips = EMOTIONS.map((emotion, k) =>
      el("button", { type: "button", class: "choice", onclick: () => this.choose(k) }, labelled(emotion), this.figures[k]),
    );
    const name = nameOf(view.video, this.person);
    const left = EMOTIONS.length - this.chosen.size;
    const save = saveButtons(
      fileName(view.video, `${view.video.unit}-${this.person.id}`),
      () => curveRows(view, number),
      () => curveFigure(view, this),
    );
    this.node = el(
      "section",
      { class: "detail", "aria-label": name },
      el("div", { class: "shares" }, ...shareList(this.person)),
      el(
        "div",
        { class: "curves" },
        el("div", { class: "row choices", role: "group", "aria-label": `labels of ${name}` }, ...this.chips, save),
        left
          ? el(
              "p",
              { class: "muted small" },
              `${count(left, "label")} below ${percent(LEAST_CURVE)} throughout ${left === 1 ? "is" : "are"} switched off.`,
            )
          : null,
        this.plot,
        this.tracks,
      ),
      el("dl", { class: "figures" }, ...figuresOf(this.person)),
    );
    attachGestures(this.plot, view, mark);
    this.press();
  }

  choose(kind) {
    if (!this.chosen.delete(kind)) this.chosen.add(kind);
    this.press();
    this.draw();
    this.follow();
  }

  press() {
    this.chips.forEach((chip, k) => chip.setAttribute("aria-pressed", String(this.chosen.has(k))));
  }

  draw() {
    const width = this.plot.clientWidth;
    if (!width) return;
    const height = this.view.video.people.length > 1 ? CURVES_PX.several : CURVES_PX.one;
    this.drawOn(new CanvasPen(this.canvas, width, height), width, height);
    this.drawTracks(width);
  }

  drawOn(pen, width, height) {
    const { view, curves } = this;
    const { fills, edges, muted, line, unreadable } = theme.colours;
    const at = (share) => TOP_PX + (height - TOP_PX - 2) * (1 - share);
    const columns = view.curves.columns(curves, view.from, view.to, Math.max(Math.floor(width), 1));
    const { state } = columns;
    runs(
      state.length,
      (x) => state[x] === UNREADABLE,
      (a, b) => pen.hatch(a, TOP_PX, b - a, height - TOP_PX - 2, unreadable),
    );
    for (const share of [0, 0.5, 1]) pen.rect(0, at(share) - 0.5, width, 1, line);
    const chosen = [...this.chosen].sort((a, b) => a - b);
    const across = (time) => ((time - view.from) / (view.to - view.from)) * width;
    const series = view.curves.series(curves, chosen, view.from, view.to, Math.max(width / 1.5, 200));
    const lines = chosen.map((kind, k) => {
      const points = (what) =>
        series[what][k].map((value, n) => (seen(series.high[k], n) ? [across(series.times[n]), at(value)] : null));
      return { kind, mean: points("mean"), low: points("low"), high: points("high") };
    });
    for (const { kind, mean, low, high } of lines) {
      const band = (a, b) => pen.polygon([...high.slice(a, b), ...low.slice(a, b).reverse()], fills[kind], 0.25);
      const there = (n) => mean[n] !== null;
      runs(mean.length, there, (a, b) => high.slice(a, b).some((point, n) => low[a + n][1] - point[1] > 2) && band(a, b));
    }
    for (const { kind, mean } of lines) {
      const dot = ([x, y]) => pen.rect(x - 1.5, y - 1.5, 3, 3, edges[kind]); // a point that has no neighbour to draw a line to
      pen.line(mean, edges[kind], 1.8);
      runs(
        mean.length,
        (n) => mean[n] !== null,
        (a, b) => b === a + 1 && dot(mean[a]),
      );
    }
    drawPeaks(
      pen,
      peaksOf(view.video, this.person.id).filter((event) => this.chosen.has(EMOTIONS.indexOf(event.emotion))),
      view,
      width,
      0,
    );
    for (const share of [0.5, 1]) pen.text(3, at(share) - 3, percent(share), { fill: muted, size: 11 });
  }

  /** The tracks as bars; one that is too short for its number has it as a title. */
  drawTracks(width) {
    const { view } = this;
    const across = (time) => (100 * (time - view.from)) / (view.to - view.from);
    const here = this.person.tracks.filter((track) => track.last_s >= view.from && track.first_s <= view.to);
    const bars = here.slice(0, MOST_TRACKS_DRAWN).map((track) => {
      const [from, to] = [Math.max(across(track.first_s), 0), Math.min(across(track.last_s), 100)];
      const words = `track ${track.id}`;
      const fits = ((to - from) / 100) * width;
      const bar = el("button", {
        type: "button",
        class: "track",
        title: words,
        "aria-label": words,
        onclick: () => view.seek(track.first_s),
      });
      bar.append(fits > 56 ? words : fits > 22 ? String(track.id) : "");
      bar.style.left = `${from}%`;
      bar.style.width = `max(3px, ${to - from}% - 1px)`;
      return bar;
    });
    this.tracks.replaceChildren(...bars);
    this.tracks.hidden = view.video.unit === "track";
  }

  /** Say what is shown at the moment that is looked at. */
  follow() {
    const { view } = this;
    const point = view.curves.nearest(view.moment);
    EMOTIONS.forEach((_, k) => {
      const level = this.chosen.has(k) ? view.curves.levelAt(this.curves, k, point) : null;
      this.figures[k].textContent = level === null ? "" : percent(level);
    });
  }
}

/** Whether a value is drawn: lines that run along the bottom would lie upon one another. */
function seen(values, n) {
  if (values[n] === null) return false;
  return [values[n - 1], values[n], values[n + 1]].some((value) => (value ?? 0) >= LEAST_DRAWN);
}

function shareList(person) {
  const shares = ranked(person.share, 0.005);
  if (!shares.length) return [el("p", { class: "muted small" }, "Not readable.")];
  return [
    el("p", { class: "muted small" }, "of the readable time"),
    ...shares.map(([emotion, value]) => {
      const bar = el("span", { class: `bar ${emotion}`, "aria-hidden": "true" });
      bar.style.setProperty("--fill", `var(--emotion-${emotion})`);
      bar.style.setProperty("--edge", `var(--edge-${emotion})`);
      bar.style.width = `${100 * value}%`;
      return el("div", { class: "sharing" }, el("span", {}, emotion), el("span", {}, percent(value)), bar);
    }),
  ];
}

function figuresOf(person) {
  const { tracks } = person;
  const terms = [
    ["tracks", tracks.length > 6 ? String(tracks.length) : tracks.map((track) => track.id).join(", ")],
    ["readable", percent(person.readable_share)],
    ["unsure", percent(person.unsure_share)],
    ["bouts", String(person.bouts)],
    ["mean bout", fixed(person.mean_bout_s, 1, "s")],
    ["changes", fixed(person.transitions_per_min, 1, "/min")],
  ];
  return terms.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
}
