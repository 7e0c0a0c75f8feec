// Tables whose columns sort, and lists that begin short.

/**
 * `columns`: {label, unit, value(row) to sort by, cell(row) → node or text, text: whether it is no number,
 * wide: hidden on phones}.
 * `sort`: [number of the column, 1 rising or -1 falling] to begin with, or null to keep the order.
 */
function sortableTable(caption, columns, rows, { sort = null, most = Infinity } = {}) {
  const body = el("tbody");
  const heads = columns.map((column, n) => {
    const unit = column.unit ? el("span", { class: "unit" }, ` ${column.unit}`) : null;
    const button = el("button", { type: "button", onclick: () => sortBy(n) }, column.label, unit);
    return el("th", { scope: "col", class: classes(column) }, column.value ? button : el("span", {}, column.label, unit));
  });
  const more = el("button", { type: "button", onclick: () => ((limit = Infinity), fill()) });
  let limit = most;
  let current = rows;
  let order = sort;

  function sortBy(n) {
    const falling = order?.[0] === n ? -order[1] : columns[n].text ? 1 : -1;
    order = [n, falling];
    fill();
  }

  function ordered() {
    if (!order) return current;
    const { value } = columns[order[0]];
    return [...current].sort((a, b) => compare(value(a), value(b), order[1]));
  }

  function fill(next = current) {
    current = next;
    heads.forEach((head, n) => {
      if (order?.[0] === n) head.setAttribute("aria-sort", order[1] > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    const chosen = ordered().slice(0, limit);
    body.replaceChildren(
      ...chosen.map((row) =>
        el("tr", {}, ...columns.map((column) => el("td", { class: classes(column) }, ...[column.cell(row)].flat()))),
      ),
    );
    more.hidden = current.length <= chosen.length;
    more.textContent = `show all ${current.length.toLocaleString("en")}`;
  }

  fill();
  const table = el(
    "table",
    {},
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", {}, el("tr", {}, ...heads)),
    body,
  );
  return { node: el("div", { class: "table" }, table, more), fill };
}

function classes(column) {
  return [column.text ? "" : "number", column.wide ? "wide" : ""].join(" ").trim() || null;
}

/** What is undefined comes last, whichever way. */
function compare(a, b, direction) {
  const [noA, noB] = [a === null || a === undefined, b === null || b === undefined];
  if (noA || noB) return noA - noB;
  return direction * (typeof a === "string" ? a.localeCompare(b, "en") : a - b);
}

/** A choice among texts; the empty value stands for all of them. `first` is chosen at the start. */
function picker(label, options, onchange, first = "") {
  const select = el("select", { onchange: () => onchange() }, ...options.map(([value, text]) => el("option", { value }, text)));
  select.value = first;
  return {
    node: el("label", { class: "picker" }, `${label} `, select),
    get value() {
      return select.value;
    },
  };
}

/** A time that moves the cursor there. */
function timeButton(view, time, decimals = 3) {
  const show = () => {
    view.seek(time);
    document.getElementById("who").scrollIntoView({ block: "nearest" });
  };
  return el("button", { type: "button", class: "time", onclick: show, title: "go there" }, clock(time, decimals));
}
