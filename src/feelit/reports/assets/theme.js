// Light and dark: the system's choice until the reader makes another. Canvases ask for colours here.

const REPORT = JSON.parse(document.getElementById("report").textContent);
const EMOTIONS = REPORT.emotions;
const STATES = REPORT.states;
const UNREADABLE = EMOTIONS.length;
const ABSENT = EMOTIONS.length + 1;

const theme = {
  root: document.documentElement,
  system: matchMedia("(prefers-color-scheme: dark)"),
  chosen: null, // "light" or "dark", once the reader has chosen
  printing: false,
  listeners: new Set(),

  get name() {
    if (this.printing) return "light"; // on paper
    return this.chosen ?? (this.system.matches ? "dark" : "light");
  },

  apply() {
    this.root.toggleAttribute("data-printing", this.printing);
    this.light ??= this.read("light");
    this.colours = this.read(this.name);
    for (const listener of this.listeners) listener();
  },

  /** The colours of a theme: what a canvas or a picture is drawn with. */
  read(name) {
    this.root.dataset.theme = name;
    const style = getComputedStyle(this.root);
    const value = (colour) => style.getPropertyValue(`--${colour}`).trim();
    return {
      ink: value("text"),
      muted: value("muted"),
      line: value("line"),
      paper: value("paper"),
      accent: value("accent"),
      unreadable: value("unreadable"),
      speaking: value("speaking"),
      fills: EMOTIONS.map((emotion) => value(`emotion-${emotion}`)),
      edges: EMOTIONS.map((emotion) => value(`edge-${emotion}`)),
    };
  },

  toggle() {
    this.chosen = this.name === "dark" ? "light" : "dark";
    this.apply();
  },

  print(printing) {
    if (this.printing === printing) return;
    this.printing = printing;
    for (const details of document.querySelectorAll("details:not(.screen)")) {
      if (printing) details.toggleAttribute("data-was-open", details.open);
      details.open = printing || details.hasAttribute("data-was-open");
    }
    this.apply();
  },
};

theme.system.addEventListener("change", () => theme.apply());
const printer = matchMedia("print");
printer.addEventListener("change", () => theme.print(printer.matches));
addEventListener("beforeprint", () => theme.print(true));
addEventListener("afterprint", () => theme.print(false));

function themeButton() {
  const button = el("button", { type: "button", class: "quiet", onclick: () => theme.toggle() });
  const show = () => (button.textContent = theme.name === "dark" ? "light theme" : "dark theme");
  theme.listeners.add(show);
  show();
  return button;
}
