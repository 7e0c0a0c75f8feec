// Mouse, pen and fingers on a surface whose width is a stretch of time.

const SLOP_PX = 4; // a pointer that moves no farther has clicked

/**
 * A drag marks what to zoom to; with shift, or by a finger, it pans; two fingers and ctrl + wheel zoom; a click seeks, and
 * calls `clicked`. The surface shows what the view shows; `mark` is the element that is put over what is marked.
 */
function attachGestures(surface, view, mark, clicked = () => {}) {
  const pointers = new Map(); // id → x of those that are down
  let start = null;

  const share = (x) => {
    const box = surface.getBoundingClientRect();
    return Math.min(Math.max((x - box.left) / box.width, 0), 1);
  };
  const timeAt = (x) => view.from + share(x) * (view.to - view.from);
  const begin = (x, pans) => ({ x, time: timeAt(x), from: view.from, to: view.to, pans, moved: false });

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event.clientX);
    start = begin(event.clientX, event.shiftKey || event.pointerType === "touch");
    if (pointers.size === 2) start = { ...start, pinch: [...pointers.values()].map(timeAt), moved: true };
  });

  surface.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return view.pointAt(timeAt(event.clientX));
    pointers.set(event.pointerId, event.clientX);
    if (start === null) return;
    start.moved ||= Math.abs(event.clientX - start.x) > SLOP_PX;
    if (start.pinch) pinch();
    else if (start.moved && start.pans) drag(event.clientX);
    else if (start.moved) select(event.clientX);
  });

  function pinch() {
    const [a, b] = [...pointers.values()].map(share);
    if (Math.abs(a - b) < 0.02) return;
    const width = (start.pinch[0] - start.pinch[1]) / (a - b);
    if (width > 0) view.show(start.pinch[0] - a * width, start.pinch[0] + (1 - a) * width);
  }

  function drag(x) {
    const [from, to] = [start.from, start.to];
    const shift = ((x - start.x) / surface.clientWidth) * (to - from);
    const least = Math.min(Math.max(from - shift, 0), view.duration - (to - from));
    view.show(least, least + to - from);
  }

  function select(x) {
    const [a, b] = [share(start.x), share(x)].sort((p, q) => p - q);
    mark.hidden = false;
    mark.style.left = `${100 * a}%`;
    mark.style.width = `${100 * (b - a)}%`;
  }

  function lift(event) {
    if (!pointers.delete(event.pointerId) || start === null) return;
    mark.hidden = true;
    const ended = start;
    start = pointers.size ? begin([...pointers.values()][0], true) : null;
    if (start) start.moved = true;
    if (event.type === "pointercancel" || ended.pinch) return;
    if (!ended.moved) {
      view.seek(ended.time);
      clicked();
    } else if (!ended.pans) view.show(...[ended.time, timeAt(event.clientX)].sort((p, q) => p - q));
  }

  surface.addEventListener("pointerup", lift);
  surface.addEventListener("pointercancel", lift);
  surface.addEventListener("pointerleave", () => view.pointAt(null));
  surface.addEventListener("dblclick", () => view.reset());
  surface.addEventListener(
    "wheel",
    (event) => {
      const sideways = event.shiftKey ? event.deltaX + event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(event.deltaY / 300), timeAt(event.clientX));
      else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.pan((sideways / surface.clientWidth) * (view.to - view.from));
      } else return; // the page scrolls
      event.preventDefault();
    },
    { passive: false },
  );
}
