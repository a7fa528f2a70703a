// The order rows are shown in: likely matches stand next to each other. Worked out once when a question is opened, from its values
// alone, so that a reload shows the same order and nothing moves while someone types.

import { comparable } from "./values.js";

export function arrange(rows, keyColumn) {
  const left = rows.map((row) => ({ row, parts: features(row, keyColumn) }));
  const placed = [];
  while (left.length) {
    let best = 0;
    if (placed.length) {
      let bestScore = -1;
      left.forEach((candidate, index) => {
        const score = alike(placed.at(-1).parts, candidate.parts);
        if (score > bestScore) [best, bestScore] = [index, score];
      });
    }
    placed.push(...left.splice(best, 1));
  }
  return placed.map((item) => item.row);
}

function features(row, keyColumn) {
  return row.values.map((value, index) => (index === keyColumn ? null : pairsOf(comparable(value))));
}

function pairsOf(text) {
  const pairs = new Set();
  for (let i = 0; i < Math.min(text.length, 200) - 1; i++) pairs.add(text.slice(i, i + 2));
  return pairs;
}

/** Mean over the columns that both rows fill of how many neighbouring characters they share. */
function alike(one, other) {
  let sum = 0;
  let columns = 0;
  one.forEach((a, index) => {
    const b = other[index];
    if (!a?.size || !b?.size) return;
    let shared = 0;
    for (const pair of a) if (b.has(pair)) shared++;
    sum += (2 * shared) / (a.size + b.size);
    columns++;
  });
  return columns ? sum / columns : 0;
}
