// All videos of a report: a table with each one in miniature.

function buildContents() {
  const { videos } = REPORT;
  const rows = videos.map((video, n) => ({ ...video, number: n + 1 }));
  const sight = new IntersectionObserver(
    (seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) miniature(target);
    },
    { rootMargin: "200px" },
  );
  const strips = new Map(); // canvas → lanes
  const strip = (video) => {
    const canvas = el("canvas", { class: "strip", role: "img", "aria-label": `${video.title} in miniature` });
    strips.set(canvas, video.strip);
    sight.observe(canvas);
    return canvas;
  };
  const miniature = (canvas) => drawMiniature(canvas, strips.get(canvas));
  const columns = [
    { label: "video", text: true, value: (v) => v.title, cell: videoLink },
    { label: "in miniature", text: true, cell: strip },
    { label: "length", unit: "h:mm:ss", wide: true, value: (v) => v.duration_s, cell: (v) => clock(v.duration_s, 0) },
    { label: "people", wide: true, value: (v) => v.people, cell: (v) => String(v.people) },
    { label: "with a face", wide: true, value: (v) => v.face_share, cell: (v) => percent(v.face_share) },
    {
      label: "shows",
      text: true,
      value: (v) => v.shown.dominant,
      cell: (v) => mostly(v.shown, false),
    },
    { label: "shares", text: true, wide: true, cell: (v) => shareBar(v.shown.share) },
    { label: "readable", wide: true, value: (v) => v.shown.readable_share, cell: (v) => percent(v.shown.readable_share) },
    {
      label: "changes",
      unit: "/min",
      wide: true,
      value: (v) => v.shown.transitions_per_min,
      cell: (v) => fixed(v.shown.transitions_per_min),
    },
    {
      label: "strongest moment",
      text: true,
      wide: true,
      value: (v) => v.moment?.confidence,
      cell: (v) =>
        v.moment
          ? el("a", { href: `#video-${v.number}@${v.moment.time_s}` }, labelled(v.moment.emotion, percent(v.moment.confidence)))
          : DASH,
    },
  ];
  const table = sortableTable("videos", columns, rows, { most: 500 });
  const search = el("input", { type: "search", placeholder: "part of a name", oninput: () => filter() });
  const filter = () => table.fill(rows.filter((video) => video.name.toLowerCase().includes(search.value.toLowerCase())));
  const begin = () => theme.listeners.add(redraw);
  const redraw = () => strips.forEach((_, canvas) => canvas.isConnected && canvas.width > 1 && miniature(canvas));
  const end = () => (sight.disconnect(), theme.listeners.delete(redraw));
  return {
    node: el(
      "main",
      { class: "contents" },
      contentsHead(rows),
      el("label", { class: "picker" }, "find ", search),
      table.node,
      el("div", { class: "legend" }, ...EMOTIONS.map((emotion) => labelled(emotion)), starNote()),
    ),
    begin,
    end,
  };
}

/** A link to the page of a video, and the folder that it lies in. */
function videoLink(video) {
  const folder = video.name.slice(0, video.name.length - video.title.length);
  return [
    el("a", { href: `#video-${video.number}` }, video.title),
    video.failed ? el("span", { class: "badge" }, "audit failed") : null,
    folder ? el("div", { class: "muted small" }, folder) : null,
  ].filter(Boolean);
}

function contentsHead(videos) {
  const people = videos.reduce((sum, video) => sum + video.people, 0);
  const seconds = videos.reduce((sum, video) => sum + video.duration_s, 0);
  const readable = videos.reduce((sum, video) => sum + (video.shown.readable_s ?? 0), 0);
  const share = EMOTIONS.map(
    (_, k) =>
      videos.reduce((sum, video) => sum + (video.shown.share[k] ?? 0) * (video.shown.readable_s ?? 0), 0) / (readable || 1),
  );
  const coarse = videos.filter((video) => video.step_s).length;
  const missing = videos.filter((video) => ["missing", "changed"].includes(video.footage)).length;
  const notes = [
    `${length(seconds)} of video`,
    count(people, "person", "people"),
    coarse ? `curves of ${count(coarse, "video")} at a coarser step than they were sampled, to keep this file small` : null,
  ];
  return el(
    "header",
    {},
    el("div", { class: "row top" }, el("span", { class: "spacer" }), themeButton()),
    el("h1", {}, count(videos.length, "video")),
    readable
      ? el(
          "p",
          { class: "lead" },
          "Together the faces show ",
          ...ranked(share, 0.05)
            .slice(0, 3)
            .map(([emotion, value], n) => el(n ? "span" : "b", {}, `${n ? ", " : ""}${emotion} ${percent(value)}`)),
          " of the readable time.",
        )
      : null,
    readable ? shareBar(share, "share large") : null,
    el("p", { class: "muted" }, notes.filter(Boolean).join(" · ")),
    responsibly(),
    missing
      ? el(
          "p",
          { class: "problem" },
          `${count(missing, "video")} could not be found, or changed since: there are no pictures of these.`,
        )
      : null,
  );
}

function drawMiniature(canvas, lanes) {
  const [width, lane] = [innerWidth < 700 ? 100 : 160, 7];
  const pen = new CanvasPen(canvas, width, Math.max(lanes.length, 1) * lane);
  lanes.forEach((digits, n) => {
    const states = Array.from({ length: width }, (_, x) => Number(digits[Math.floor((x / width) * digits.length)]));
    STATES.forEach((_, state) =>
      runs(
        width,
        (x) => states[x] === state,
        (a, b) => drawState(pen, state, a, b - a, n * lane, lane - 1),
      ),
    );
  });
}

function drawState(pen, state, x, width, y, height) {
  const { fills, edges, line, unreadable } = theme.colours;
  if (state === ABSENT) return pen.rect(x, y + height - 1, width, 1, line);
  if (state === UNREADABLE) return pen.hatch(x, y, width, height, unreadable);
  pen.rect(x, y, width, height, fills[state]);
  pen.rect(x, y + height - 1, width, 1, edges[state]);
}
