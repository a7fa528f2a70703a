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

/** What to do next, for somebody who has never done it. Each hint goes once it is followed. */
export function firstHint(work, byFinger) {
  const given = work.rows.some((_row, index) => work.label(index) && !work.isProposed(index));
  if (work.gaps().length && !given) {
    return byFinger
      ? gettext("Tap A below, then each row that is the same as row 1.")
      : gettext("Begin with row 1: press A to put it into a group.");
  }
  if (work.gaps().length) {
    return byFinger
      ? gettext("For something else tap the next letter, then its rows. You cannot tell? Tap ? and then the row.")
      : gettext("Is the row the same as the one above? Press Space. Something else? Press the next letter. You cannot tell? Press U.");
  }
  if (!given) {
    return byFinger
      ? gettext("The engine proposes: rows with the same small letter are the same. Tap Accept if they are; or tap a letter below, then the rows that belong to it.")
      : gettext("The engine proposes: rows with the same small letter are the same. Press Enter if they are; another letter puts a row elsewhere.");
  }
  return byFinger
    ? gettext("Rows with the same letter are the same, all others are different. If that is so, tap Accept.")
    : gettext("Rows with the same letter are the same, all others are different. If that is so, press Enter.");
}

/** That a proposed group took another letter. */
export function moveInWords([from, to]) {
  if (!to) return interpolate(gettext("No letter is left for the rows that were proposed as %s: give them a group yourself."), [from]);
  return interpolate(gettext("The rows below that were proposed as %s are now %s, to keep them apart from your group %s."), [from, to, from]);
}
