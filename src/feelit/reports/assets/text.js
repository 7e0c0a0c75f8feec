// Elements and texts. Whatever comes from data ends up in a text node or an attribute, never in markup.

const DASH = "–";

/** An element with attributes, listeners (`onclick`, ...) and children: nodes, texts, or null for nothing. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Seconds as h:mm:ss.mmm, with as many decimals as wanted. */
function clock(seconds, decimals = 3) {
  const unit = 10 ** decimals;
  const units = Math.round(Math.abs(seconds) * unit);
  const whole = Math.floor(units / unit);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const text = `${parts[0]}:${pad(parts[1], 2)}:${pad(parts[2], 2)}`;
  return (seconds < 0 ? "−" : "") + text + (decimals ? `.${pad(units % unit, decimals)}` : "");
}

function pad(number, digits) {
  return String(number).padStart(digits, "0");
}

/** A share as a percentage, which no line break parts from its unit; what is undefined is a dash. */
function percent(share, decimals = 0) {
  if (share === null || share === undefined) return DASH;
  if (share > 0 && share < 0.5 * 10 ** -(decimals + 2)) return `<\u00a0${1 / 10 ** decimals}\u00a0%`;
  return `${(100 * share).toFixed(decimals)}\u00a0%`;
}

function fixed(value, decimals = 1, unit = "") {
  return value === null || value === undefined ? DASH : value.toFixed(decimals) + (unit && ` ${unit}`);
}

/** A length of time in words that fit its size: 0.8 s, 42 s, 3 min 20 s, 1 h 4 min, 2 min. */
function length(seconds) {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 59.95) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const parts = hours ? [`${hours} h`, minutes && `${minutes} min`] : [`${minutes} min`, whole % 60 && `${whole % 60} s`];
  return parts.filter(Boolean).join(" ");
}

function pValue(value) {
  if (value === null || value === undefined) return DASH;
  return value < 0.001 ? "< 0.001" : value.toFixed(3);
}

function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c" */
function listed(texts) {
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

/** A small square in the colour of a state. */
function swatch(state) {
  const node = el("span", { class: `swatch ${state}`, "aria-hidden": "true" });
  if (EMOTIONS.includes(state)) {
    node.style.setProperty("--fill", `var(--emotion-${state})`);
    node.style.setProperty("--edge", `var(--edge-${state})`);
  }
  return node;
}

/** An emotion with its square and, perhaps, a figure. */
function labelled(emotion, figure = "") {
  const name = emotion + (REPORT.doubtful.includes(emotion) ? "*" : "");
  return el("span", { class: "labelled" }, swatch(emotion), el("span", {}, figure ? `${name} ${figure}` : name));
}

/** What the star of a label means. */
function starNote() {
  return el("span", {}, "* seldom found on other data, and seldom right");
}

/** What somebody shows most, with its share and seconds; of little time nothing is said. Without seconds where they stand beside. */
function mostly(shown, seconds = true) {
  if (!shown.dominant) return DASH;
  if (shown.on_screen_s && shown.readable_s < REPORT.least_reported_s) return `too little to tell (${fixed(shown.readable_s)}\u00a0s)`;
  const share = shown.share[EMOTIONS.indexOf(shown.dominant)];
  const rest = seconds ? ` (${fixed(share * shown.readable_s)}\u00a0s)` : "";
  return labelled(shown.dominant, `${percent(share)}${rest}`);
}

/** The emotions of a share, largest first, those that reach `least`. */
function ranked(share, least = 0) {
  const order = EMOTIONS.map((name, k) => [name, share[k] ?? 0]);
  return order.filter(([, value]) => value > 0 && value >= least).sort((a, b) => b[1] - a[1]);
}

/** Shares of readable time as one bar. */
function shareBar(share, classes = "share") {
  const parts = ranked(share);
  const label = parts.map(([name, value]) => `${name} ${percent(value)}`).join(", ");
  const bar = el("div", { class: classes, role: "img", "aria-label": label || "nothing could be read", title: label });
  for (const [name, value] of EMOTIONS.map((emotion, k) => [emotion, share[k] ?? 0])) {
    if (!value) continue;
    const part = el("span", {}, classes.includes("large") && value >= 0.09 ? `${name}\u00a0${percent(value)}` : "");
    part.style.setProperty("flex-grow", value);
    part.style.setProperty("--fill", `var(--emotion-${name})`);
    part.style.setProperty("--edge", `var(--edge-${name})`);
    part.style.setProperty("--on", name === "sadness" ? "var(--ink)" : "var(--plate)");
    bar.append(part);
  }
  return bar;
}

/** `title`: a text, or a text and what stands beside it. */
function section(id, title, ...content) {
  const [words, ...beside] = [title].flat();
  const head = el("h2", { id: `${id}-title` }, words);
  return el(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    beside.length ? el("div", { class: "row title" }, head, ...beside) : head,
    ...content,
  );
}

/** What a reader has to know before anything else; `unit` is what a lane is, if that is one thing. */
function responsibly(unit = "person") {
  const sentence = {
    person: "People are numbered by the similarity of their faces, which can be wrong; no one is identified by name.",
    track: "A track is one face for as long as it was tracked continuously: a number, not a person.",
  };
  return el("p", { class: "note" }, `This describes how a face looks, not what a person feels. ${sentence[unit]}`);
}
