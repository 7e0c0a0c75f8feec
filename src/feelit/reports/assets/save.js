// What a reader takes along: the data of a figure or a table as CSV, and the figure as SVG or PNG.

const PNG_RATIO = 3;

/** Buttons for a figure. `figure()` gives {width, height, draw(pen)}, `data()` the rows of a table, headings first. */
function saveButtons(name, data, figure = null) {
  const button = (label, title, act) => el("button", { type: "button", class: "quiet", title, onclick: act }, label);
  const buttons = [button("data", "save the data as CSV", () => saveAs(`${name}.csv`, csvOf(data()), "text/csv"))];
  if (figure) {
    buttons.push(button("SVG", "save the picture as SVG", () => saveAs(`${name}.svg`, svgOf(figure()), "image/svg+xml")));
    buttons.push(button("PNG", "save the picture as PNG", () => savePng(`${name}.png`, figure())));
  }
  return el("span", { class: "save", role: "group", "aria-label": "save" }, ...buttons);
}

function saveAs(name, content, type) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = el("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function svgOf(figure) {
  return onPaper(() => {
    const pen = new SvgPen(figure.width, figure.height);
    figure.draw(pen);
    return pen.toString();
  });
}

function savePng(name, figure) {
  const canvas = el("canvas");
  onPaper(() => figure.draw(new CanvasPen(canvas, figure.width, figure.height, PNG_RATIO)));
  canvas.toBlob((blob) => saveAs(name, blob));
}

/** Pictures have the colours of paper, whatever the theme is. */
function onPaper(draw) {
  const shown = theme.colours;
  theme.colours = theme.light;
  try {
    return draw();
  } finally {
    theme.colours = shown;
  }
}

/** RFC 4180. Texts that a spreadsheet would run as a formula have an apostrophe before them (OWASP, CSV injection), and so have texts that begin with one. */
function csvOf(rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^['=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** A name for a file: the video's, and what it holds. */
function fileName(video, what) {
  return `${video.title.replace(/[^\p{L}\p{N}._-]+/gu, "_")}.${what}`;
}
