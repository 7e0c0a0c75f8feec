// Which page is shown is what the address says: nothing, #video-2, or #video-2@61.5 for a moment in it.

const HERE = document.getElementById("page");
let current = null;
let turn = 0;

function addressed() {
  const found = /^#video-(\d+)(?:@(\d+(?:\.\d+)?))?$/.exec(location.hash);
  const number = found ? Number(found[1]) : REPORT.videos.length === 1 ? 1 : 0;
  return { number: number <= REPORT.videos.length ? number : 0, time: found?.[2] ? Number(found[2]) : null };
}

async function open() {
  const { number, time } = addressed();
  const mine = ++turn;
  if (current?.number === number && number) return time === null ? null : current.view.seek(time);
  const next = number ? await buildVideo(number) : buildContents();
  if (mine !== turn) return; // another page was asked for meanwhile
  current?.end();
  current = { ...next, number };
  HERE.replaceChildren(next.node);
  next.begin();
  document.title = `${number ? REPORT.videos[number - 1].title : count(REPORT.videos.length, "video")} · feelit report`;
  scrollTo(0, 0);
  if (time !== null) next.view?.seek(time);
  HERE.dataset.ready = String(number);
  requestAnimationFrame(() => setTimeout(() => performance.mark("painted"))); // for whoever measures how long this takes
}

theme.apply();
addEventListener("hashchange", open);
open();
