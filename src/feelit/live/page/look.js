// How things look, and what faces are called: the same in the picture, on the cards and in the timeline.

export const BLANK = -1; // a face of which no emotion is claimed
const CAPTION_MS = 500; // a percentage stands still for so long, so that it can be read

/** The first message: source, size, and emotions with their colours and the probability from which each is claimed. */
export const look = {};

export const find = (id) => document.getElementById(id);
export const colourOf = (emotion) => (emotion === BLANK ? look.inks.unreadable : look.emotions[emotion].colour);
export const trackColour = (track) => look.tracks[track % look.tracks.length];

/** What a track's caption says; its percentage stands still for a moment. */
export class Captions {
  #held = new Map();

  of(face) {
    if (face.emotion === BLANK) return "not readable";
    const now = performance.now();
    const held = this.#held.get(face.track);
    if (held && held.emotion === face.emotion && now - held.since < CAPTION_MS) return held.text;
    const mark = face.confidence < look.emotions[face.emotion].least ? "?" : "";
    const text = `${look.emotions[face.emotion].name}${mark} ${Math.round(100 * face.confidence)}%`;
    this.#held.set(face.track, { emotion: face.emotion, since: now, text });
    return text;
  }
}

/** Draws a path with a dark edge. */
export function strokeTwice(pen, draw, width, colour) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [wide, ink] of [
    [1.8 * width, look.inks.halo],
    [width, colour],
  ]) {
    pen.beginPath();
    draw(pen);
    pen.lineWidth = wide;
    pen.strokeStyle = ink;
    pen.stroke();
  }
}

export function write(pen, text, x, y, size, colour, align = "left") {
  pen.font = `${size}px system-ui, sans-serif`;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
