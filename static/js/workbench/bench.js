// The workbench: the question on the screen, and what the person does to it.

import { Brush } from "./brush.js";
import { DISPLAYS, Grid, isCrowded } from "./grid.js";
import { Palette } from "./palette.js";
import { UNSURE, Work } from "./work.js";
import { firstHint, moveInWords, placeInWords, rowInWords } from "./words.js";

const narrow = matchMedia("(max-width: 40rem)");
const finger = matchMedia("(pointer: coarse)");

export class Bench {
  /** `onChanged` is told whenever the work is another, `goBack` asked for the question before, and `canGoBack` whether there is one. */
  constructor({ page, config, view, prefs, onChanged, goBack, canGoBack }) {
    Object.assign(this, { page, view, prefs, onChanged, goBack, canGoBack });
    this.groups = config.groups;
    this.grid = new Grid(page.querySelector("[data-grid]"), config.shows, page.dataset.sprite);
    this.palette = new Palette(page.querySelector("[data-palette]"), config.groups, (label) => this.pick(label));
    this.brush = new Brush(this.grid, {
      paint: (indexes, label) => this.act(() => this.work.assign(indexes.map((at) => [at, label]), indexes.at(-1))),
      point: (index) => this.jump(index),
    });
    this.allGroups = false;
    this.isFirst = config.isFirst ?? false; // whether the person has never answered a question
    this.isBetween = false; // the question has been given away, and the next is not here yet
  }

  // ---- the question on the screen ----

  /** Whether the question has more rows than there are letters for groups, and so the doubled ones: Shift with a letter. */
  get hasDoubled() {
    return this.question.groups.some((label) => label.length > 1);
  }

  workOn(question, labels, past) {
    const { proposal, settled } = question;
    return new Work(question.rows, labels, question.groups, { proposal, showsProposal: this.prefs.proposalOn, settled, past });
  }

  show(question, work) {
    const { view } = this;
    this.question = question;
    this.work = work;
    this.hold(null); // with "unsure" in the hand, the first tap would leave a row out; with A, a tap on A would put it down
    this.prefs.usualDisplay = narrow.matches && isCrowded(work.rows, question.columns) ? "marks" : "columns";
    const keyColumn = question.columns.indexOf(question.primaryKey);
    this.grid.show(work, question.columns, keyColumn, this.prefs.layout(question.columns), question);
    view.people(question.people, (person) => this.take(person));
    view.doubled(this.hasDoubled);
    view.tooMany(question.rows.length, question.groups.length);
    this.refresh();
    this.tellWhy(question);
    this.grid.table.focus({ preventScroll: true });
  }

  /** What other answers say against this one, and the cursor where it is about. */
  tellWhy({ claims = [] }) {
    const rowOf = (key) => this.work.rows.findIndex((row) => row.key === key);
    const told = claims.map(({ first, second, same }) => ({ rows: [rowOf(first), rowOf(second)].sort((one, other) => one - other), same }));
    if (told.length) this.jump(told[0].rows[0]);
    this.view.why(
      told.map(({ rows, same }) => {
        const words = same
          ? gettext("Rows %s and %s are the same here; other answers say they are different.")
          : gettext("Rows %s and %s are different here; other answers make them the same.");
        return interpolate(words, rows.map((row) => row + 1));
      }),
    );
  }

  // ---- what a person does ----

  /** Run one change of the work, then draw it and keep it. Who does not see it hears what `row` is now, if the cursor leaves it, then the place. */
  act(change, row = this.work.cursor) {
    if (this.isBetween) return;
    const changed = change();
    this.refresh();
    const left = row === null || row === this.work.cursor ? "" : rowInWords(this.work, row);
    const moved = changed ? this.work.moved.map(moveInWords).join(" ") : "";
    const place = placeInWords(this.work);
    if (changed) this.view.hint(moved || place);
    this.view.announce([left, moved, place].filter(Boolean).join(" "));
    if (changed) this.onChanged();
  }

  paint(label) {
    if (this.work.isLocked(this.work.cursor)) this.view.say(interpolate(gettext("Row %s is settled: only disputed rows are open."), [this.work.cursor + 1]), "blocked");
    else this.act(() => this.work.paint(label));
  }

  takeByKey(person) {
    if (person < this.question.people.length) this.take(person);
  }

  /** Decide as one of the people did. */
  take(person) {
    const { name, labels } = this.question.people[person];
    this.act(() => this.work.take(labels));
    this.view.say(interpolate(gettext("Same as %s."), [name]));
  }

  sameAsAbove() {
    const { cursor } = this.work;
    const label = cursor ? this.work.label(cursor - 1) : this.work.groups[0];
    if (label) this.paint(label);
    else this.view.say(gettext("The row above has no group yet."), "blocked");
  }

  newGroup() {
    const label = this.work.freeGroup();
    if (label) this.paint(label);
    else this.view.say(interpolate(gettext("All %s groups are in use."), [this.work.groups.length]), "blocked");
  }

  together() {
    if (this.isBetween) return;
    this.act(() => this.work.together());
    this.view.say(gettext("All rows are in one group."));
  }

  different() {
    if (this.isBetween) return;
    if (this.work.open().length > this.work.freeGroups().length) {
      this.view.say(interpolate(gettext("There are more rows than groups: at most %s."), [this.work.groups.length]), "blocked");
      return;
    }
    this.act(() => this.work.different());
    this.view.say(gettext("Each row is in a group of its own."));
  }

  clear() {
    if (this.work.isLocked(this.work.cursor)) this.paint("");
    else this.act(() => this.work.assign([[this.work.cursor, ""]]));
  }

  /** `held` says that the key has been down for a while: that leads back to the beginning of the question, not further. */
  undo(held = false) {
    if (this.work.done.length) this.act(() => this.work.undo(), null); // the cursor comes to what changes
    else if (!held) this.goBack();
  }

  redo() {
    if (this.work.undone.length) this.act(() => this.work.redo());
    else this.view.say(gettext("Nothing to redo."));
  }

  jump(index) {
    this.work.move(index);
    this.refresh();
  }

  step(by) {
    this.jump(this.work.cursor + by);
    this.view.announce(placeInWords(this.work));
  }

  /** Take the brush of a group into the hand; null puts it down. */
  hold(label) {
    this.brush.label = label;
    this.page.classList.toggle("has-brush", Boolean(label));
  }

  pick(label) {
    this.hold(this.brush.label === label ? null : label);
    this.refresh();
    const name = this.brush.label === UNSURE ? gettext("“unsure”") : this.brush.label;
    const words = finger.matches
      ? gettext("Brush %s: tap rows. Tap the group again to put it down.")
      : gettext("Brush %s: click rows or drag over them. Press Esc to put it down.");
    if (name) this.view.say(interpolate(words, [name]));
    else this.view.say("");
  }

  toggleGroups() {
    this.allGroups = !this.allGroups;
    this.refresh();
    return this.allGroups;
  }

  cycleDisplay() {
    this.setDisplay(DISPLAYS[(DISPLAYS.indexOf(this.prefs.display) + 1) % DISPLAYS.length]);
  }

  setDisplay(display) {
    this.prefs.display = display;
    this.relayout();
  }

  relayout() {
    this.grid.layout(this.prefs.layout(this.question.columns));
    this.refresh();
  }

  toggleLong() {
    this.view.long(this.page.classList.toggle("is-open"));
  }

  pan(direction) {
    this.page.querySelector("[data-scroll]").scrollBy({ left: direction * 160 });
  }

  /** Half of what is seen further right: the columns that were the last to be seen stay in sight. */
  panOn() {
    const box = this.page.querySelector("[data-scroll]");
    box.scrollBy({ left: box.clientWidth / 2 });
  }

  tellBeyond() {
    this.view.beyond(this.grid.beyond());
  }

  toggleProposal() {
    if (!this.work.hasProposal) {
      this.view.say(gettext("There is no proposal for this question."), "blocked");
      return;
    }
    this.prefs.proposalOn = !this.work.showsProposal;
    this.work.showProposal(this.prefs.proposalOn);
    this.refresh();
    this.view.say(this.work.showsProposal ? gettext("Proposal on: accept it, or overrule rows with a letter.") : gettext("Proposal off."));
  }

  help() {
    this.view.help();
  }

  // ---- drawing ----

  refresh() {
    this.grid.update();
    this.grid.reveal();
    const gaps = this.work.gaps().length;
    this.palette.update(this.work.counts(), this.work.groups, this.work.freeGroup(), this.brush.label, this.allGroups);
    this.view.first(this.isFirst ? firstHint(this.work, finger.matches) : "");
    this.view.state({
      gaps,
      proposed: this.work.rows.filter((_row, index) => this.work.isProposed(index)).length,
      canUndo: this.work.done.length > 0 || this.canGoBack(),
      canRedo: this.work.undone.length > 0,
      display: this.prefs.display,
      proposal: this.work.hasProposal ? this.work.showsProposal : null,
      folded: this.grid.folded.length,
      hasLong: this.grid.long.some((long, index) => long && this.grid.shown.includes(index)),
    });
    this.tellBeyond();
  }
}
