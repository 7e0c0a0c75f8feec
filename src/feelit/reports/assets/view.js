// What is looked at: a stretch of time, a moment, people whose curves are open. Everything that draws listens to it.

class View {
  constructor(video, curves) {
    this.video = video;
    this.curves = curves;
    this.duration = Math.max(video.duration_s, 0.1);
    this.least = Math.max(4 * curves.interval, 0.2); // the shortest stretch that is shown
    [this.from, this.to] = [0, this.duration];
    this.cursor = 0;
    this.hover = null;
    this.opened = new Set(video.people.length === 1 ? [0] : []); // places in video.people
    this.listeners = { range: new Set(), cursor: new Set(), hover: new Set(), opened: new Set() };
  }

  on(what, listener) {
    this.listeners[what].add(listener);
  }

  emit(what, ...details) {
    for (const listener of this.listeners[what]) listener(...details);
  }

  /** The moment that readings are of: under the pointer, else at the cursor. */
  get moment() {
    return this.hover ?? this.cursor;
  }

  show(from, to) {
    const width = Math.min(Math.max(to - from, this.least), this.duration);
    const start = Math.min(Math.max((from + to - width) / 2, 0), this.duration - width);
    if (start === this.from && start + width === this.to) return;
    [this.from, this.to] = [start, start + width];
    this.emit("range");
  }

  reset() {
    this.show(0, this.duration);
  }

  /** Show `factor` times as much, with `around` where it is. */
  zoom(factor, around = this.cursor) {
    const fixedTime = Math.min(Math.max(around, this.from), this.to);
    const width = Math.min(Math.max((this.to - this.from) * factor, this.least), this.duration);
    const share = (fixedTime - this.from) / (this.to - this.from);
    this.show(fixedTime - share * width, fixedTime + (1 - share) * width);
  }

  pan(seconds) {
    const shift = Math.min(Math.max(seconds, -this.from), this.duration - this.to);
    this.show(this.from + shift, this.to + shift);
  }

  /** Move the cursor; what is shown follows it. */
  seek(time, by = "reader") {
    this.cursor = Math.min(Math.max(time, 0), this.duration);
    if (this.cursor < this.from || this.cursor > this.to) this.pan(this.cursor - (this.from + this.to) / 2);
    this.emit("cursor", by);
  }

  /** Move the cursor by so many points. */
  step(points) {
    const { times } = this.curves;
    if (!times.length) return;
    const place = this.curves.nearest(this.cursor) + points;
    this.seek(times[Math.min(Math.max(place, 0), times.length - 1)]);
  }

  pointAt(time) {
    this.hover = time;
    this.emit("hover");
  }

  /** Show somebody's curves, or no longer. */
  toggle(person, open = !this.opened.has(person)) {
    if (open === this.opened.has(person)) return;
    if (open) this.opened.add(person);
    else this.opened.delete(person);
    this.emit("opened", person);
  }

  /** Keys, wherever a plot has the focus. Returns whether the key means something. */
  press(event) {
    const width = this.to - this.from;
    const keys = {
      ArrowLeft: () => (event.shiftKey ? this.pan(-width / 10) : this.step(-1)),
      ArrowRight: () => (event.shiftKey ? this.pan(width / 10) : this.step(1)),
      PageUp: () => this.pan(-width / 2),
      PageDown: () => this.pan(width / 2),
      Home: () => this.seek(0),
      End: () => this.seek(this.duration),
      "+": () => this.zoom(1 / 1.5),
      "=": () => this.zoom(1 / 1.5),
      "-": () => this.zoom(1.5),
      0: () => this.reset(),
      Escape: () => this.reset(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return false;
    event.preventDefault();
    keys[event.key]();
    return true;
  }
}
