// The video beside the page, if there is one: it follows the cursor, and the cursor follows it.

const WITHIN_A_FRAME_S = 0.0005; // a player that is sent to the very beginning of a frame may show the one before

function buildPlayer(view) {
  const { footage } = view.video;
  if (footage.status !== "found") return null;
  const player = el("video", { controls: true, preload: "metadata", playsinline: true, "aria-label": "the video" });
  const note = el("p", { class: "muted small" });
  const choices = footage.annotated ? ["annotated", "video"] : ["video"];

  function play(which) {
    const { url, name } = footage[which];
    const kind = which === "annotated" ? "The annotated video" : "The video as it was analysed";
    note.textContent = `${kind}: ${name}`;
    player.src = `${url}#t=${view.cursor.toFixed(3)}`;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === which));
  }

  const buttons = choices.map((which) =>
    el(
      "button",
      { type: "button", class: "choice", value: which, onclick: () => play(which) },
      which === "video" ? "original" : which,
    ),
  );
  player.addEventListener("error", () => {
    const codec = view.video.facts.codec ?? "unknown";
    note.append(`. It cannot be played here: it was moved since, or this browser does not know its codec (${codec}).`);
  });

  const report = () => {
    if (Math.abs(player.currentTime - view.cursor) > 2 * WITHIN_A_FRAME_S) view.seek(player.currentTime, "player");
  };
  const run = () => {
    if (player.paused || !player.isConnected) return;
    report();
    requestAnimationFrame(run);
  };
  player.addEventListener("play", run);
  player.addEventListener("seeked", report);
  view.on("cursor", (by) => {
    if (by !== "player" && player.readyState > 0) player.currentTime = view.cursor + WITHIN_A_FRAME_S;
  });
  player.addEventListener("loadedmetadata", () => {
    player.currentTime = view.cursor + WITHIN_A_FRAME_S;
  });
  play(choices[0]);
  const row = buttons.length > 1 ? el("div", { class: "row", role: "group", "aria-label": "which video" }, ...buttons) : null;
  return el("div", { class: "player" }, player, row, note);
}

/** What there is to say where no video can be played. */
function footageNote(video) {
  const notes = {
    missing: "The video was not among those that --video gave, so there are no pictures and no player here.",
    bucket: "The video is in a bucket, so there is no player here.",
    changed: "The video has changed since it was analysed, so there are no pictures and no player here. Analyse it again.",
  };
  return notes[video.footage.status] ? el("p", { class: "problem" }, notes[video.footage.status]) : null;
}

/** Where a clip of the video begins at a time, for a new window; null without a video. */
function clipLink(video, time) {
  if (video.footage.status !== "found") return null;
  const { url } = video.footage.annotated ?? video.footage.video;
  const href = `${url}#t=${Math.max(time - 1, 0).toFixed(1)}`;
  return el("a", { href, target: "_blank", rel: "noopener", class: "clip", "aria-label": `clip at ${clock(time)}` }, "clip");
}
