// Who shows what when, over the whole video: a lane a track.

const LANES_AT_FIRST = 25;

function buildOverview(view) {
  const { video } = view;
  const surface = el("div", { class: "lanes", tabindex: "0", role: "slider", "aria-label": "moment in the video" });
  const canvas = el("canvas");
  const [before, stretch, after, cursor] = ["dim", "stretch", "dim", "cursor"].map((name) => el("div", { class: name }));
  surface.append(canvas, before, stretch, after, cursor);
  const axis = el("div", { class: "axis", "aria-hidden": "true" });
  const names = el("div", { class: "names" });
  const says = el("div", { class: "says" });
  const more = el("button", { type: "button", hidden: video.tracks.length <= LANES_AT_FIRST });
  let shown = Math.min(LANES_AT_FIRST, video.tracks.length);

  function label() {
    const tracks = video.tracks.slice(0, shown);
    names.replaceChildren(...tracks.map((track) => el("div", { class: "lane" }, portrait(track), chip(track.id))));
    says.replaceChildren(...tracks.map((track) => el("div", { class: "lane" }, ...inShort(track))));
    more.textContent =
      shown < video.tracks.length ? `show all ${video.tracks.length} tracks` : `show the first ${LANES_AT_FIRST}`;
  }

  function draw() {
    const width = surface.clientWidth;
    const lane = parseFloat(getComputedStyle(surface).getPropertyValue("--lane-height"));
    surface.style.height = `${Math.max(shown, 1) * lane}px`;
    if (!width) return;
    const pen = sized(canvas, width, Math.max(shown, 1) * lane);
    view.curves.tracks.slice(0, shown).forEach((track, n) => {
      drawLane(pen, view.curves.mostly(track, 0, view.duration, Math.floor(width)), n * lane + 2, lane - 4);
    });
    drawTimes(axis, view.duration, width);
    follow();
  }

  function follow() {
    const at = (time) => `${(100 * time) / view.duration}%`;
    before.style.width = stretch.style.left = at(view.from);
    stretch.style.width = at(view.to - view.from);
    after.style.left = at(view.to);
    after.style.width = at(view.duration - view.to);
    stretch.hidden = view.from === 0 && view.to === view.duration;
    cursor.style.left = at(view.cursor);
    surface.setAttribute("aria-valuemin", "0");
    surface.setAttribute("aria-valuemax", view.duration.toFixed(3));
    surface.setAttribute("aria-valuenow", view.cursor.toFixed(3));
    surface.setAttribute("aria-valuetext", clock(view.cursor));
  }

  more.addEventListener("click", () => {
    shown = shown < video.tracks.length ? video.tracks.length : LANES_AT_FIRST;
    label();
    draw();
  });
  attachGestures(surface, view, () => [0, view.duration], false);
  surface.addEventListener("keydown", (event) => view.press(event));
  view.on("range", follow);
  view.on("cursor", follow);
  label();
  const node = el("div", { class: "overview" }, names, surface, says, el("span"), axis, el("span"));
  const whole = el("div", {}, node, more, legend());
  return { node: whole, draw };
}

/** A canvas of so many CSS pixels, sharp on any screen; returns what to draw with. */
function sized(canvas, width, height) {
  const ratio = Math.max(devicePixelRatio || 1, theme.printing ? 2 : 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  return pen;
}

/** One column a CSS pixel: -1 nothing was sampled, else a state. */
function drawLane(pen, states, top, height) {
  const { fills, edges, lane, unreadable } = theme.colours;
  for (let a = 0, b; a < states.length; a = b) {
    for (b = a + 1; b < states.length && states[b] === states[a];) b++;
    const state = states[a];
    if (state < 0) continue;
    if (state < UNREADABLE) {
      pen.fillStyle = fills[state];
      pen.fillRect(a, top, b - a, height);
      pen.fillStyle = edges[state];
      pen.fillRect(a, top, b - a, 1);
      pen.fillRect(a, top + height - 1, b - a, 1);
    } else {
      const [thickness, colour] = state === UNREADABLE ? [height * 0.45, unreadable] : [2, lane];
      pen.fillStyle = colour;
      pen.fillRect(a, top + (height - thickness) / 2, b - a, thickness);
    }
  }
}

/** Times below a surface that shows everything, as many as there is room for. */
function drawTimes(axis, duration, width) {
  const step = TIME_STEPS.find((seconds) => (seconds / duration) * width >= 80) ?? TIME_STEPS.at(-1);
  const decimals = step < 1 ? 1 : 0;
  axis.replaceChildren();
  for (let time = 0; time <= duration * 1.0001; time += step) {
    if (((duration - time) / duration) * width < 30 && time > 0) break; // no room for the text
    const tick = el("span", {}, clock(time, decimals));
    tick.style.left = `${(100 * time) / duration}%`;
    axis.append(tick);
  }
}

function portrait(track) {
  return track.portrait ? el("img", { src: track.portrait, alt: `track ${track.id}`, class: "portrait" }) : null;
}

function inShort(track) {
  const strongest = ranked(track.share, 0.05).slice(0, 2);
  if (!strongest.length) return [el("span", { class: "muted" }, "not readable")];
  return strongest.map(([emotion, value]) => labelled(emotion, percent(value)));
}

function legend() {
  const entries = EMOTIONS.map((emotion) => labelled(emotion));
  entries.push(el("span", { class: "labelled" }, swatch("unreadable"), el("span", {}, "on screen, not readable")));
  entries.push(el("span", { class: "labelled" }, swatch("absent"), el("span", {}, "not on screen")));
  return el("div", { class: "legend" }, ...entries);
}
