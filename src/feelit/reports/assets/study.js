// Buttons of tables and figures: the data behind them as CSV, and the picture as SVG.

for (const place of document.querySelectorAll(".save")) {
  const name = place.dataset.name;
  const button = (label, title, act) => el("button", { type: "button", class: "quiet", title, onclick: act }, label);
  const rows = () => JSON.parse(document.getElementById(place.dataset.rows).textContent);
  place.append(button("data", "save the data as CSV", () => saveAs(`${name}.csv`, csvOf(rows()), "text/csv")));
  const picture = place.closest("figure")?.querySelector("svg");
  if (picture) {
    const text = () => new XMLSerializer().serializeToString(picture);
    place.append(button("picture", "save the picture as SVG", () => saveAs(`${name}.svg`, text(), "image/svg+xml")));
  }
}
document.getElementById("page").dataset.ready = "1";
