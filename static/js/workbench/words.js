// Rows and groups in words, mostly for screen readers.

import { UNSURE } from "./work.js";

/** AA is no word: it is spelled. */
const spelled = (label) => [...label].join(" ");

/** The row of the cursor, and where that is. */
export function placeInWords(work) {
  const { cursor, rows } = work;
  const label = spelled(work.label(cursor));
  if (work.isLocked(cursor)) return interpolate(gettext("Row %s of %s, group %s, settled."), [cursor + 1, rows.length, label]);
  const given = work.isProposed(cursor) ? gettext("Row %s of %s, group %s proposed.") : gettext("Row %s of %s, group %s.");
  const words = label ? given : gettext("Row %s of %s, no group.");
  const values = label ? [cursor + 1, rows.length, label] : [cursor + 1, rows.length];
  return interpolate(label === UNSURE ? gettext("Row %s of %s, unsure.") : words, label === UNSURE ? values.slice(0, 2) : values);
}

/** What a row counts as now. */
export function rowInWords(work, index) {
  const label = work.label(index);
  if (label === UNSURE) return interpolate(gettext("Row %s: unsure."), [index + 1]);
  return label ? interpolate(gettext("Row %s: %s."), [index + 1, spelled(label)]) : interpolate(gettext("Row %s: no group."), [index + 1]);
}

/** That a proposed group took another letter. */
export function moveInWords([from, to]) {
  if (!to) return interpolate(gettext("No letter is left for the rows that were proposed as %s: give them a group yourself."), [from]);
  return interpolate(gettext("The rows below that were proposed as %s are now %s, to keep them apart from your group %s."), [from, to, from]);
}
