// The page of `feelit live`: one endless response brings messages, of which only the newest is drawn.

import { BLANK, Captions, colourOf, find, look, trackColour, write } from "./look.js";
import { drawMarks } from "./marks.js";
import { Cards, Meter, Past } from "./panels.js";

const LABEL_PX = 14; // on the page, whatever the size of the picture

const context = find("picture").getContext("2d", { alpha: false });
const captions = new Captions();
const cards = new Cards(captions);
const past = new Past();
const meter = new Meter();

let newest = null; // what came last and was not drawn yet
let last = null; // the facts of what was drawn last
let drawing = false;
let paused = false;

/** Cuts a stream of bytes into messages: a JSON object and a JPEG picture, each after its length. */
class Messages {
  #rest = new Uint8Array(0);

  *push(chunk) {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (;;) {
      if (bytes.length < at + 4) break;
      const picture = at + 8 + view.getUint32(at);
      if (bytes.length < picture) break;
      const end = picture + view.getUint32(picture - 4);
      if (bytes.length < end) break;
      yield [JSON.parse(new TextDecoder().decode(bytes.subarray(at + 4, picture - 4))), bytes.subarray(picture, end)];
      at = end;
    }
    this.#rest = bytes.slice(at);
  }
}

/** The picture, and on it what goes with it. */
function paint(bitmap, { faces }) {
  const canvas = context.canvas;
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  context.drawImage(bitmap, 0, 0);
  const unit = canvas.width / Math.max(canvas.clientWidth, 1); // px of the canvas that make one of the page
  for (const face of faces) outline(face, unit);
  for (const face of faces) drawMarks(context, face, canvas.width / look.width_px, unit);
  label(faces, unit);
}

function placed(face) {
  const shrunk = context.canvas.width / look.width_px;
  return face.box.map((v) => v * shrunk);
}

function outline(face, unit) {
  const [x0, y0, x1, y1] = placed(face);
  const claimed = face.emotion !== BLANK;
  for (const [width, colour] of [[(claimed ? 5 : 3) * unit, look.inks.halo], [(claimed ? 3 : 1.5) * unit, colourOf(face.emotion)]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
}

/** Writes beside every face what it shows; where there is no room for that, its number only. */
function label(faces, unit) {
  const taken = [];
  for (const face of faces) {
    const [x0, y0, , y1] = placed(face);
    const plate = new Plate(face, unit);
    const above = Math.max(0, y0 - plate.height - 2.5 * unit);
    const below = Math.min(context.canvas.height - plate.height, y1 + 2.5 * unit);
    const places = [
      [plate.width, above],
      [plate.width, below],
      [plate.chip, above],
    ].map(([width, y]) => ({ x: Math.max(0, Math.min(x0 - 2.5 * unit, context.canvas.width - width)), y, width, height: plate.height }));
    const place = places.find((one) => !taken.some((other) => overlap(one, other))) ?? places.at(-1);
    taken.push(place);
    plate.draw(place);
  }
}

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** A face's number on its colour, and what it shows. */
class Plate {
  constructor(face, unit) {
    this.face = face;
    this.size = LABEL_PX * unit;
    this.height = 1.5 * this.size;
    this.number = `#${face.track}`;
    this.text = captions.of(face);
    context.font = `${this.size}px system-ui, sans-serif`;
    this.chip = context.measureText(this.number).width + this.size;
    this.width = this.chip + context.measureText(this.text).width + this.size;
  }

  draw({ x, y, width }) {
    const middle = y + this.height / 2;
    context.fillStyle = look.inks.plate;
    context.fillRect(x, y, width, this.height);
    context.fillStyle = trackColour(this.face.track);
    context.fillRect(x, y, this.chip, this.height);
    write(context, this.number, x + this.size / 2, middle, this.size, look.inks.halo);
    if (width === this.chip) return;
    const ink = this.face.emotion === BLANK ? look.inks.dim : look.inks.ink;
    write(context, this.text, x + this.chip + this.size / 2, middle, this.size, ink);
  }
}

/** Draws what is newest, again and again, as long as there is something. */
async function draw() {
  if (drawing) return;
  drawing = true;
  while (newest && !paused) {
    const [facts, jpeg] = newest;
    newest = null;
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    await new Promise(requestAnimationFrame);
    paint(bitmap, facts);
    bitmap.close();
    cards.show(facts.faces);
    const latency = Date.now() - facts.captured_ms;
    meter.note(latency);
    document.dispatchEvent(new CustomEvent("drawn", { detail: { ...facts, latency_ms: latency } }));
    last = facts;
  }
  drawing = false;
}

function greet(facts) {
  Object.assign(look, facts);
  past.clear();
  for (const [name, colour] of Object.entries(facts.inks)) document.documentElement.style.setProperty(`--${name}`, colour);
  find("source").textContent = facts.source;
  document.title = `${facts.source} – feelit live`;
  const named = facts.emotions.map(({ starred, colour }) => ({ name: starred, colour }));
  const swatches = [...named, { name: "not readable", colour: facts.inks.unreadable }];
  find("legend").replaceChildren(
    ...swatches.map(({ name, colour }) => {
      const item = document.createElement("li");
      const swatch = item.appendChild(document.createElement("i"));
      swatch.style.setProperty("--colour", colour);
      item.append(name);
      return item;
    }),
    ...[facts.note, "? unsure"].map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    }),
  );
}

function say(kind, text) {
  const state = find("state");
  document.body.dataset.state = kind;
  if (state.textContent !== text) state.textContent = text;
}

/** Takes a message; true if it was the last one. */
function take(facts, jpeg) {
  if (facts.kind === "hello") greet(facts);
  if (facts.kind === "waiting" && facts.trouble) say("trouble", facts.trouble);
  if (facts.kind === "frame") {
    say("live", paused ? "Paused" : "Live");
    past.add(facts);
    newest = [facts, jpeg];
    draw();
  }
  if (facts.kind !== "end") return false;
  say(facts.trouble ? "trouble" : "end", facts.trouble || "Ended");
  return true;
}

/** One connection; true if there is no use in another one. */
async function follow() {
  const response = await fetch("stream", { cache: "no-store" });
  if (!response.ok) {
    say("trouble", await response.text());
    return true;
  }
  const messages = new Messages();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    for (const [facts, jpeg] of messages.push(value)) if (take(facts, jpeg)) return true;
  }
}

async function watch() {
  for (let pause = 1000; ; pause = Math.min(2 * pause, 8000)) {
    if (await follow().catch(() => false)) return;
    say("trouble", "No connection to feelit; trying again");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function toggle() {
  paused = !paused;
  find("pause").setAttribute("aria-pressed", paused);
  find("pause").textContent = paused ? "Go on" : "Pause";
  if (!paused) draw();
}

find("pause").addEventListener("click", toggle);
addEventListener("keydown", (event) => {
  if (event.code !== "Space" || event.target === find("pause")) return; // a button takes the key itself
  event.preventDefault();
  toggle();
});
setInterval(() => {
  if (!last || paused) return;
  past.draw();
  meter.update(last);
}, 200);
history.replaceState(null, "", "/"); // the token is in a cookie now, and need not stand in the history
watch();
