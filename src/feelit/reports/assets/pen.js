// What figures are drawn with: on a canvas for the page, into SVG for a file. Both know the same few shapes.

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const HATCH_PX = 5; // from line to line

class CanvasPen {
  /** A canvas of so many CSS pixels, sharp on any screen. */
  constructor(canvas, width, height, ratio = Math.max(devicePixelRatio || 1, theme.printing ? 2 : 1)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    this.context = canvas.getContext("2d");
    this.context.scale(ratio, ratio);
    [this.x, this.y, this.ratio] = [0, 0, ratio];
  }

  /** Where the shapes that follow begin. */
  move(x, y) {
    [this.x, this.y] = [x, y];
  }

  rect(x, y, width, height, fill) {
    this.context.fillStyle = fill;
    this.context.fillRect(this.x + x, this.y + y, width, height);
  }

  polygon(points, fill, opacity = 1) {
    this.trace(points);
    this.context.globalAlpha = opacity;
    this.context.fillStyle = fill;
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  line(points, stroke, width = 1) {
    this.trace(points);
    Object.assign(this.context, { strokeStyle: stroke, lineWidth: width, lineJoin: "round", lineCap: "butt" });
    this.context.stroke();
  }

  hatch(x, y, width, height, stroke) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(this.x + x, this.y + y, width, height);
    context.clip();
    this.line(hatchLines(x, y, width, height), stroke, 1.2);
    context.restore();
  }

  text(x, y, words, { fill, size = 12, anchor = "start", weight = 400 }) {
    Object.assign(this.context, { fillStyle: fill, font: `${weight} ${size}px ${FONT}`, textAlign: anchor });
    this.context.fillText(words, this.x + x, this.y + y);
  }

  /** Points, with null where a new line begins. */
  trace(points) {
    this.context.beginPath();
    let begins = true;
    for (const point of points) {
      if (point === null) begins = true;
      else if (begins) this.context.moveTo(this.x + point[0], this.y + point[1]);
      else this.context.lineTo(this.x + point[0], this.y + point[1]);
      begins = point === null;
    }
  }
}

class SvgPen {
  constructor(width, height) {
    [this.width, this.height, this.x, this.y] = [width, height, 0, 0];
    this.parts = [];
  }

  move(x, y) {
    [this.x, this.y] = [x, y];
  }

  rect(x, y, width, height, fill) {
    this.add("rect", { x: this.x + x, y: this.y + y, width, height, fill });
  }

  polygon(points, fill, opacity = 1) {
    this.add("path", { d: `${this.path(points)}Z`, fill, "fill-opacity": opacity });
  }

  line(points, stroke, width = 1) {
    this.add("path", { d: this.path(points), fill: "none", stroke, "stroke-width": width, "stroke-linejoin": "round" });
  }

  hatch(x, y, width, height, stroke) {
    this.line(hatchLines(x, y, width, height, true), stroke, 1.2);
  }

  text(x, y, words, { fill, size = 12, anchor = "start", weight = 400 }) {
    const place = { x: this.x + x, y: this.y + y, fill, "font-size": size, "font-weight": weight };
    this.add("text", { ...place, "text-anchor": { start: "start", center: "middle", end: "end" }[anchor] }, words);
  }

  path(points) {
    let [text, begins] = ["", true];
    for (const point of points) {
      if (point !== null) text += `${begins ? "M" : "L"}${short(this.x + point[0])} ${short(this.y + point[1])}`;
      begins = point === null;
    }
    return text;
  }

  add(tag, attributes, words = "") {
    const named = Object.entries(attributes).map(
      ([name, value]) => ` ${name}="${typeof value === "number" ? short(value) : markup(value)}"`,
    );
    this.parts.push(`<${tag}${named.join("")}>${markup(words)}</${tag}>`);
  }

  toString() {
    const size = `width="${short(this.width)}" height="${short(this.height)}" viewBox="0 0 ${short(this.width)} ${short(this.height)}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${markup(FONT)}">\n${this.parts.join("\n")}\n</svg>\n`;
  }
}

function short(number) {
  return String(Math.round(number * 100) / 100);
}

function markup(text) {
  return String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Diagonals over a rectangle, which join those of its neighbours; `clipped` ones end at its edges. */
function hatchLines(x, y, width, height, clipped = false) {
  const points = [];
  const first = Math.floor((x - height) / HATCH_PX) * HATCH_PX;
  for (let at = first; at < x + width; at += HATCH_PX) {
    const [from, to] = clipped ? [Math.max(at, x), Math.min(at + height, x + width)] : [at, at + height];
    if (to > from) points.push([from, y + height - (from - at)], [to, y + height - (to - at)], null);
  }
  return points;
}
