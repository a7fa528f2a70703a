// The order rows are shown in: likely matches stand next to each other. Worked out once when a question is opened, from its values
// alone, so that a reload shows the same order and nothing moves while someone types.

import { comparable } from "./values.js";

/** Starts with the first row; then always the row that is most like one that stands there already. */
export function arrange(rows, keyColumn) {
  const left = rows.map((row) => ({ row, ...features(row, keyColumn), score: -1 }));
  const placed = [];
  while (left.length) {
    let best = 0;
    left.forEach((candidate, index) => {
      if (candidate.score > left[best].score) best = index;
    });
    const [next] = left.splice(best, 1);
    placed.push(next.row);
    for (const candidate of left) candidate.score = Math.max(candidate.score, alike(next, candidate));
  }
  return placed;
}

function features(row, keyColumn) {
  const columns = row.values.map((value, index) => (index === keyColumn ? new Set() : pairsOf(comparable(value))));
  return { columns, whole: new Set(columns.flatMap((pairs) => [...pairs])) };
}

function pairsOf(text) {
  const pairs = new Set();
  for (let i = 0; i < Math.min(text.length, 200) - 1; i++) pairs.add(text.slice(i, i + 2));
  return pairs;
}

/** Column by column where both have a value, and as a whole: values stand in the wrong column at times. */
function alike(one, other) {
  const filled = one.columns.flatMap((pairs, index) => (pairs.size && other.columns[index].size ? [index] : []));
  const byColumn = filled.reduce((sum, index) => sum + shared(one.columns[index], other.columns[index]), 0);
  return (filled.length ? byColumn / filled.length : 0) + shared(one.whole, other.whole);
}

/** The share of neighbouring characters that both have (Dice). */
function shared(one, other) {
  if (!one.size || !other.size) return 0;
  let both = 0;
  for (const pair of one) if (other.has(pair)) both++;
  return (2 * both) / (one.size + other.size);
}
