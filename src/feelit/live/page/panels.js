// Beside and below the picture: a card a face, the last minute, and how fast it all goes.

import { BARS, pose } from "./marks.js";
import { BLANK, colourOf, find, look, trackColour, write } from "./look.js";

const PAST_S = 60; // so much of the past is shown,
const CELL_S = 0.2; // in steps of this
const HELD_S = 2; // what a face shows lasts until the next frame, if that is no farther away
const STAY_MS = 1000; // a card outlives its face for so long, or it would flicker
const OVER_MS = 3000; // latency and frames a second are averaged over this time
const LANE_PX = 34;
const GAP_PX = 4;
const AXIS_PX = 24;
const MOST_LANES = 8;
const NUMBER_PX = 44; // room for a track's number beside its lane

// The clocks of two computers differ by more than what is to be measured.
const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/** One card a face: its number, what it shows, and a bar an emotion. */
export class Cards {
  #cards = new Map();
  #captions;

  constructor(captions) {
    this.#captions = captions;
  }

  show(faces) {
    const now = performance.now();
    for (const face of faces) {
      if (!this.#cards.has(face.track)) this.#cards.set(face.track, this.#made(face.track));
      this.#update(this.#cards.get(face.track), face, now);
    }
    for (const [track, card] of this.#cards) {
      if (now - card.seen < STAY_MS) continue;
      card.element.remove();
      this.#cards.delete(track);
    }
    const nobody = this.#cards.size ? "" : "No faces";
    if (find("nobody").textContent !== nobody) find("nobody").textContent = nobody;
  }

  #made(track) {
    const element = document.createElement("li");
    element.className = "card";
    element.dataset.track = track;
    const title = element.appendChild(document.createElement("h2"));
    const chip = title.appendChild(document.createElement("span"));
    chip.className = "chip";
    chip.textContent = `#${track}`;
    chip.style.setProperty("--track", trackColour(track));
    const caption = title.appendChild(document.createElement("span"));
    const bars = element.appendChild(document.createElement("div"));
    bars.className = "bars";
    const rows = look.emotions.map(({ name, colour }) => {
      const label = bars.appendChild(document.createElement("span"));
      label.textContent = name;
      const bar = bars.appendChild(document.createElement("span"));
      bar.className = "bar";
      const fill = bar.appendChild(document.createElement("i"));
      fill.style.setProperty("--colour", colour);
      return { label, fill };
    });
    const signs = element.appendChild(document.createElement("div"));
    signs.className = "bars signals";
    signs.hidden = true;
    const signals = BARS.map(([name, value]) => {
      signs.appendChild(document.createElement("span")).textContent = name;
      const bar = signs.appendChild(document.createElement("span"));
      bar.className = "bar";
      return { value, fill: bar.appendChild(document.createElement("i")) };
    });
    const posed = element.appendChild(document.createElement("p"));
    posed.className = "pose";
    const after = [...find("cards").children].find((other) => Number(other.dataset.track) > track);
    find("cards").insertBefore(element, after ?? null);
    return { element, caption, rows, signs, signals, posed, seen: 0 };
  }

  #update(card, face, now) {
    card.seen = now;
    const caption = this.#captions.of(face);
    const text = face.emotion === BLANK ? caption : `shows ${caption}`;
    if (card.caption.textContent !== text) card.caption.textContent = text;
    card.rows.forEach(({ label, fill }, i) => {
      label.classList.toggle("top", i === face.emotion);
      fill.style.transform = `scaleX(${face.emotion === BLANK ? 0 : face.probability[i]})`;
    });
    card.signs.hidden = !face.signals;
    const posed = face.signals ? pose(face.signals) : "";
    if (card.posed.textContent !== posed) card.posed.textContent = posed;
    if (face.signals) for (const { value, fill } of card.signals) fill.style.transform = `scaleX(${value(face.signals)})`;
  }
}

/** The last minute: a lane a track, in the colours of what it showed, as high as it was likely. */
export class Past {
  #cells = new Map(); // track -> [{ cell, end, emotion, confidence }]
  #now = 0;
  #cell = -Infinity; // that of the frame before
  #changed = false;

  add({ time_s: time, faces }) {
    this.#now = time;
    this.#changed = true;
    const cell = Math.floor(time / CELL_S);
    for (const { track, emotion, confidence } of faces) {
      const cells = this.#cells.get(track) ?? [];
      this.#cells.set(track, cells);
      const last = cells.at(-1);
      if (last?.cell === cell) cells.pop();
      else if (last?.cell === this.#cell && (cell - last.cell) * CELL_S <= HELD_S) last.end = cell;
      cells.push({ cell, end: cell + 1, emotion, confidence });
    }
    this.#cell = cell;
    const first = Math.floor((time - PAST_S) / CELL_S);
    for (const [track, cells] of this.#cells) {
      while (cells.length && cells[0].cell < first) cells.shift();
      if (!cells.length) this.#cells.delete(track);
    }
  }

  clear() {
    this.#cells.clear();
  }

  draw() {
    if (!this.#changed) return;
    this.#changed = false;
    const seen = [...this.#cells].sort(([, a], [, b]) => b.at(-1).cell - a.at(-1).cell).slice(0, MOST_LANES);
    const lanes = seen.sort(([a], [b]) => a - b);
    const canvas = find("timeline");
    const scale = devicePixelRatio;
    const width = canvas.clientWidth;
    const height = Math.max(1, lanes.length) * (LANE_PX + GAP_PX) + AXIS_PX;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    lanes.forEach(([track, cells], i) => this.#lane(pen, track, cells, GAP_PX + i * (LANE_PX + GAP_PX), width));
    this.#axis(pen, width, height);
  }

  /** Where a time lies, in whole px of the screen, so that cells leave no seams. */
  #x(time, width) {
    const x = NUMBER_PX + ((time - this.#now) / PAST_S + 1) * (width - NUMBER_PX - 6);
    return Math.round(x * devicePixelRatio) / devicePixelRatio;
  }

  #lane(pen, track, cells, top, width) {
    pen.fillStyle = trackColour(track);
    pen.fillRect(6, top + 7, NUMBER_PX - 14, 20);
    write(pen, `#${track}`, NUMBER_PX / 2 - 1, top + 17, 13, look.inks.halo, "center");
    pen.fillStyle = look.inks.groove;
    const left = this.#x(this.#now - PAST_S, width);
    pen.fillRect(left, top, this.#x(this.#now, width) - left, LANE_PX);
    for (const { cell, end, emotion, confidence } of cells) {
      const x = Math.max(left, this.#x(cell * CELL_S, width));
      const next = Math.min(this.#x(end * CELL_S, width), this.#x(this.#now, width));
      const height = emotion === BLANK ? 4 : Math.max(4, confidence * LANE_PX);
      pen.fillStyle = colourOf(emotion);
      pen.fillRect(x, top + LANE_PX - height, next - x, height);
    }
  }

  #axis(pen, width, height) {
    for (let back = 0; back <= PAST_S; back += width < 600 ? 20 : 10) {
      const x = this.#x(this.#now - back, width);
      const align = back === 0 ? "right" : back === PAST_S ? "left" : "center";
      write(pen, back ? `−${back} s` : "now", x, height - 9, 12, look.inks.dim, align);
    }
  }
}

/** Figures over the last moments. */
export class Meter {
  #drawn = []; // [when, latency] of every picture

  note(latency) {
    this.#drawn.push([performance.now(), latency]);
  }

  update(facts) {
    while (this.#drawn[0]?.[0] < performance.now() - OVER_MS) this.#drawn.shift();
    const latencies = this.#drawn.map(([, latency]) => latency).sort((a, b) => a - b);
    const median = latencies[latencies.length >> 1];
    const span = Math.max(performance.now() - (this.#drawn[0]?.[0] ?? 0), 1);
    find("latency").textContent = isLocal && latencies.length ? `${Math.round(median)} ms` : "–";
    find("shown").textContent = `${(1000 * latencies.length / Math.min(OVER_MS, span)).toFixed(0)}/s`;
    find("analysed").textContent = latencies.length ? `${facts.rate_hz.toFixed(0)}/s` : "–";
    find("dropped").textContent = facts.dropped;
  }
}
