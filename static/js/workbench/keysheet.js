// The dialog with all keys: what each does, another key for a command, single keys on or off, back to the usual ones.

import { cap, keyName } from "./keys.js";

export class KeySheet {
  /** `save(keys)` keeps what was changed; `page` has the hints that name keys. */
  constructor(sheet, page, keys, save) {
    this.page = page;
    this.keys = keys;
    this.save = save;
    this.list = sheet.querySelector("[data-keys]");
    this.status = sheet.querySelector("[data-keys-status]");
    this.switch = sheet.querySelector("[data-keys-on]");
    this.switch.addEventListener("change", () => this.changed(() => (keys.enabled = this.switch.checked)));
    sheet.querySelector("[data-keys-reset]").addEventListener("click", () => {
      this.changed(() => keys.reset());
      this.status.textContent = gettext("All commands have their default keys again.");
    });
    sheet.addEventListener("close", () => this.stop());
  }

  changed(change) {
    change();
    this.draw();
    this.save(this.keys.asJson());
  }

  /** What the server refused, in words. */
  refused(message) {
    this.status.textContent = message;
  }

  /** To be called when a question is on the screen: not each has all keys. */
  draw() {
    this.waiting = null;
    this.switch.checked = this.keys.enabled;
    this.list.replaceChildren(...this.keys.present.map((command) => this.item(command)));
    for (const hint of this.page.querySelectorAll("[data-key-of]")) {
      const command = this.keys.table.find(({ id }) => id === hint.dataset.keyOf);
      const [key] = this.keys.keysOf(command);
      hint.textContent = key === "Enter" ? "⏎" : cap(key);
    }
  }

  item(command) {
    const term = document.createElement("dt");
    for (const key of command.shown ?? this.keys.keysOf(command).map(cap)) {
      const box = document.createElement("kbd");
      box.textContent = key;
      term.append(box, " ");
    }
    const words = document.createElement("dd");
    words.append(command.says);
    if (!command.shown) words.append(" ", this.changer(command));
    const pair = document.createElement("div");
    pair.append(term, words);
    return pair;
  }

  changer(command) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link-button";
    button.textContent = gettext("Change");
    button.dataset.change = command.id;
    button.setAttribute("aria-label", interpolate(gettext("Change the key of “%s”"), [command.says]));
    button.addEventListener("click", () => this.wait(button));
    button.addEventListener("blur", () => this.waiting === button && this.stop());
    button.addEventListener("keydown", (event) => this.waiting === button && this.take(event, command));
    return button;
  }

  wait(button) {
    this.stop();
    this.waiting = button;
    button.textContent = gettext("Press a key…");
    this.status.textContent = gettext("Press the new key, or Esc to leave it as it is.");
  }

  stop() {
    if (!this.waiting) return;
    this.waiting.textContent = gettext("Change");
    this.waiting = null;
    this.status.textContent = "";
  }

  take(event, command) {
    const key = keyName(event);
    if (!key || key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "Escape") {
      this.stop();
      return;
    }
    const owner = this.keys.remap(command, key);
    if (owner) {
      this.status.textContent = interpolate(gettext("%s is already the key of “%s”. Press another key, or Esc to cancel."), [cap(key), owner.says]);
      return;
    }
    this.changed(() => {});
    this.list.querySelector(`[data-change="${command.id}"]`).focus();
    this.status.textContent = interpolate(gettext("The key of “%s” is now %s."), [command.says, cap(key)]);
  }
}
