// Which key does what. One table: the help dialog is drawn from it, and a command without a key is one that cannot be used.
// A person may give the commands other keys; groups, digits and arrows are what they say and stay.

import { UNSURE } from "./work.js";

/**
 * `keys` are the usual ones, `also` those that it has whatever the person chose. A command with `shown` stands for a family of keys that
 * cannot be changed, one with `when` is not always there, one with `once` does nothing more while its key is held down.
 */
export function commands(bench, session, side) {
  const letters = bench.groups.filter((label) => label.length === 1);
  const digits = [..."1234567890"];
  const jump = { id: "jump", keys: digits, shown: ["1 … 9", "0"], says: gettext("Jump to the row; 0 is row 10"), run: (key) => bench.jump(key === "0" ? 9 : Number(key) - 1) };
  const take = { id: "take", keys: digits.slice(0, 9), shown: ["1", "2", "…"], says: gettext("Take the grouping of this person"), run: (key) => bench.takeByKey(Number(key) - 1) };
  const proposal = { id: "proposal", keys: ["R"], says: gettext("Turn the engine’s proposal on or off"), run: () => bench.toggleProposal() };
  return [
    { id: "paint", keys: letters, shown: ["A … O"], once: true, says: gettext("Put the row into this group and go to the next row"), run: (key) => bench.paint(key) },
    {
      id: "paint-doubled",
      keys: letters.map((letter) => `Shift+${letter}`),
      once: true,
      shown: [gettext("Shift"), "A … O"],
      says: gettext("Put the row into group AA … OO and go to the next row, if there are more than 15 rows"),
      when: () => bench.hasDoubled,
      run: (key) => bench.paint(key.at(-1).repeat(2)),
    },
    { id: "same", keys: ["Space"], once: true, says: gettext("Same group as the row above"), run: () => bench.sameAsAbove() },
    { id: "new", keys: ["=", "Shift+Space"], once: true, says: gettext("A new group"), run: () => bench.newGroup() },
    { id: "unsure", keys: ["U"], once: true, says: gettext("Unsure: the row is left out of the labels"), run: () => bench.paint(UNSURE) },
    { id: "accept", keys: ["Enter"], once: true, says: gettext("Accept and go to the next question"), run: () => session.accept() },
    { id: "undo", keys: ["Z"], also: ["Ctrl+Z", "Meta+Z"], says: gettext("Undo, even back into the previous question"), run: (_key, held) => bench.undo(held) },
    { id: "redo", keys: ["Y"], also: ["Ctrl+Y", "Shift+Ctrl+Z", "Shift+Meta+Z"], says: gettext("Redo"), run: () => bench.redo() },
    { id: "together", keys: ["T"], once: true, says: gettext("All together: one group"), run: () => bench.together() },
    { id: "different", keys: ["W"], once: true, says: gettext("All different: each row a group of its own"), run: () => bench.different() },
    { id: "clear", keys: ["X", "Backspace", "Delete"], says: gettext("Clear the row"), run: () => bench.clear() },
    { id: "skip", keys: ["S"], once: true, says: gettext("Skip: the question comes back later, or to others"), run: () => session.skip() },
    { id: "move", keys: ["ArrowUp", "ArrowDown"], shown: ["↑", "↓"], says: gettext("Move"), run: (key) => bench.step(key === "ArrowUp" ? -1 : 1) },
    ...(session.decides ? [take] : [jump, proposal]),
    { id: "ends", keys: ["Home", "End"], shown: [gettext("Home"), gettext("End")], says: gettext("First and last row"), run: (key) => bench.jump(key === "Home" ? 0 : Infinity) },
    { id: "pan", keys: ["ArrowLeft", "ArrowRight"], shown: ["←", "→"], says: gettext("Scroll the columns"), run: (key) => bench.pan(key === "ArrowLeft" ? -1 : 1) },
    { id: "view", keys: ["V"], says: gettext("Show differing columns, only differences, or everything"), run: () => bench.cycleDisplay() },
    { id: "long", keys: ["P"], says: gettext("Show long texts in full or shortened"), run: () => bench.toggleLong() },
    { id: "side", keys: ["Q"], says: gettext("Guidelines and comments"), run: () => side.toggle() },
    { id: "comment", keys: ["Shift+Q"], once: true, says: gettext("Write a comment; Esc goes back to the rows"), run: () => side.comment() },
    { id: "put-down", keys: ["Escape"], shown: [gettext("Esc")], says: gettext("Put the brush down"), run: () => bench.pick(null) },
    { id: "help", keys: ["?"], says: gettext("These keys"), run: () => bench.help() },
  ];
}

let otherScript = false; // whether the letter that was typed last was not a Latin one

/**
 * What stands on the cap in Latin letters and digits, for who types in another script: the keys are named by them. Such a script may also have
 * punctuation, marks or two characters where Latin has a letter. Latin letters go by the character: layouts do not agree on their places.
 */
function latin({ key, code, shiftKey }, typed) {
  const [, kind, onCap] = /^(Key|Digit)(.)$/.exec(code) ?? [];
  const isLetter = /[\p{L}\p{M}\p{Nd}]/u.test(key) && !/[\p{Script=Latin}\d]/u.test(key);
  if (isLetter && !typed) otherScript = true;
  else if (/\p{Script=Latin}/u.test(key) && !shiftKey) otherScript = false; // some layouts have Latin capitals with Shift
  const isOther = isLetter || (kind === "Key" && otherScript && !/[\p{Script=Latin}\d]/u.test(key));
  return (isOther && !typed && onCap) || key.toUpperCase();
}

/** The digit on the cap of a key that gives it with Shift alone, as on French and Czech keyboards; nothing for other keys. */
function shiftedDigit(event) {
  const held = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.getModifierState?.("AltGraph");
  return held ? undefined : /^Digit(\d)$/.exec(event.code)?.[1];
}

/** The name of the key that was pressed, with Ctrl, Alt and Meta, and Shift where it does not show in the character; "" for none. */
export function keyName(event) {
  if (event.isComposing || ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead"].includes(event.key)) return "";
  const typed = event.getModifierState?.("AltGraph");
  const held = [
    ["Ctrl", event.ctrlKey && !typed],
    ["Alt", event.altKey && !typed],
    ["Meta", event.metaKey],
    ["Shift", event.shiftKey && event.key === " "],
  ].flatMap(([name, down]) => (down ? [name] : []));
  const key = event.key === " " ? "Space" : event.key.length === 1 || /[^\x20-\x7e]/.test(event.key) ? latin(event, typed) : event.key;
  return [...held, key].join("+");
}

/** The name of a key as it stands on a cap. */
export function cap(key) {
  const names = { Space: gettext("Space"), "Shift+Space": gettext("Shift Space"), Enter: gettext("Enter"), Backspace: "⌫", Delete: gettext("Del") };
  return names[key] ?? key.replaceAll("+", " ").replace(/^ $/, "+");
}

function isSingle(key) {
  return key.length === 1 || key === "Space" || /^Shift\+(.|Space)$/.test(key);
}

/** The table with the keys of one person: `enabled` says whether single characters do anything, `keymap` is {command id: key}. */
export class Keys {
  constructor(table, { enabled, keymap }) {
    this.table = table;
    this.enabled = enabled;
    this.keymap = { ...keymap };
  }

  keysOf(command) {
    return !command.shown && this.keymap[command.id] ? [this.keymap[command.id]] : command.keys;
  }

  /** The commands that are there now. */
  get present() {
    return this.table.filter(({ when }) => !when || when());
  }

  owner(key) {
    return this.present.find((command) => this.keysOf(command).includes(key) || command.also?.includes(key));
  }

  /** Give a command another key. Returns the command that has that key already, and then changes nothing. */
  remap(command, key) {
    const owner = this.owner(key);
    if (owner && owner !== command) return owner;
    this.keymap[command.id] = key;
    return null;
  }

  reset() {
    this.keymap = {};
  }

  /** Run what the key stands for, if anything; `seen` is told first. */
  press(event, seen) {
    const name = keyName(event);
    const plain = this.owner(name) ? name : (shiftedDigit(event) ?? name);
    // Where Shift makes no other command of a character, it is passed over.
    const key = event.shiftKey && this.owner(`Shift+${plain}`) ? `Shift+${plain}` : plain;
    const command = this.owner(key);
    if (!command || (isSingle(key) && !this.enabled && command.id !== "help")) return;
    event.preventDefault();
    if (command.once && event.repeat) return;
    seen();
    command.run(key, event.repeat);
  }

  asJson() {
    return { enabled: this.enabled, keymap: this.keymap };
  }
}
