// The columns panel: show, hide, pin and reorder, by mouse or keyboard.

export class Columns {
  constructor(box, bench, prefs) {
    this.box = box;
    this.bench = bench;
    this.prefs = prefs;
    box.closest("details").addEventListener("toggle", () => this.draw());
  }

  draw() {
    const { columns } = this.bench.question;
    this.box.replaceChildren(...this.prefs.order(columns).map((name, at, all) => this.item(name, at, all.length)));
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
