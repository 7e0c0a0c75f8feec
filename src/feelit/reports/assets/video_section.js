// The page of one video, the main thing first.

async function buildChapter(number) {
  const video = JSON.parse(document.getElementById(`video-${number}`).textContent);
  let curves,
    trouble = null;
  try {
    curves = new Curves(await inflate(document.getElementById(`curves-${number}`).textContent), video);
  } catch (error) {
    trouble = `The curves cannot be shown: ${error.message}.`;
    curves = new Curves(new Uint8Array(0), {
      ...video,
      points: 0,
      tracks: video.tracks.map((track) => ({ ...track, first: 0, points: 0 })),
    });
  }
  const view = new View(video, curves);
  const [overview, plots, player] = [buildOverview(view), buildPlots(view), buildPlayer(view)];
  const timeline = el(
    "div",
    { class: player ? "stage" : null },
    player,
    el("div", {}, buildControls(view), plots.node, explain(view)),
  );
  const node = el(
    "main",
    {},
    buildHead(video, number),
    trouble ? el("p", { class: "problem" }, trouble) : null,
    section("overview", "Overview", overview.node),
    section("timeline", "Timeline", timeline),
    ...[buildTracks, buildMoments, buildEvents, buildTransitions, buildQuality, buildAudit, buildProvenance].map((build) =>
      build(view),
    ),
  );
  const draw = () => (overview.draw(), plots.draw());
  const resized = new ResizeObserver(draw);
  const begin = () => {
    overview.draw();
    plots.choose();
    resized.observe(node);
    theme.listeners.add(draw);
  };
  const end = () => {
    resized.disconnect();
    theme.listeners.delete(draw);
    plots.end();
    node.querySelector("video")?.removeAttribute("src");
  };
  return { node, view, begin, end };
}

function buildHead(video, number) {
  const several = REPORT.videos.length > 1;
  const links = several ? neighbours(number) : [];
  return el(
    "header",
    {},
    el("div", { class: "row top" }, ...links, el("span", { class: "spacer" }), themeButton()),
    el("h1", {}, video.title),
    el("p", { class: "lead" }, ...lead(video)),
    video.shown.readable_s ? shareBar(video.shown.share, "share large") : null,
    el("p", { class: "muted" }, facts(video)),
    responsibly(),
    footageNote(video),
  );
}

function neighbours(number) {
  const link = (to, text) => el("a", { href: `#video-${to}` }, text);
  return [
    el("a", { href: "#" }, `all ${REPORT.videos.length} videos`),
    number > 1 ? link(number - 1, "previous") : null,
    number < REPORT.videos.length ? link(number + 1, "next") : null,
  ].filter(Boolean);
}

/** Who is on screen, and what they show, in one sentence. */
function lead(video) {
  const tracks = video.tracks.length;
  if (!video.samples) return ["No frame of this video was sampled."];
  if (!tracks) return ["No face was found in this video."];
  const seen = [
    el("b", {}, tracks === 1 ? "One track" : `${tracks} tracks`),
    ` on screen, a face in ${percent(video.face_share)} of the time`,
  ];
  const strongest = ranked(video.shown.share, 0.05).slice(0, 3);
  if (!strongest.length) return [...seen, "; none could be read."];
  const shows = strongest.flatMap(([emotion, value], n) => [
    n ? (n === strongest.length - 1 ? " and " : ", ") : "",
    n ? `${emotion} ${percent(value)}` : el("b", {}, `${emotion} ${percent(value)}`),
  ]);
  return [...seen, tracks === 1 ? "; shows " : "; together they show ", ...shows, " of the readable time."];
}

function facts(video) {
  const { facts } = video;
  const parts = [
    `${clock(video.duration_s, 1)} long`,
    facts.width_px ? `${facts.width_px} × ${facts.height_px} px` : null,
    video.samples > 1 ? `${count(video.samples, "sampled frame")}, ${fixed(video.samples / video.sampled_s, 1)} a second` : null,
    video.shown.readable_share === null ? null : `${percent(video.shown.readable_share)} of the time on screen readable`,
    video.audit.every((check) => check.passed) ? null : "the audit found faults, see below",
  ];
  return parts.filter(Boolean).join(" · ");
}

function explain(view) {
  const { video } = view;
  const step = percent(1 / REPORT.levels, 1);
  const resolution = video.step_s
    ? `To keep this file small, curves have a point every ${length(video.step_s)}, the mean of the sampled frames in it`
    : "Curves have a point for every sampled frame";
  const sentences = [
    `Upwards: probability of the expression, smoothed over time (Gaussian, σ ${REPORT.limits.sigma_s} s), in %.`,
    `To the right: time in the video, h:mm:ss. ${resolution}, in steps of ${step}.`,
    `▼: a peak, p ≤ ${SIGNIFICANT}.`,
  ];
  const keys = [
    ["drag", "zoom to what is marked"],
    ["shift + drag, one finger", "pan"],
    ["ctrl + wheel, two fingers", "zoom"],
    ["click", "move the cursor, and the video"],
    ["double click, 0", "show everything"],
    ["← →", "next sample, with shift: pan"],
    ["page up, page down", "pan by half"],
    ["+ −", "zoom"],
    ["home, end", "first and last moment"],
  ];
  return el(
    "div",
    { class: "muted small" },
    el("p", {}, sentences.join(" ")),
    el(
      "details",
      { class: "screen" },
      el("summary", {}, "mouse, fingers and keys"),
      el("dl", { class: "keys" }, ...keys.flatMap(([key, what]) => [el("dt", {}, key), el("dd", {}, what)])),
    ),
  );
}
