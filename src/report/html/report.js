// Sorting and filtering of tables, the theme, printing. Text only ever becomes text: nothing here makes markup of a string.
"use strict";

/** An element with attributes and children; a child that is a string is text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const digits = new Intl.NumberFormat("en-US", { useGrouping: "min2" });
const words = new Intl.Collator("en", { numeric: true });

/** `3 of 15 rows`, or `15 rows` when all are shown. */
function countOf(shown, all, noun) {
  const nouns = all === 1 ? noun : noun + "s";
  return shown === all ? `${digits.format(all)} ${nouns}` : `${digits.format(shown)} of ${digits.format(all)} ${nouns}`;
}

/** What a cell is sorted by: its exact value, or its text; null when it is unknown. */
function sortKey(cell) {
  if (cell.classList.contains("null")) return null;
  return cell.dataset.v ?? cell.textContent;
}

function compareKeys(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return a !== "" && b !== "" && Number.isFinite(x) && Number.isFinite(y) ? x - y : words.compare(a, b);
}

/** Puts the rows in order of a column: ascending, descending, then as they came. What is unknown comes last both ways. */
function sortBy(table, heads, column, rows) {
  const next = { none: "ascending", ascending: "descending", descending: "none" };
  const order = next[heads[column].getAttribute("aria-sort") ?? "none"];
  for (const head of heads) head.removeAttribute("aria-sort");
  let sorted = rows;
  if (order !== "none") {
    heads[column].setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = rows.map((row) => [sortKey(row.cells[column]), row]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * compareKeys(a, b);
    });
    sorted = keyed.map(([, row]) => row);
  }
  table.tBodies[0].append(...sorted);
}

/** Turns every heading of a table into a button. */
function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  heads.forEach((head, column) => {
    const button = element("button", { type: "button", class: "sort" }, ...head.childNodes);
    button.addEventListener("click", () => sortBy(table, heads, column, rows));
    head.append(button);
  });
}

/** A labelled field and a live count; `apply` takes the words and gives how many of how many are shown. */
function filterField(id, what, apply) {
  const input = element("input", { id, type: "search", autocomplete: "off", spellcheck: "false" });
  const label = element("label", { for: id }, "Filter", element("span", { class: "unseen" }, ` ${what}`));
  const count = element("output", { for: id, class: "count" });
  const update = () => {
    count.textContent = apply(input.value.toLowerCase().split(/\s+/).filter(Boolean));
  };
  input.addEventListener("input", update);
  update();
  return { field: element("div", { class: "filter" }, label, input, count), update };
}

/** Hides the rows that lack one of the words typed. */
function makeFilterable(section, table) {
  const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  const title = section.querySelector("h3").firstChild.textContent.trim();
  const { field } = filterField(`${section.id}-filter`, title, (wanted) => {
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    return countOf(shown, rows.length, "row");
  });
  section.querySelector(".bar").append(field);
}

function themeButton() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = element("button", { type: "button", id: "theme" }, "Dark theme");
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
  return button;
}

/** Where the style sheet cannot show what is closed, everything is opened for the time of printing. */
function openForPrint() {
  if (CSS.supports("selector(::details-content)")) return;
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) {
      details.dataset.printing = "";
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of closed) {
      details.open = false;
      delete details.dataset.printing;
    }
  });
}

for (const section of document.querySelectorAll("section.table")) {
  const table = section.querySelector("table");
  if (table && table.tBodies[0].rows.length > 1) {
    makeFilterable(section, table);
    makeSortable(table);
  }
}
document.querySelector("header").append(themeButton());
openForPrint();
