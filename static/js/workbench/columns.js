// The columns panel: show, hide and reorder, by mouse or keyboard.

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
    item.append(label, this.mover(name, -1, "↑", gettext("Move %s left"), at === 0), this.mover(name, 1, "↓", gettext("Move %s right"), at === count - 1));
    return item;
  }

  mover(name, by, sign, words, off) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-bare";
    button.textContent = sign;
    button.disabled = off;
    button.setAttribute("aria-label", interpolate(words, [name]));
    button.addEventListener("click", () => {
      this.prefs.move(this.bench.question.columns, name, by);
      this.bench.relayout();
      this.draw();
    });
    return button;
  }
}
