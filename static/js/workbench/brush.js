// Mouse and touch: pick a group in the palette, then click rows or drag over them. A drag that begins on a row's group spreads that
// group without picking one. One drag is one step of undo.

export class Brush {
  /** `paint(indexes, label)` paints and `point(index)` moves the cursor. */
  constructor(grid, { paint, point }) {
    this.grid = grid;
    this.paint = paint;
    this.point = point;
    this.label = null;
    // With a brush in the hand a click on a link paints its row and opens nothing.
    grid.table.addEventListener("click", (event) => {
      if (this.label && event.target.closest("a")) event.preventDefault();
    });
    grid.table.addEventListener("pointerdown", (event) => this.begin(event));
    grid.table.addEventListener("pointermove", (event) => this.move(event));
    grid.table.addEventListener("pointerup", () => this.end());
    // The browser scrolls with what began as a tap, or the system took the finger: nothing was painted.
    grid.table.addEventListener("pointercancel", () => this.forget());
  }

  begin(event) {
    const index = this.grid.indexOf(event.target);
    if (index === null || event.button !== 0) return;
    const onBadge = Boolean(event.target.closest(".cell-group"));
    this.start = index;
    this.carried = this.label ?? (onBadge ? this.grid.work.label(index) : "");
    // On a touch screen a drag over the values scrolls; only one along the groups paints.
    this.drags = Boolean(this.carried) && (event.pointerType === "mouse" || onBadge);
    this.painted = new Set();
    if (this.label && event.pointerType === "mouse") this.add(index);
    if (this.drags) {
      event.preventDefault();
      this.grid.table.setPointerCapture(event.pointerId); // wherever the button is let go, the drag ends
    }
    this.grid.table.focus({ preventScroll: true });
    this.point(index);
  }

  move(event) {
    if (this.start === undefined || !this.drags) return;
    const index = this.grid.indexOf(document.elementFromPoint(event.clientX, event.clientY));
    if (index === null || (index === this.start && !this.painted.size)) return;
    const [from, to] = [Math.min(this.start, index), Math.max(this.start, index)];
    for (let at = from; at <= to; at++) this.add(at);
  }

  add(index) {
    if (this.painted.has(index)) return;
    this.painted.add(index);
    this.grid.rows[index].classList.add("is-painted");
  }

  end() {
    if (this.start === undefined) return;
    // A tap paints when the finger leaves, so that a scroll does not.
    if (this.label && !this.painted.size) this.painted.add(this.start);
    const indexes = [...this.painted];
    this.forget();
    if (indexes.length) this.paint(indexes, this.carried);
  }

  forget() {
    for (const index of this.painted ?? []) this.grid.rows[index]?.classList.remove("is-painted");
    this.start = undefined;
    this.painted = new Set();
  }
}
