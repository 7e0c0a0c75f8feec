// The curves: a panel a track, all over the same stretch of time.

const PANEL_PX = 132;
const AXIS_PX = 24;
const TIME_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000];
const SIGNIFICANT = 0.05;

class Panel {
  /** One track of a view. Nothing is drawn before `draw`. */
  constructor(view, number) {
    this.view = view;
    this.number = number;
    this.track = view.curves.tracks[number];
    this.peaks = view.video.events.rows.filter(
      (event) => event.kind === "peak" && event.tracks.includes(this.track.id) && event.p_value <= SIGNIFICANT,
    );
    this.frame = el("div", { class: "plot" });
    this.state = el("span", { class: "state" });
    this.slots = el("div", { class: "slots" });
    this.figures = EMOTIONS.map(() => el("b"));
    this.cursor = el("div", { class: "cursor" });
    this.pointer = el("div", { class: "cursor pointer", hidden: true });
    const head = el(
      "div",
      { class: "panel-head" },
      portrait(view.video.tracks[number]),
      chip(this.track.id),
      this.state,
      this.slots,
    );
    this.node = el("div", { class: "panel" }, head, this.frame);
    this.plot = null;
    this.inSight = false; // until an observer says so: what cannot be seen need not be drawn
  }

  /** Draw what the view shows; make the plot first if it does not have this width yet. */
  draw() {
    const chosen = [...this.view.emotions].sort((a, b) => a - b);
    if (String(chosen) !== this.named) this.name(chosen);
    const width = this.frame.clientWidth;
    if (!width || !this.inSight) return (this.stale = true);
    this.stale = false;
    const shape = `${width} ${chosen} ${theme.name}`;
    if (shape !== this.shape) this.make(width, chosen);
    this.shape = shape;
    const { view, plot } = this;
    const columns = view.curves.series(this.track, chosen, view.from, view.to, Math.max(200, plot.over.clientWidth / 1.5));
    const doubled = [columns[0], ...columns.slice(1).flatMap((values) => [values, values])]; // the edge, and the curve on it
    plot.batch(() => {
      plot.setData(doubled, false);
      plot.setScale("x", { min: view.from, max: view.to });
    });
    this.follow();
  }

  make(width, chosen) {
    this.plot?.destroy();
    const { fills, edges, muted, line } = theme.colours;
    const axis = {
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const curve = (stroke, thick) => ({
      stroke,
      width: thick,
      points: { show: true, filter: alone, size: 4, fill: stroke, stroke },
    });
    const options = {
      width,
      height: PANEL_PX,
      padding: [8, 30, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, auto: false }, y: { range: [-0.02, 1.04] } },
      axes: [
        {
          ...axis,
          size: AXIS_PX,
          space: 84,
          incrs: TIME_STEPS,
          values: (_, times, __, ___, step) => times.map((t) => clock(t, decimalsOf(step))),
        },
        {
          ...axis,
          size: 46,
          label: "probability",
          labelSize: 14,
          labelFont: axis.font,
          labelGap: 0,
          splits: () => [0, 0.5, 1],
          values: (_, shares) => shares.map((share) => percent(share)),
        },
      ],
      series: [{}, ...chosen.flatMap((k) => [curve(edges[k], 3.4), curve(fills[k], 2)])],
      hooks: { draw: [(plot) => this.drawPeaks(plot)] },
    };
    this.frame.replaceChildren();
    this.plot = new uPlot(options, [[], ...chosen.flatMap(() => [[], []])], this.frame);
    this.plot.over.append(this.cursor, this.pointer);
    attachGestures(this.plot.over, this.view, () => [this.view.from, this.view.to], true);
  }

  /** A place for the figure of every emotion that is chosen. */
  name(chosen) {
    this.named = String(chosen);
    this.slots.replaceChildren(
      ...chosen.map((k) =>
        el("span", { class: "slot" }, swatch(EMOTIONS[k]), el("span", { class: "name" }, EMOTIONS[k]), this.figures[k]),
      ),
    );
  }

  /** A triangle at the top where the track shows more of an emotion than it usually does. */
  drawPeaks(plot) {
    const [pen, unit] = [plot.ctx, devicePixelRatio || 1];
    for (const event of this.peaks) {
      const kind = EMOTIONS.indexOf(event.emotion);
      if (!this.view.emotions.has(kind) || event.peak_s < this.view.from || event.peak_s > this.view.to) continue;
      const [x, top] = [plot.valToPos(event.peak_s, "x", true), plot.bbox.top];
      pen.beginPath();
      pen.moveTo(x - 4.5 * unit, top - 7 * unit);
      pen.lineTo(x + 4.5 * unit, top - 7 * unit);
      pen.lineTo(x, top + unit);
      pen.closePath();
      pen.fillStyle = theme.colours.fills[kind];
      pen.strokeStyle = theme.colours.edges[kind];
      pen.lineWidth = unit;
      pen.fill();
      pen.stroke();
    }
  }

  /** Put cursor and pointer where they belong, and say what the track shows there. */
  follow() {
    const { view } = this;
    const place = (line, time) => {
      line.hidden = time === null || time < view.from || time > view.to;
      if (!line.hidden) line.style.left = `${(100 * (time - view.from)) / (view.to - view.from)}%`;
    };
    place(this.cursor, view.cursor);
    place(this.pointer, view.hover);
    const point = view.curves.nearest(view.moment);
    const state = view.curves.stateAt(this.track, point);
    this.state.textContent =
      state < UNREADABLE ? `shows ${EMOTIONS[state]}` : state === UNREADABLE ? "not readable" : "not on screen";
    EMOTIONS.forEach((_, k) => {
      this.figures[k].textContent = percent(view.curves.levelAt(this.track, k, point));
    });
  }
}

/** Points that have no neighbour to draw a line to. */
function alone(plot, series) {
  const values = plot.data[series];
  const there = (i) => values[i] !== null && values[i] !== undefined;
  return values.flatMap((_, i) => (there(i) && !there(i - 1) && !there(i + 1) ? [i] : []));
}

function decimalsOf(step) {
  return step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
}

function buildPlots(view) {
  const panels = new Map(); // number of the track → panel
  const list = el("div", { class: "panels", tabindex: "0", role: "group", "aria-label": "curves; arrow keys move the cursor" });
  const sight = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const panel = [...panels.values()].find((one) => one.node === entry.target);
        if (!panel) continue;
        panel.inSight = entry.isIntersecting || theme.printing;
        if (panel.inSight && panel.stale) panel.draw();
      }
    },
    { rootMargin: "300px" },
  );

  function choose() {
    for (const [number, panel] of panels) {
      if (view.tracks.has(number)) continue;
      sight.unobserve(panel.node);
      panel.plot?.destroy();
      panels.delete(number);
    }
    const chosen = [...view.tracks].sort((a, b) => a - b);
    for (const number of chosen.filter((one) => !panels.has(one))) {
      panels.set(number, new Panel(view, number));
      sight.observe(panels.get(number).node);
    }
    const none = el("p", { class: "muted" }, view.video.tracks.length ? "No track is chosen." : "No face was found.");
    const unit = el("p", { class: "axis-title" }, "time in the video (h:mm:ss)");
    list.replaceChildren(...(chosen.length ? [...chosen.map((number) => panels.get(number).node), unit] : [none]));
    draw();
  }

  const draw = () => {
    for (const panel of panels.values()) {
      panel.inSight ||= theme.printing;
      panel.draw();
    }
  };
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
  const follow = () => panels.forEach((panel) => panel.inSight && panel.plot && panel.follow());
  list.addEventListener("keydown", (event) => view.press(event));
  view.on("range", soon);
  view.on("choice", choose);
  view.on("cursor", follow);
  view.on("hover", follow);
  return { node: list, draw, choose, end: () => sight.disconnect() };
}
