"use strict";
const table = document.querySelector("table");
const bodies = Array.from(table.tBodies);
const summary = document.getElementById("summary");
const all = summary.textContent;
const value = (body, column) => body.rows[0].cells[column].dataset.value;

function choose() {
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const facets = Array.from(document.querySelectorAll("fieldset"), (set) => [
    set.dataset.column,
    new Set(Array.from(set.querySelectorAll("input:checked"), (box) => box.value)),
  ]);
  let shown = 0;
  for (const body of bodies) {
    const text = body.rows[0].textContent.toLowerCase();
    const fits = facets.every(([column, values]) => values.has(value(body, column))) && words.every((word) => text.includes(word));
    body.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  summary.textContent = shown === bodies.length ? all : `${all}; ${shown} shown`;
}

function sort(head, column) {
  const falling = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  // Lines of a file are numbers: 9 comes before 10.
  const order = new Intl.Collator("en", { numeric: true }).compare;
  bodies.sort((left, right) => (falling ? -1 : 1) * order(value(left, column), value(right, column)));
  table.append(...bodies);
}

Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => sort(head, column));
});
document.getElementById("choices").addEventListener("input", choose);
document.getElementById("choices").addEventListener("submit", (event) => event.preventDefault());
