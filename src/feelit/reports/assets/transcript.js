// What was said, under the lanes: it follows the cursor, is searched, and a click goes there.

function buildTranscript(view) {
  const { utterances } = view.video;
  if (!utterances.length) return null;
  const wide = { class: "wide" };
  const list = el("ol", { class: "utterances", tabindex: "0", "aria-label": "utterances" });
  const found = el("span", { class: "muted", role: "status" });
  const search = el("input", { type: "search", placeholder: "a word or a phrase", "aria-label": "find in what was said" });
  const lines = utterances.map((utterance) => line(view, utterance));
  const nothing = el("p", { class: "muted" }, "Nobody says that.");
  list.append(...lines.map((one) => one.node));

  function filter() {
    const wanted = search.value.trim().replace(/\s+/g, " ");
    let hits = 0;
    for (const one of lines) hits += one.mark(wanted) ? 1 : 0;
    found.textContent = wanted ? `${hits} of ${count(lines.length, "utterance")}` : count(lines.length, "utterance");
    nothing.hidden = hits > 0;
    shown = null;
    follow();
  }

  /** The utterance that is said at the cursor, in the middle of the list. */
  let shown = null;
  function follow() {
    const at = lines[lastBegun(utterances, view.cursor)];
    const now = at && at.utterance.end_s > view.cursor ? at : null;
    if (now === shown) return;
    shown?.node.removeAttribute("aria-current");
    shown = now;
    if (!now) return;
    now.node.setAttribute("aria-current", "true");
    if (now.node.hidden || list.matches(":hover") || list.contains(document.activeElement)) return; // a reader reads there
    for (let turn = 0; turn < 2; turn++) {
      // the second time rows are as high as they are, which is known once they are in sight
      const [top, height, room] = [now.node.offsetTop, now.node.offsetHeight, list.clientHeight];
      if (top < list.scrollTop || top + height > list.scrollTop + room) list.scrollTop = top - (room - height) / 2;
    }
  }

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const hits = lines.filter((one) => !one.node.hidden);
    const next = hits.find((one) => one.utterance.start_s > view.cursor + 1e-6) ?? hits[0];
    if (next) view.seek(next.utterance.start_s);
  });
  view.on("cursor", follow);
  const data = () => {
    const names = ["start_s", "end_s", "speaker", "person", "text", "shows", "share", "listeners_show", "listeners_share"];
    const heads = names.map((name) => (name === "person" ? `${view.video.unit}_id` : name));
    return [heads, ...utterances.map((one) => names.map((name) => one[name]))];
  };
  const head = el(
    "div",
    { class: "utterance head", "aria-hidden": "true" },
    ...["time", "speaker", "shows"].map((text) => el("span", {}, text)),
    el("span", wide, "listeners"),
    el("span", {}, "what is said"),
  );
  const node = section(
    "transcript",
    ["What was said", saveButtons(fileName(view.video, "transcript"), data)],
    el("div", { class: "row filters" }, el("label", { class: "picker" }, "find ", search), found),
    head,
    list,
    nothing,
    strangers(view.video),
  );
  filter();
  return node;
}

/** Speakers of whom it is not known who they are; null if there are none. */
function strangers({ utterances }) {
  const names = [...new Set(utterances.filter((one) => one.missing === "not matched").map((one) => one.speaker || "no name"))];
  const text = `Not matched to a person, and perhaps among the listeners: ${listed(names)}.`;
  return names.length ? el("p", { class: "muted small" }, text) : null;
}

/** The place of the last one that begins at a time or before it; -1 before the first. */
function lastBegun(utterances, time) {
  let [low, high] = [0, utterances.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (utterances[middle].start_s <= time + 1e-6) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** One utterance: its row, and how to mark what is searched for in it. */
function line(view, utterance) {
  const { video } = view;
  const said = el("span", { class: "said" });
  const who = utterance.person === null ? "" : whoIs(video, utterance.person);
  const speaker = utterance.speaker || DASH;
  const title = [who && who !== utterance.speaker ? `${speaker}: ${who}` : speaker, utterance.missing].filter(Boolean).join(", ");
  const shows = (emotion, share) => (emotion ? labelled(emotion, percent(share)) : DASH);
  const node = el(
    "li",
    { class: "utterance", onclick: go },
    timeButton(view, utterance.start_s, 1),
    el("b", { title }, speaker),
    el("span", { class: "muted" }, shows(utterance.shows, utterance.share)),
    el("span", { class: "muted wide" }, shows(utterance.listeners_show, utterance.listeners_share)),
    said,
  );

  function go(event) {
    if (event.target.closest("button") || String(getSelection())) return; // somebody selects words
    view.seek(utterance.start_s);
  }

  function mark(wanted) {
    const parts = wanted ? hitsIn(utterance.text, wanted) : [utterance.text];
    const hit = !wanted || parts.length > 1;
    node.hidden = !hit;
    if (hit) said.replaceChildren(...parts.map((part, n) => (n % 2 ? el("mark", {}, part) : part)));
    return hit;
  }

  return { node, utterance, mark };
}

/** A text in turns of what is beside the hits and the hits, whatever the case of letters. */
function hitsIn(text, wanted) {
  const pattern = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s+");
  return text.split(new RegExp(`(${pattern})`, "iu"));
}
