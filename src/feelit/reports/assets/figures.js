// The lanes and the curves as pictures for a paper, and the numbers behind them.

const FIGURE = { width: 1000, names: 150, right: 20, most: 480, axis: 24, legend: 40, title: 30, curves: 220 };

/** All lanes, as far as they are shown, with names, times and a legend. */
function streamFigure(view, lanes) {
  const { video } = view;
  const lane = lanePitch(lanes.length, FIGURE.most) - 6;
  const pitch = lane + 6;
  const height = FIGURE.title + lanes.length * pitch + FIGURE.axis + FIGURE.legend;
  const inner = FIGURE.width - FIGURE.names - FIGURE.right;
  const draw = (pen) => {
    beginFigure(pen, height, video.title);
    lanes.forEach((one, n) => {
      const top = FIGURE.title + n * pitch;
      pen.move(FIGURE.names, top);
      one.drawOn(pen, inner, lane);
      pen.move(0, 0);
      const middle = { fill: theme.colours.ink, size: 12, anchor: "end" };
      pen.text(FIGURE.names - 10, top + lane / 2 + 4, nameOf(video, one.person), middle);
    });
    endFigure(pen, view, FIGURE.title + lanes.length * pitch, inner, STACKED);
  };
  return { width: FIGURE.width, height, draw };
}

/** The curves of one person, as they are shown. */
function curveFigure(view, shown) {
  const height = FIGURE.title + FIGURE.curves + FIGURE.axis + FIGURE.legend;
  const inner = FIGURE.width - FIGURE.names - FIGURE.right;
  const draw = (pen) => {
    beginFigure(pen, height, `${view.video.title} · ${nameOf(view.video, shown.person)}`);
    pen.move(FIGURE.names, FIGURE.title);
    shown.drawOn(pen, inner, FIGURE.curves);
    pen.move(0, 0);
    pen.text(FIGURE.names - 10, FIGURE.title + FIGURE.curves / 2, "probability", { fill: theme.colours.ink, anchor: "end" });
    endFigure(pen, view, FIGURE.title + FIGURE.curves + 4, inner, [...shown.chosen]);
  };
  return { width: FIGURE.width, height, draw };
}

function beginFigure(pen, height, title) {
  pen.rect(0, 0, FIGURE.width, height, theme.colours.paper);
  pen.text(FIGURE.names, 18, title, { fill: theme.colours.ink, size: 14, weight: 600 });
}

function endFigure(pen, view, top, inner, kinds) {
  const { ink, muted, fills, edges, unreadable } = theme.colours;
  for (const [time, words] of timeTicks(view.from, view.to, inner)) {
    const x = FIGURE.names + ((time - view.from) / (view.to - view.from)) * inner;
    pen.rect(x, top, 1, 4, muted);
    pen.text(x, top + 16, words, { fill: muted, size: 11, anchor: x < FIGURE.names + 20 ? "start" : "center" });
  }
  let x = FIGURE.names;
  const y = top + FIGURE.axis + 14;
  const entry = (words, square) => {
    square();
    pen.text(x + 16, y + 10, words, { fill: ink, size: 11 });
    x += 26 + 6.2 * words.length;
  };
  for (const k of [...kinds].sort((a, b) => a - b)) {
    entry(EMOTIONS[k], () => {
      pen.rect(x, y, 11, 11, edges[k]);
      pen.rect(x + 1, y + 1, 9, 9, fills[k]);
    });
  }
  entry("not readable", () => pen.hatch(x, y, 11, 11, unreadable));
}

/** Every point of the stretch that is shown: time, person, what is shown, probabilities. */
function streamRows(view) {
  return [rowHeads(view), ...view.video.people.flatMap((_, number) => pointRows(view, number))];
}

function curveRows(view, number) {
  return [rowHeads(view), ...pointRows(view, number)];
}

function rowHeads({ video }) {
  const people = video.unit === "person" ? ["person_id", "person"] : ["track_id"];
  const more = video.step_s ? ["low", "high"].flatMap((what) => EMOTIONS.map((emotion) => `p_${emotion}_${what}`)) : [];
  return [
    "time_s",
    ...people,
    "state",
    ...(video.speaking ? ["speaking"] : []),
    ...EMOTIONS.map((emotion) => `p_${emotion}`),
    ...more,
  ];
}

function pointRows({ video, curves, from, to }, number) {
  const [person, who] = [curves.people[number], video.people[number]];
  const ids = video.unit === "person" ? [who.id, who.name] : [who.id];
  const rows = [];
  const share = (level) => Math.round((level / REPORT.levels) * 1e4) / 1e4;
  for (let place = Math.max(curves.placeOf(from), person.first); place < person.end && curves.times[place] <= to; place++) {
    const [state, n] = [curves.stateAt(person, place), place - person.first];
    if (state === ABSENT) continue;
    const planes = video.step_s ? [...person.mean, ...person.low, ...person.high] : person.mean;
    const shares = planes.map((plane) => (state < UNREADABLE ? share(plane[n]) : null));
    const speaks = video.speaking
      ? [curves.speaksAt(person, place)].map((value) => (value === null ? null : String(value)))
      : [];
    rows.push([curves.times[place], ...ids, STATES[state], ...speaks, ...shares]);
  }
  return rows;
}
