// What faces did besides what they seem to feel: one row a person.

function buildSignals(view) {
  const { video } = view;
  const { signals } = video;
  if (!signals.length) return null;
  const number = (label, key, rest = {}) => ({ label, value: (s) => s[key], cell: (s) => (s[key] === null ? DASH : fixed(s[key], 0)), ...rest });
  const share = (label, key, rest = {}) => ({ label, value: (s) => s[key], cell: (s) => percent(s[key]), ...rest });
  const columns = [
    { label: "who", text: true, value: (s) => s.person_id, cell: (s) => whoIs(video, s.person_id) },
    share("at the camera", "camera_share"),
    share("facing away", "away_share"),
    share("smiling", "smile_share"),
    share("of it Duchenne", "duchenne_share", { wide: true }),
    number("smiles with others", "mutual_smiles", { wide: true }),
    number("nods", "nods"),
    number("shakes", "shakes"),
    { label: "blinks a minute", wide: true, value: (s) => s.blinks_per_min, cell: (s) => (s.blinks_per_min === null ? DASH : fixed(s.blinks_per_min, 1)) },
  ];
  const table = sortableTable("signals", columns, signals, { most: 100 });
  const names = Object.keys(signals[0]).filter((name) => name !== "video");
  const data = () => [names, ...signals.map((one) => names.map((name) => one[name]))];
  const note =
    "Shares of the time in which a face was large enough. At the camera: gaze within 15° of it. Facing away: the head is turned aside by more than 45°. " +
    "Nods and shakes: three turns of the head or more at 0.5 to 4 Hz. They and blinks need nine samples a second.";
  return section(
    "signals",
    ["What faces did", saveButtons(fileName(video, "signals"), data)],
    table.node,
    el("p", { class: "muted small" }, note),
  );
}
