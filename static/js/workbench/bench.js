// The workbench: one question on the screen, what the person does to it, and what becomes of that.

import { Brush } from "./brush.js";
import { DISPLAYS, Grid } from "./grid.js";
import { Palette } from "./palette.js";
import { Past } from "./past.js";
import { UNSURE, Work } from "./work.js";
import { moveInWords, placeInWords, rowInWords } from "./words.js";

const IDLE = 60_000;
/** For so many milliseconds a question cannot have been read: a press was meant for the one before. */
const UNREAD = 400;

export class Bench {
  /** `opened` is told whenever another question is on the screen. */
  constructor({ page, config, store, queue, view, prefs, side, opened }) {
    this.page = page;
    this.opened = opened;
    this.groups = config.groups;
    this.store = store;
    this.queue = queue;
    this.view = view;
    this.past = new Past(config.person);
    this.decides = config.decides ?? false;
    this.prefs = prefs;
    this.side = side;
    this.doneUrl = config.urls.done ?? config.urls.next;
    this.total = config.total;
    this.left = config.left;
    this.grid = new Grid(page.querySelector("[data-grid]"), config.shows, page.dataset.sprite);
    this.palette = new Palette(page.querySelector("[data-palette]"), config.groups, (label) => this.pick(label));
    this.brush = new Brush(this.grid, {
      paint: (indexes, label) => this.act(() => this.work.assign(indexes.map((at) => [at, label]), indexes.at(-1))),
      point: (index) => this.jump(index),
    });
    this.older = new Map(); // by question what an earlier page submitted and the server has something newer of
    this.allGroups = false;
    this.between = false;
    this.advancing = null;
  }

  // ---- questions come and go ----

  /** Whether the question has more rows than there are letters for groups, and so the doubled ones: Shift with a letter. */
  get hasDoubled() {
    return this.question.groups.some((label) => label.length > 1);
  }

  /** Whether the question has only just come and nothing was done in it: a double click or a second Enter does not decide it. */
  get isUnread() {
    return !this.kept && performance.now() - this.openedAt < UNREAD;
  }

  /** Put a question on the screen; `work` is there when it was here before. */
  open({ question, work }) {
    this.between = false;
    this.kept = false;
    this.question = question;
    this.keyColumn = question.columns.indexOf(question.primaryKey);
    this.work =
      work ??
      new Work(
        question.rows,
        this.draftOf(question),
        question.groups,
        { proposal: question.proposal, showsProposal: this.prefs.proposalOn, settled: question.settled, past: this.past.read(question) },
      );
    if (![null, UNSURE, ...question.groups].includes(this.brush.label)) this.hold(null);
    this.seconds = 0;
    this.keys = 0;
    this.lastSign = Date.now();
    this.grid.show(this.work, question.columns, this.keyColumn, this.prefs.layout(question.columns), question);
    this.view.people(question.people, (person) => this.take(person));
    this.view.question(question.number, this.total, this.left);
    this.view.doubled(this.hasDoubled);
    this.view.tooMany(question.rows.length, question.groups.length);
    this.view.moved();
    this.refresh();
    this.tellWhy(question);
    this.grid.table.focus({ preventScroll: true });
    this.side.open(question, this.work.rows);
    this.opened();
    if (this.older.has(question.id)) this.refused(question.id, { code: "newer" }, { labels: this.older.get(question.id) });
    this.queue.prefetch(question.id);
    this.openedAt = performance.now(); // now that it is drawn, which many rows take a while for
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

  draftOf(question) {
    return this.store.pending(question) ?? question.labels;
  }

  async accept() {
    if (this.between || this.isUnread) return;
    const gaps = this.work.gaps();
    if (gaps.length) {
      this.jump(gaps[0]);
      const words = ngettext("Row %s has no group yet.", "Row %s has no group yet, and %s more.", gaps.length);
      this.view.say(interpolate(words, [gaps[0] + 1, gaps.length - 1].slice(0, gaps.length > 1 ? 2 : 1)), "blocked");
      return;
    }
    const { question, work } = this;
    this.calm();
    this.left = Math.max(0, this.left - 1);
    const sent = this.store.send(question.id, question.urls.submit, {
      labels: work.asAnswer(),
      stamp: this.stamp(),
      seconds: this.spent(),
      keys: this.keys,
      proposalShown: work.proposalSeen,
      overrules: question.overrules ?? undefined,
    });
    if (this.decides) this.queue.passed.add(question.id);
    this.queue.leave(question, work);
    this.past.drop(question);
    await (this.advancing = this.advance(question, sent));
  }

  async skip() {
    if (this.between || this.isUnread) return;
    const { question, work } = this;
    this.calm();
    const sent = this.store.send(question.id, question.urls.skip, this.draft());
    if (this.decides) this.queue.passed.add(question.id); // answers that were skipped come last by themselves
    this.queue.leave(question, work, { skipped: true });
    await (this.advancing = this.advance(question, sent));
    if (this.question !== question) this.view.say(interpolate(gettext("Question %s skipped for now. Undo brings it back."), [question.number]));
  }

  /** On to the next question. Until it is there, nothing that is done counts: it would change an answer that has been given. */
  async advance(question, sent) {
    this.between = true;
    if (question.urls.after) {
      this.view.leaving();
      await sent;
      this.leave(question.urls.after);
      return;
    }
    const ready = this.queue.ahead.length > 0;
    if (!ready) this.view.busy(true);
    const next = await this.queue.take(question.id);
    this.view.busy(false);
    if (next) {
      history.pushState({}, "", next.question.urls.detail);
      this.open(next);
      return;
    }
    // Nothing ahead: the server says what comes now, once it has everything.
    this.view.leaving();
    this.grid.table.setAttribute("aria-busy", "true");
    await sent;
    this.leave(this.doneUrl);
  }

  leave(url) {
    if (this.store.isEmpty && this.refusal) {
      // What was refused is said here, and can be brought back here alone.
      this.between = false;
      this.view.stay();
      this.grid.table.removeAttribute("aria-busy");
    } else if (this.store.isEmpty) location.assign(url);
    else this.store.emptied.then(() => this.leave(url));
  }

  /** Back into a submitted or skipped question, the last if no other is named, with everything that was done there still to be undone. */
  async back(last = this.queue.behind.at(-1)) {
    if (this.between) return;
    if (!last) {
      this.view.say(gettext("Nothing to undo."));
      return;
    }
    const counted = this.queue.forget(last.question) && !last.skipped;
    this.calm();
    this.between = true;
    this.view.busy(true);
    const result = await this.regain(last);
    this.view.busy(false);
    if (!result.data) {
      this.between = false;
      this.queue.behind.push(last);
      const cutOff = {
        "signed-out": gettext("You are signed out. Go back once you have signed in again."),
        "somebody-else": gettext("Somebody else is signed in. Go back once you have signed in again."),
      }[result.cutOff];
      this.view.say(result.refused?.message || cutOff || gettext("You are offline. Go back once you are connected again."), "blocked");
      return;
    }
    if (counted) this.left += 1;
    last.question.stamp = Math.max(last.question.stamp, result.data.stamp ?? 0); // another computer may have submitted it
    if (last.question.id !== this.question.id) {
      this.queue.ahead.unshift({ question: this.question, work: this.work });
      history.pushState({}, "", last.question.urls.detail);
    }
    this.open(last);
    if (last.labels) this.act(() => this.work.take(last.labels), null);
    this.keep();
    this.view.say(interpolate(gettext("Question %s is open again. Press Enter to submit it again."), [last.question.number]));
  }

  /** Back into what was refused. It may be told while the next question is on its way; then after that. */
  async bringBack() {
    const { refusal } = this;
    await this.advancing;
    await this.back(refusal);
  }

  /** Have the question back from the server. One that was skipped is taken by the draft that follows. */
  async regain({ question, skipped }) {
    if (skipped) return { data: {} };
    await this.store.flush();
    return this.store.isEmpty ? this.store.post(question.urls.reopen, {}) : { lost: true, cutOff: this.store.cutOff };
  }

  refused(questionId, { code, message }, { labels }) {
    const here = questionId === this.question?.id;
    const entry = here ? { question: this.question, work: this.work } : this.queue.behind.find(({ question }) => question.id === questionId);
    const returns = {
      answered: gettext("Question %s was already submitted in another tab. What this tab has was not sent."),
      newer: gettext("You went on with question %s elsewhere after you submitted it here. What you submitted here does not count."),
    }[code];
    const canReturn = Boolean(returns && entry);
    let words = message || gettext("This question is no longer available. Your other answers are safe.");
    if (canReturn) words = interpolate(returns, [entry.question.number]);
    else if (entry && !here) words = interpolate(gettext("Question %s: %s"), [entry.question.number, words]);
    else if (!here) words = interpolate(gettext("An earlier question: %s"), [words]);
    if (code === "newer" && !entry) this.older.set(questionId, labels);
    else this.older.delete(questionId);
    if (code === "newer" && here) entry.labels = labels; // on the screen is what is newer
    this.refusal = entry ?? {};
    this.view.alarm(code, words, { here, canReturn });
  }

  /** What was said before is over: the person goes on. */
  calm() {
    this.refusal = null;
    this.view.calm();
  }

  counts({ left, total }) {
    this.left = left;
    this.total = total;
    this.view.question(this.question.number, this.total, this.left);
  }

  // ---- what a person does ----

  /** Run one change of the work, then draw it and keep it. Who does not see it hears what `row` is now, if the cursor leaves it, then the place. */
  act(change, row = this.work.cursor) {
    if (this.between) return;
    const changed = change();
    this.refresh();
    const left = row === null || row === this.work.cursor ? "" : rowInWords(this.work, row);
    const moved = changed ? this.work.moved.map(moveInWords).join(" ") : "";
    const place = placeInWords(this.work);
    if (changed) this.view.hint(moved || place);
    this.view.announce([left, moved, place].filter(Boolean).join(" "));
    if (changed) this.keep();
  }

  keep() {
    this.kept = true;
    this.past.keep(this.question, this.work);
    if (this.question.urls.draft) this.store.draft(this.question.id, this.question.urls.draft, this.draft());
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
    this.act(() => this.work.together());
  }

  different() {
    if (this.work.open().length > this.work.freeGroups().length) {
      this.view.say(interpolate(gettext("There are more rows than groups: at most %s."), [this.work.groups.length]), "blocked");
      return;
    }
    this.act(() => this.work.different());
  }

  clear() {
    if (this.work.isLocked(this.work.cursor)) this.paint("");
    else this.act(() => this.work.assign([[this.work.cursor, ""]]));
  }

  /** `held` says that the key has been down for a while: that leads back to the beginning of the question, not further. */
  undo(held = false) {
    if (this.work.done.length) this.act(() => this.work.undo(), null); // the cursor comes to what changes
    else if (!held) this.back();
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
    if (this.brush.label === UNSURE) this.view.say(gettext("Brush “unsure”: click rows or drag over them. Press Esc to put it down."));
    else if (this.brush.label) this.view.say(interpolate(gettext("Brush %s: click rows or drag over them. Press Esc to put it down."), [this.brush.label]));
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

  toggleProposal() {
    if (!this.work.hasProposal) {
      this.view.say(gettext("There is no proposal for this question."), "blocked");
      return;
    }
    this.prefs.proposalOn = !this.work.showsProposal;
    this.work.showProposal(this.prefs.proposalOn);
    this.refresh();
    this.view.say(this.work.showsProposal ? gettext("Proposal on: press Enter to accept it, or a letter to overrule it.") : gettext("Proposal off."));
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
    this.view.state({
      gaps,
      canUndo: this.work.done.length > 0 || this.queue.behind.length > 0,
      canRedo: this.work.undone.length > 0,
      display: this.prefs.display,
      proposal: this.work.hasProposal ? this.work.showsProposal : null,
      folded: this.grid.folded.length,
      hasLong: this.grid.long.some((long, index) => long && this.grid.shown.includes(index)),
    });
  }

  // ---- what it took ----

  /** A sign of life: time counts while there are some, a coffee does not. */
  sign(isKey) {
    this.seconds += Math.min(Date.now() - this.lastSign, IDLE) / 1000;
    this.lastSign = Date.now();
    if (isKey) this.keys += 1;
  }

  spent() {
    this.sign(false);
    return Math.round(this.seconds);
  }

  draft() {
    return { labels: this.work.asDraft(), stamp: this.stamp() };
  }

  /** When the grid stood as it does. It grows with each message, whatever another computer's clock said of the last. */
  stamp() {
    this.question.stamp = Math.max(Date.now(), this.question.stamp + 1);
    return this.question.stamp;
  }
}
