// Who showed what: a lane a person, in which colour is the label and height its probability.

const TIME_STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000,
];
const LANE_PX = { least: 15, most: 210, phone: { least: 30, most: 60 } };
const BELOW_PX = 64; // of the first screen, for the legend
const SPEAKING_PX = 3;
const PEAK_LANE_PX = 30; // lower lanes have no room for triangles
const SIGNIFICANT = 0.05;
const NEUTRAL = EMOTIONS.indexOf("neutral");
const STACKED = [...EMOTIONS.keys()].sort((a, b) => (a === NEUTRAL) - (b === NEUTRAL)); // what stands out stands on the axis

class Lane {
  /** One person of a view; `mark` is put over what a drag marks. Nothing is drawn before `draw`. */
  constructor(view, number, mark) {
    [this.view, this.number] = [view, number];
    this.person = view.video.people[number];
    this.curves = view.curves.people[number];
    this.peaks = peaksOf(view.video, this.person.id);
    this.canvas = el("canvas");
    this.reading = el("span", { class: "reading", "aria-hidden": "true" });
    this.surface = el("div", { class: "stream" }, this.canvas, this.reading);
    this.name = el(
      "button",
      {
        type: "button",
        class: "who",
        "aria-expanded": "false",
        title: "curves and tracks",
        onclick: () => view.toggle(number),
      },
      portrait(view.video, this.person),
      el(
        "span",
        { class: "name" },
        nameOf(view.video, this.person),
        el("span", { class: "sub" }, `seen ${length(this.person.on_screen_s)}`),
      ),
    );
    this.node = el("div", { class: "lane" }, this.name, this.surface, el("div", { class: "says" }, ...inShort(this.person)));
    this.detail = null;
    attachGestures(this.surface, view, mark, () => view.toggle(number, true));
  }

  draw(height) {
    const width = this.surface.clientWidth;
    if (!width) return;
    const pen = new CanvasPen(this.canvas, width, height);
    this.drawOn(pen, width, height);
    this.detail?.draw();
  }

  drawOn(pen, width, height) {
    const { view } = this;
    const columns = view.curves.columns(this.curves, view.from, view.to, Math.max(Math.floor(width), 1));
    drawStream(pen, columns, height, view.video.speaking);
    if (height >= PEAK_LANE_PX) drawPeaks(pen, this.peaks, view, width, 1);
  }

  /** Say what is shown at the moment that is looked at. */
  follow() {
    const { view, reading } = this;
    const time = view.moment;
    const point = view.curves.nearest(time);
    const words = stateWords(view.curves, this.curves, point, Math.abs(view.curves.times[point] - time));
    const share = (time - view.from) / (view.to - view.from);
    const asked = view.hover !== null || view.cursor > 0;
    reading.hidden = !asked || !words || share < 0 || share > 1;
    if (reading.hidden) return;
    reading.textContent = words;
    reading.style.left = `${100 * share}%`;
    reading.classList.toggle("before", share > 0.75);
  }

  /** Put the person's curves below the lane, or take them away. */
  unfold(mark) {
    const open = this.view.opened.has(this.number);
    this.name.setAttribute("aria-expanded", String(open));
    if (open === (this.detail !== null)) return;
    this.detail?.node.remove();
    this.detail = open ? new PersonCurves(this.view, this.number, mark) : null;
    if (this.detail) this.node.after(this.detail.node);
  }
}

/** The lanes, with the time above and what colours mean below. */
function buildStreams(view) {
  const { video } = view;
  const lines = ["cursor", "cursor pointer", "selection"].map((name) => el("div", { class: name, hidden: true }));
  const [cursor, pointer, mark] = lines;
  const lanes = video.people.map((_, n) => new Lane(view, n, mark));
  const axis = el("div", { class: "axis", "aria-hidden": "true" });
  const slider = buildRange(view);
  const list = el(
    "div",
    { class: "lanes" },
    el("div", { class: "lane head" }, el("span"), el("div", {}, slider.node, axis), el("span")),
    ...lanes.map((lane) => lane.node),
    el("div", { class: "lines" }, ...lines),
  );

  function draw() {
    const top = axis.getBoundingClientRect().bottom + scrollY;
    const pitch = lanePitch(lanes.length, theme.printing ? 620 : innerHeight - top - BELOW_PX);
    const height = pitch - (pitch < 24 ? 2 : 4);
    list.style.setProperty("--lane-gap", `${pitch - height}px`);
    list.style.setProperty("--lane-height", `${height}px`);
    list.classList.toggle("low", height < 36);
    list.classList.toggle("lowest", height < 26);
    for (const lane of lanes) lane.draw(height);
    drawTimes(axis, view.from, view.to, axis.clientWidth);
    follow();
  }

  const place = (line, time) => {
    line.hidden = time === null || time < view.from || time > view.to;
    if (!line.hidden) line.style.left = `${(100 * (time - view.from)) / (view.to - view.from)}%`;
  };
  function follow() {
    place(cursor, view.cursor);
    place(pointer, view.hover);
    for (const lane of lanes) {
      lane.follow();
      lane.detail?.follow();
    }
    slider.follow();
  }

  const soon = inTime(draw);
  view.on("range", soon);
  view.on("cursor", follow);
  view.on("hover", follow);
  view.on("opened", (number) => {
    lanes[number].unfold(mark);
    draw();
  });
  list.addEventListener("keydown", (event) => {
    const place = lanes.findIndex((lane) => lane.name === event.target);
    const next = { ArrowUp: lanes[place - 1], ArrowDown: lanes[place + 1] }[event.key];
    if (place >= 0 && next) {
      event.preventDefault();
      next.name.focus();
    } else view.press(event);
  });
  for (const lane of lanes) lane.unfold(mark);
  const save = saveButtons(
    fileName(video, "people"),
    () => streamRows(view),
    () => streamFigure(view, lanes),
  );
  return { node: el("div", {}, buildControls(view, save), list, legend(video)), draw };
}

/** From lane to lane: as high as there is room for, and never so low that nothing is seen. */
function lanePitch(count, room) {
  const { least, most } = innerWidth < 700 ? LANE_PX.phone : LANE_PX;
  return Math.floor(Math.min(Math.max(room / Math.max(count, 1), least), most));
}

/** Draw at the next frame, however often it is asked for before. */
function inTime(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** One column a pixel, see Curves.columns: areas of what is shown, hatching where nothing can be read. */
function drawStream(pen, columns, height, speaking) {
  const { fills, edges, unreadable, line, speaking: ink } = theme.colours;
  const { state, stack, speaks } = columns;
  const [count, kinds] = [state.length, EMOTIONS.length];
  const foot = height - (speaking ? SPEAKING_PX + 1 : 0);
  runs(
    count,
    (x) => state[x] >= 0,
    (a, b) => pen.rect(a, foot - 1, b - a, 1, line),
  );
  runs(
    count,
    (x) => state[x] === UNREADABLE,
    (a, b) => pen.hatch(a, 0, b - a, foot, unreadable),
  );
  const base = new Float32Array(count);
  for (const k of STACKED) {
    const there = (x) => state[x] === 0 && stack[x * kinds + k] > 0;
    runs(count, there, (a, b) => {
      const below = base.slice(a, b);
      for (let x = a; x < b; x++) base[x] += stack[x * kinds + k];
      const top = outline(base.slice(a, b), a, foot);
      pen.polygon([...top, ...outline(below, a, foot).reverse()], fills[k]);
      pen.line(top, edges[k], 1);
    });
  }
  if (speaking)
    runs(
      count,
      (x) => speaks[x] === 1,
      (a, b) => pen.rect(a, height - SPEAKING_PX, b - a, SPEAKING_PX, ink),
    );
}

/** The corners of a line over columns, from the edge of the first to that of the last. */
function outline(shares, first, height) {
  const points = [[first, shares[0]]];
  shares.forEach((share, n) => points.push([first + n + 0.5, share]));
  points.push([first + shares.length, shares.at(-1)]);
  return points.map(([x, share]) => [x, height * (1 - share)]);
}

/** Call `use(from, to)` for every run of places at which `holds`. */
function runs(count, holds, use) {
  for (let a = 0; a < count; a++) {
    if (!holds(a)) continue;
    let b = a + 1;
    while (b < count && holds(b)) b++;
    use(a, b);
    a = b;
  }
}

/** A triangle where somebody shows more of an emotion than usual. */
function drawPeaks(pen, peaks, view, width, top) {
  for (const event of peaks) {
    if (event.peak_s < view.from || event.peak_s > view.to) continue;
    const kind = EMOTIONS.indexOf(event.emotion);
    const x = ((event.peak_s - view.from) / (view.to - view.from)) * width;
    const corners = [
      [x - 4, top],
      [x + 4, top],
      [x, top + 7],
    ];
    pen.polygon(corners, theme.colours.fills[kind]);
    pen.line([...corners, corners[0]], theme.colours.ink, 1);
  }
}

function peaksOf(video, id) {
  return video.events.rows.filter(
    (event) => event.kind === "peak" && event.people.includes(id) && event.p_adjusted <= SIGNIFICANT,
  );
}

/** The whole video, and which part of it is shown; a slider for the moment. */
function buildRange(view) {
  const [part, at] = [el("div", { class: "part" }), el("div", { class: "at" })];
  const node = el("div", { class: "range", tabindex: "0", role: "slider", "aria-label": "moment in the video" }, part, at);
  const follow = () => {
    const share = (time) => `${(100 * time) / view.duration}%`;
    part.style.left = share(view.from);
    part.style.width = share(view.to - view.from);
    at.style.left = share(view.cursor);
    node.setAttribute("aria-valuemin", "0");
    node.setAttribute("aria-valuemax", view.duration.toFixed(3));
    node.setAttribute("aria-valuenow", view.cursor.toFixed(3));
    node.setAttribute("aria-valuetext", clock(view.cursor));
  };
  const timeAt = (event) => {
    const box = node.getBoundingClientRect();
    return (Math.min(Math.max(event.clientX - box.left, 0), box.width) / box.width) * view.duration;
  };
  const move = (event) => {
    const [time, width] = [timeAt(event), view.to - view.from];
    if (width < view.duration) view.show(time - width / 2, time + width / 2);
    view.seek(time);
  };
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    move(event);
  });
  node.addEventListener("pointermove", (event) => event.buttons && move(event));
  return { node, follow };
}

/** Times above what lies between two of them, as many as there is room for. */
function drawTimes(axis, from, to, width) {
  axis.replaceChildren(
    ...timeTicks(from, to, width).map(([time, words]) => {
      const tick = el("span", {}, words);
      tick.style.left = `${(100 * (time - from)) / (to - from)}%`;
      return tick;
    }),
  );
}

function timeTicks(from, to, width) {
  const step = TIME_STEPS.find((seconds) => (seconds / (to - from)) * width >= 80) ?? TIME_STEPS.at(-1);
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  const ticks = [];
  for (let n = Math.ceil(from / step - 1e-9); n * step <= to + 1e-9; n++) {
    if (((to - n * step) / (to - from)) * width >= 24 || !ticks.length) ticks.push([n * step, clock(n * step, decimals)]);
  }
  return ticks;
}

/** What somebody shows at a point, in words; nothing for who is away. */
function stateWords(curves, person, point, distance) {
  if (point < 0 || distance > curves.gap) return "";
  const state = curves.stateAt(person, point);
  if (state === ABSENT) return "";
  return state === UNREADABLE ? "not readable" : `${EMOTIONS[state]} ${percent(curves.levelAt(person, state, point))}`;
}

function portrait(video, person) {
  return person.portrait
    ? el("img", { src: person.portrait, alt: "", class: "portrait" })
    : el("span", { class: "portrait", "aria-hidden": "true" }, person.name ? [...person.name][0] : String(person.id));
}

function inShort(person) {
  const strongest = ranked(person.share, 0.05).slice(0, 2);
  if (!strongest.length) return [el("span", { class: "muted" }, "not readable")];
  return strongest.map(([emotion, value]) => labelled(emotion, percent(value)));
}

function legend(video) {
  const entries = EMOTIONS.map((emotion) => labelled(emotion));
  const words = { unreadable: "on screen, not readable", absent: "not on screen" };
  for (const [state, text] of Object.entries(words)) {
    entries.push(el("span", { class: "labelled" }, swatch(state), el("span", {}, text)));
  }
  if (video.speaking) entries.push(el("span", { class: "labelled" }, swatch("speaking"), el("span", {}, "speaking")));
  if (video.events.rows.some((event) => event.kind === "peak" && event.p_adjusted <= SIGNIFICANT)) {
    entries.push(
      el("span", { class: "labelled" }, el("span", { "aria-hidden": "true" }, "▽"), el("span", {}, "more than usual")),
    );
  }
  entries.push(starNote());
  return el("div", { class: "legend" }, el("span", {}, "height: probability, 0 to 100\u00a0%"), ...entries);
}
