// The columns panel: show, hide, pin and reorder, by mouse or keyboard.

/** Columns from which one is looked for rather than seen. */
const MANY = 12;

export class Columns {
  constructor(box, bench, prefs) {
    this.box = box;
    this.bench = bench;
    this.prefs = prefs;
    const menu = box.closest("details");
    this.tools = menu.querySelector("[data-column-tools]");
    this.find = menu.querySelector("[data-column-find]");
    this.find.addEventListener("input", () => this.draw());
    for (const button of menu.querySelectorAll("[data-column-all]")) {
      button.addEventListener("click", () => this.hideAll(button.dataset.columnAll === "hide"));
    }
    menu.addEventListener("toggle", () => this.draw());
    // As from the guidelines, Esc leads back to the rows, where the keys work.
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      menu.open = false;
      bench.grid.table.focus({ preventScroll: true });
    });
  }

  /** All columns, in their order. */
  get names() {
    return this.prefs.order(this.bench.question.columns);
  }

  /** Those whose names have what is looked for. */
  get found() {
    const wanted = this.find.value.trim().toLowerCase();
    return this.names.filter((name) => name.toLowerCase().includes(wanted));
  }

  draw() {
    const { names } = this;
    this.tools.hidden = names.length <= MANY;
    this.box.replaceChildren(...this.found.map((name) => this.item(name, names.indexOf(name), names.length)));
  }

  hideAll(hidden) {
    this.prefs.hideAll(this.names, this.found, hidden);
    this.bench.relayout();
    this.draw();
  }

  item(name, at, count) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "form-check-input";
    box.checked = !this.prefs.hides(name);
    box.addEventListener("change", () => {
      this.prefs.hide(name, !box.checked);
      this.bench.relayout();
    });
    label.append(box, name);
    item.append(
      label,
      this.pinner(name),
      this.mover(name, -1, "↑", gettext("Move %s left"), at === 0),
      this.mover(name, 1, "↓", gettext("Move %s right"), at === count - 1),
    );
    return item;
  }

  pinner(name) {
    const pins = this.prefs.pins(name);
    const words = interpolate(gettext("Keep %s visible"), [name]);
    const button = this.button("", words, () => this.prefs.pin(name, !pins));
    button.append(this.bench.grid.icon(pins ? "pinned" : "pin", words));
    button.setAttribute("aria-pressed", String(pins));
    return button;
  }

  mover(name, by, sign, words, off) {
    const button = this.button(sign, interpolate(words, [name]), () => {
      this.prefs.move(this.bench.question.columns, name, by);
    });
    button.disabled = off;
    return button;
  }

  /** A small button; after its change the grid and the panel are drawn anew and it has the focus again. */
  button(sign, words, change) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-bare";
    button.textContent = sign;
    button.title = words;
    button.setAttribute("aria-label", words);
    button.addEventListener("click", () => {
      change();
      this.bench.relayout();
      this.draw();
      this.box.querySelector(`button[aria-label="${CSS.escape(words)}"]`)?.focus();
    });
    return button;
  }
}
