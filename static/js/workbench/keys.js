// Which key does what. One table: the help dialog is drawn from it, and a command without a key is one that cannot be used.

import { UNSURE } from "./work.js";

export function commands(bench) {
  return [
    { keys: ["A … O"], says: gettext("Put the row into this group and go on"), matches: (key) => bench.groups.includes(key), run: (key) => bench.paint(key) },
    { keys: [gettext("Space")], says: gettext("Same group as the row above"), matches: (key, event) => key === " " && !event.shiftKey, run: () => bench.sameAsAbove() },
    { keys: ["=", gettext("Shift Space")], says: gettext("A new group"), matches: (key) => key === "=" || key === " ", run: () => bench.newGroup() },
    { keys: ["U"], says: gettext("Unsure: the row is left out of the labels"), matches: (key) => key === "U", run: () => bench.paint(UNSURE) },
    { keys: [gettext("Enter")], says: gettext("Accept and go to the next question"), matches: (key) => key === "ENTER", run: () => bench.accept() },
    { keys: ["Z"], says: gettext("Undo, also back into the last question"), matches: (key) => key === "Z", run: () => bench.undo() },
    { keys: ["Y"], says: gettext("Redo"), matches: (key) => key === "Y", run: () => bench.redo() },
    { keys: ["T"], says: gettext("All together: one group"), matches: (key) => key === "T", run: () => bench.together() },
    { keys: ["W"], says: gettext("All different: each row a group of its own"), matches: (key) => key === "W", run: () => bench.different() },
    { keys: ["X"], says: gettext("Clear the row"), matches: (key) => ["X", "BACKSPACE", "DELETE"].includes(key), run: () => bench.clear() },
    { keys: ["S"], says: gettext("Skip: the question comes back later, or to others"), matches: (key) => key === "S", run: () => bench.skip() },
    { keys: ["↑", "↓"], says: gettext("Move"), matches: (key) => key === "ARROWUP" || key === "ARROWDOWN", run: (key) => bench.step(key === "ARROWUP" ? -1 : 1) },
    { keys: ["1 … 9", "0"], says: gettext("Jump to the row; 0 is row 10"), matches: (key) => /^\d$/.test(key), run: (key) => bench.jump(key === "0" ? 9 : Number(key) - 1) },
    { keys: [gettext("Home"), gettext("End")], says: gettext("First and last row"), matches: (key) => key === "HOME" || key === "END", run: (key) => bench.jump(key === "HOME" ? 0 : Infinity) },
    { keys: ["←", "→"], says: gettext("See more columns"), matches: (key) => key === "ARROWLEFT" || key === "ARROWRIGHT", run: (key) => bench.pan(key === "ARROWLEFT" ? -1 : 1) },
    { keys: ["V"], says: gettext("Show differing columns, only differences, or everything"), matches: (key) => key === "V", run: () => bench.cycleDisplay() },
    { keys: ["R"], says: gettext("Proposal of the engine on or off"), matches: (key) => key === "R", run: () => bench.toggleProposal() },
    { keys: ["P"], says: gettext("Open or clamp long texts"), matches: (key) => key === "P", run: () => bench.toggleLong() },
    { keys: [gettext("Esc")], says: gettext("Put the brush down"), matches: (key) => key === "ESCAPE", run: () => bench.pick(null) },
    { keys: ["?"], says: gettext("These keys"), matches: (key) => key === "?", run: () => bench.help() },
  ];
}

/** Run what the key stands for, if anything; `seen` is told first. */
export function press(table, event, seen) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const key = event.key.toUpperCase();
  const command = table.find((entry) => entry.matches(key, event));
  if (!command) return;
  event.preventDefault();
  seen();
  command.run(key);
}
