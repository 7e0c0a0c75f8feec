// The page of one video, the main thing first.

async function buildVideo(number) {
  const video = JSON.parse(document.getElementById(`video-${number}`).textContent);
  let curves,
    trouble = null;
  try {
    curves = new Curves(await inflate(document.getElementById(`curves-${number}`).textContent), video);
  } catch (error) {
    trouble = `The curves cannot be shown: ${error.message}.`;
    const people = video.people.map((person) => ({ ...person, first: 0, points: 0 }));
    curves = new Curves(new Uint8Array(0), { ...video, points: 0, people });
  }
  const view = new View(video, curves);
  const [streams, player, moments] = [buildStreams(view), buildPlayer(view), buildMoments(view)];
  const said = buildTranscript(view);
  const who = el("section", { id: "who", "aria-label": "who showed what" }, video.people.length ? streams.node : null);
  const node = el(
    "main",
    { class: "video" },
    buildHead(video, number),
    trouble ? el("p", { class: "problem" }, trouble) : null,
    el("div", { class: player ? "stage" : null }, said ? el("div", {}, who, said) : who, player ? el("aside", {}, player, moments) : null),
    explain(view),
    player ? null : moments,
    ...[buildPeople, buildEvents, buildSignals, buildTransitions, buildQuality, buildAudit, buildProvenance].map((build) => build(view)),
  );
  let width = 0; // that was drawn for
  const resized = new ResizeObserver(() => {
    if (who.clientWidth === width) return;
    width = who.clientWidth;
    streams.draw();
  });
  const begin = () => {
    streams.draw();
    width = who.clientWidth;
    resized.observe(who);
    addEventListener("resize", streams.draw);
    theme.listeners.add(streams.draw);
  };
  const end = () => {
    resized.disconnect();
    removeEventListener("resize", streams.draw);
    theme.listeners.delete(streams.draw);
    node.querySelector("video")?.removeAttribute("src");
  };
  return { node, view, begin, end };
}

function buildHead(video, number) {
  const several = REPORT.videos.length > 1;
  return el(
    "header",
    {},
    several ? el("nav", { class: "row" }, ...neighbours(number)) : null,
    el("div", { class: "row" }, el("h1", {}, video.title), el("span", { class: "muted about" }, facts(video)), themeButton()),
    el("p", { class: "lead" }, ...answer(video)),
    responsibly(video.unit),
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

function facts(video) {
  const { facts } = video;
  const parts = [
    length(video.duration_s),
    facts.width_px ? `${facts.width_px} × ${facts.height_px} px` : null,
    video.samples > 1 ? `${fixed(video.samples / video.sampled_s, 1)} samples a second` : null,
    video.people.length ? `a face in ${percent(video.face_share)} of the time` : null,
    video.shown.readable_share === null ? null : `${percent(video.shown.readable_share)} readable`,
    video.audit.every((check) => check.passed) ? null : "the audit found faults, see below",
  ];
  return parts.filter(Boolean).join(" · ");
}
