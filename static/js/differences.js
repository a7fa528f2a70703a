// Marks the values that differ from those of the first row of their table: by the workbench's rule, so that both call the same values different.

import { sameValue } from "./workbench/values.js";

for (const table of document.querySelectorAll("[data-differences]")) {
  const [first, ...others] = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("[data-compared]")]);
  for (const cells of others) {
    cells.forEach((cell, place) => cell.classList.toggle("differs", !sameValue(cell.textContent, first[place].textContent)));
  }
}
