// Who was on screen for how long, and what each track showed.

function buildTracks(view) {
  const { video } = view;
  const columns = [
    { label: "track", value: (t) => t.id, cell: (t) => [portrait(t), chip(t.id)].filter(Boolean) },
    {
      label: "shows",
      text: true,
      value: (t) => t.dominant,
      cell: (t) => (t.dominant ? labelled(t.dominant, percent(t.share[EMOTIONS.indexOf(t.dominant)])) : DASH),
    },
    { label: "share of readable time", text: true, cell: (t) => shareBar(t.share) },
    { label: "on screen", unit: "h:mm:ss", value: (t) => t.on_screen_s, cell: (t) => clock(t.on_screen_s, 1) },
    { label: "first seen", wide: true, value: (t) => t.first_seen_s, cell: (t) => timeButton(view, t.first_seen_s, 1) },
    { label: "last seen", wide: true, value: (t) => t.last_seen_s, cell: (t) => timeButton(view, t.last_seen_s, 1) },
    { label: "readable", wide: true, value: (t) => t.readable_share, cell: (t) => percent(t.readable_share) },
    { label: "bouts", wide: true, value: (t) => t.bouts, cell: (t) => String(t.bouts) },
    { label: "mean bout", unit: "s", wide: true, value: (t) => t.mean_bout_s, cell: (t) => fixed(t.mean_bout_s) },
    {
      label: "changes",
      unit: "/min",
      wide: true,
      value: (t) => t.transitions_per_min,
      cell: (t) => fixed(t.transitions_per_min),
    },
  ];
  if (!video.tracks.length) return section("tracks", "Tracks", el("p", {}, "No face was found."));
  const table = sortableTable("tracks", columns, video.tracks, { most: 50 });
  const note = "A bout is a time over which one expression is shown, a change a bout that follows one of another expression.";
  return section("tracks", "Tracks", table.node, el("p", { class: "muted small" }, note));
}
