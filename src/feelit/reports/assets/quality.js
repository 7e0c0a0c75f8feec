// How good the data are, whether the file agrees with itself, and where it comes from.

function buildQuality(view) {
  const { video } = view;
  const { quality, facts } = video;
  const { limits } = REPORT;
  const all = quality.faces;
  const judged = (share, limit) => (share !== null && share > limit ? "doubtful" : null);
  const rows = [
    ["faces that cannot be read", percent(all.unreadable, 1), "of the time on screen", judged(all.unreadable, 0.2)],
    ["too small", percent(all.small, 1), `face below ${limits.face_px} px`, null],
    ["blurred", percent(all.blurred, 1), `sharpness below ${limits.sharpness}`, null],
    ["turned away", percent(all.turned, 1), `yaw beyond ${limits.yaw_deg}°`, null],
    [
      "dark",
      percent(all.dark, 1),
      `mean luma below ${limits.low_light} of 255; dark faces do count as readable`,
      judged(all.dark, 0.2),
    ],
    ["size of the faces", fixed(all.face_px, 0, "px"), "median", null],
    ["sampling", fixed(quality.interval_s, 3, "s"), "median interval between sampled frames", null],
    [
      "gaps in the sampling",
      String(quality.gaps),
      `intervals longer than ${fixed(quality.gap_s, 2, "s")}, together ${length(quality.gaps_s)}`,
      quality.gaps ? "doubtful" : null,
    ],
    [
      "errors of the decoder",
      String(facts.decode_errors ?? DASH),
      "packets that could not be decoded and frames marked as damaged",
      facts.decode_errors ? "doubtful" : null,
    ],
    ["cuts", String(facts.cuts ?? DASH), "camera cuts and new layouts; a person goes on, a new track may begin", null],
  ];
  const list = el(
    "table",
    { class: "facts" },
    el("caption", { class: "visually-hidden" }, "quality of the data"),
    el(
      "tbody",
      {},
      ...rows.map(([name, value, note, mark]) =>
        el(
          "tr",
          { class: mark },
          el("th", { scope: "row" }, name),
          el("td", { class: "number" }, value),
          el("td", { class: "muted" }, note),
        ),
      ),
    ),
  );
  const data = () => {
    const names = Object.keys(quality.faces);
    return [[`${video.unit}_id`, ...names], ...quality.people.map((one) => [one.id, ...names.map((name) => one[name])])];
  };
  return section(
    "quality",
    ["Data quality", saveButtons(fileName(video, "quality"), data)],
    el("div", { class: "table" }, list),
    gaps(view),
    byPerson(view),
  );
}

function gaps(view) {
  const gaps = view.video.quality.longest_gaps;
  if (!gaps.length) return null;
  const entries = gaps.map(([from, to]) => el("li", {}, timeButton(view, from), ` for ${length(to - from)}`));
  return el(
    "details",
    {},
    el("summary", {}, `the ${gaps.length === 1 ? "gap" : `${gaps.length} longest gaps`}`),
    el("ul", { class: "inline" }, ...entries),
  );
}

function byPerson(view) {
  const { video } = view;
  const { people } = video.quality;
  if (people.length < 2) return null;
  const share = (label, key, wide) => ({ label, wide, value: (t) => t[key], cell: (t) => percent(t[key], 1) });
  const columns = [
    { label: "who", text: true, value: (t) => t.id, cell: (t) => whoIs(video, t.id) },
    share("not readable", "unreadable"),
    share("too small", "small", true),
    share("blurred", "blurred"),
    share("turned", "turned"),
    share("dark", "dark"),
    { label: "face", unit: "px", value: (t) => t.face_px, cell: (t) => fixed(t.face_px, 0) },
    { label: "detector's score", wide: true, value: (t) => t.score, cell: (t) => fixed(t.score, 2) },
  ];
  return el(
    "details",
    {},
    el("summary", {}, `by ${video.unit}`),
    sortableTable("quality", columns, people, { most: 100 }).node,
  );
}

function buildAudit(view) {
  const { audit } = view.video;
  const failed = audit.filter((check) => !check.passed).length;
  const rows = audit.map((check) =>
    el(
      "tr",
      { class: check.passed ? null : "failed" },
      el("td", { class: "verdict" }, check.passed ? "✓ passed" : "✗ failed"),
      el("th", { scope: "row" }, check.name),
      el("td", { class: "muted" }, check.found),
    ),
  );
  const verdict = failed
    ? `${count(failed, "check")} of ${audit.length} failed: this file was edited, or is damaged.`
    : `The file agrees with itself: all ${audit.length} checks passed.`;
  const table = el("table", { class: "facts" }, el("caption", { class: "visually-hidden" }, "audit"), el("tbody", {}, ...rows));
  const details = el("details", { open: failed > 0 }, el("summary", {}, "the checks"), el("div", { class: "table" }, table));
  return section("audit", "Audit", el("p", { class: failed ? "problem" : null }, verdict), details);
}

function buildProvenance(view) {
  const { video } = view;
  const terms = [
    ["video", video.name],
    ...entries(video.source),
    ...entries(video.facts),
    ["report", `feelit ${REPORT.version}`],
  ];
  const list = el("dl", {}, ...terms.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  return section("provenance", "Provenance", el("details", {}, el("summary", {}, "models, settings and files"), list));
}

/** Nested values as pairs of texts, names joined by spaces. */
function entries(value, path = []) {
  if (value !== null && typeof value === "object") {
    return Object.entries(value).flatMap(([name, item]) => entries(item, [...path, name.replaceAll("_", " ")]));
  }
  return [[path.join(" "), value === null ? "not set" : String(value)]];
}
