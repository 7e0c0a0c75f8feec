// When expressions were shown most clearly.

const MOMENTS_AT_FIRST = 6;

function buildMoments(view) {
  const { video } = view;
  if (!video.moments.length)
    return section("moments", "Strongest moments", el("p", {}, "No other expression than neutral was shown."));
  const grid = el("ul", { class: "moments" });
  const more = el("button", { type: "button", onclick: () => fill(video.moments.length) }, `show all ${video.moments.length}`);

  const moments = inTurns(video.moments);

  function fill(most) {
    const shown = moments.slice(0, most);
    grid.replaceChildren(...shown.map((moment) => el("li", {}, ...card(view, moment))));
    more.hidden = shown.length === video.moments.length;
  }

  fill(MOMENTS_AT_FIRST);
  const note = `At most three of every ${video.unit}, at least two seconds apart, by how clearly the smoothed expression is shown.`;
  return section("moments", "Strongest moments", grid, more, el("p", { class: "muted small" }, note));
}

/** The strongest moment of every person first, then the second of each. */
function inTurns(moments) {
  const turns = new Map();
  const turn = moments.map((moment) => {
    turns.set(moment.person, (turns.get(moment.person) ?? 0) + 1);
    return turns.get(moment.person);
  });
  return [...moments.keys()].sort((a, b) => turn[a] - turn[b] || a - b).map((n) => moments[n]);
}

function card(view, moment) {
  const who = whoIs(view.video, moment.person);
  const alt = `${who} at ${clock(moment.time_s)}, shows ${moment.emotion}`;
  return [
    moment.picture ? el("img", { src: moment.picture, alt, width: 144, height: 144 }) : null,
    el("div", {}, labelled(moment.emotion, percent(moment.confidence))),
    el("div", { class: "row" }, el("span", {}, who), timeButton(view, moment.time_s), clipLink(view.video, moment.time_s)),
  ];
}
