// What a value has that the value it is compared with has not: by character where the two are alike, by word where they are not.

import { sameValue } from "./values.js";

const MAX_CHARACTERS = 400;
const ALIKE = 0.5;
/** How many pairs of words are looked at: some hundredths of a second. */
const MAX_PAIRS = 2_000_000;
/** Words and the spaces between them; scripts without spaces have a word for each character, with the marks on it. */
const WORDS = /(\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]\p{M}*)/u;
/** What a reader takes for one character: a letter with its accents, however many a computer counts. Of an accent alone nothing would be seen. */
const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const memo = new Map();

/**
 * Parts of `value` in order: {text, kind}, kind "same" | "new" | "gone".
 * A "gone" part has no text of its own; it marks the place where `against` has something that `value` lacks.
 */
export function difference(value, against) {
  if (!value || sameValue(value, against)) return [{ text: value, kind: "same" }];
  const key = `${value}\u0000${against}`;
  let parts = memo.get(key);
  if (!parts) {
    parts = compare(value, against);
    if (memo.size > 5000) memo.clear();
    memo.set(key, parts);
  }
  return parts;
}

function compare(value, against) {
  if (value.length <= MAX_CHARACTERS && against.length <= MAX_CHARACTERS) {
    const parts = align(characters(value), characters(against));
    if (shareSame(parts, value.length, against.length) >= ALIKE) return tidy(parts);
  }
  const words = alignLong(value.split(WORDS).filter(Boolean), against.split(WORDS).filter(Boolean));
  if (words.some((part) => part.kind === "same" && part.text.trim())) return tidy(words);
  return [{ text: value, kind: "new" }];
}

function characters(text) {
  return [...CHARACTERS.segment(text)].map(({ segment }) => segment);
}

/** 1 when nothing differs, 0 when nothing is the same. */
function shareSame(parts, one, other) {
  const same = parts.reduce((sum, part) => sum + (part.kind === "same" ? part.text.length : 0), 0);
  return (2 * same) / (one + other);
}

/** As `align`; where that would take too long, what stands between the common beginning and the common end is new as a whole. */
function alignLong(value, against) {
  if (value.length * against.length <= MAX_PAIRS) return align(value, against);
  const shortest = Math.min(value.length, against.length);
  let start = 0;
  while (start < shortest && value[start] === against[start]) start++;
  let end = 0;
  while (end < shortest - start && value.at(-1 - end) === against.at(-1 - end)) end++;
  const middle = value.slice(start, value.length - end);
  const other = against.slice(start, against.length - end);
  const small = middle.length * other.length <= MAX_PAIRS;
  return [
    { text: value.slice(0, start).join(""), kind: "same" },
    ...(small ? align(middle, other) : [{ text: middle.join(""), kind: "new" }]),
    { text: value.slice(value.length - end).join(""), kind: "same" },
  ];
}

/** The fewest changes that turn `against` into `value` (Levenshtein), compared without regard to case. */
function align(value, against) {
  const a = value.map((token) => token.toLowerCase().normalize());
  const b = against.map((token) => token.toLowerCase().normalize());
  const width = b.length + 1;
  const cost = new Uint16Array((a.length + 1) * width);
  for (let i = a.length; i >= 0; i--) {
    for (let j = b.length; j >= 0; j--) {
      const at = i * width + j;
      if (i === a.length) cost[at] = b.length - j;
      else if (j === b.length) cost[at] = a.length - i;
      else if (a[i] === b[j]) cost[at] = cost[at + width + 1];
      else cost[at] = 1 + Math.min(cost[at + width + 1], cost[at + width], cost[at + 1]);
    }
  }
  const parts = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const at = i * width + j;
    if (i < a.length && j < b.length && a[i] === b[j]) {
      parts.push({ text: value[i++], kind: "same" });
      j++;
    } else if (i < a.length && j < b.length && cost[at] === cost[at + width + 1] + 1) {
      parts.push({ text: value[i++], kind: "new" });
      j++;
    } else if (i < a.length && cost[at] === cost[at + width] + 1) {
      parts.push({ text: value[i++], kind: "new" });
    } else {
      parts.push({ text: "", kind: "gone" });
      j++;
    }
  }
  return parts;
}

/** Neighbours of one kind joined; a gap beside new text is no news, the new text shows it. */
function tidy(parts) {
  const joined = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && last.kind === part.kind) last.text += part.text;
    else joined.push({ ...part });
  }
  return joined.filter(
    (part, index) =>
      part.kind !== "gone" || (joined[index - 1]?.kind !== "new" && joined[index + 1]?.kind !== "new"),
  );
}
