// "Unsure", the groups in use with their counts, and the next free one: what keys do, for hands on a mouse or a screen. "Unsure" comes first,
// because the row of groups grows at its end while it is in use, and what moves there is missed.

import { UNSURE } from "./work.js";

export class Palette {
  constructor(box, groups, onPick) {
    this.box = box;
    this.buttons = new Map();
    for (const label of [UNSURE, ...groups]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "swatch";
      button.dataset.group = label === UNSURE ? "unsure" : label;
      button.innerHTML = '<span class="badge-group"></span><span class="count"></span>';
      button.firstElementChild.textContent = label;
      // The grid keeps the focus, and with it the keys.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => onPick(label));
      this.buttons.set(label, button);
      box.append(button);
    }
  }

  /** `groups` are those that the question has; of them all are shown, or those in use and the `free` one. */
  update(counts, groups, free, picked, all) {
    for (const [label, button] of this.buttons) {
      const count = counts.get(label) ?? 0;
      button.hidden = !(count || label === free || label === UNSURE || label === picked || (all && groups.includes(label)));
      button.lastElementChild.textContent = count || "";
      button.setAttribute("aria-pressed", String(label === picked));
      const name = label === UNSURE ? gettext("Unsure") : interpolate(gettext("Group %s"), [label]);
      button.setAttribute("aria-label", `${name}: ${interpolate(ngettext("%s row", "%s rows", count), [count])}`);
    }
  }
}
