// A session of labeling: which question is on the screen, and what becomes of it when the person is done with it.

import { Past } from "./past.js";
import { Trail } from "./trail.js";
import { placeInWords } from "./words.js";

/** For so many milliseconds a question cannot have been read: a press was meant for the one before. */
const UNREAD = 400;

export class Session {
  /** `opened` is told whenever another question is on the screen. */
  constructor({ bench, config, store, queue, view, side, effort, opened }) {
    this.bench = bench;
    this.store = store;
    this.queue = queue;
    this.view = view;
    this.side = side;
    this.effort = effort;
    this.opened = opened;
    this.past = new Past(config.person);
    this.trail = new Trail(config.person, config.urls.next);
    this.decides = config.decides ?? false;
    this.doneUrl = config.urls.done ?? config.urls.next;
    this.total = config.total;
    this.left = config.left;
    this.pace = config.pace ?? null;
    this.older = new Map(); // by question what an earlier page submitted and the server has something newer of
    this.advancing = null;
  }

  get question() {
    return this.bench.question;
  }

  get work() {
    return this.bench.work;
  }

  /** Whether the question has only just come and nothing was done in it: a double click or a second Enter does not decide it. */
  get isUnread() {
    return !this.kept && performance.now() - this.openedAt < UNREAD;
  }

  /** Put a question on the screen; `work` is there when it was here before. */
  open({ question, work }) {
    const { bench, view } = this;
    this.kept = false;
    bench.isBetween = false;
    this.effort.begin();
    this.tellCounts(question);
    view.moved();
    bench.show(question, work ?? bench.workOn(question, this.store.pending(question) ?? question.labels, this.past.read(question)));
    this.trail.forget(question);
    view.arrived(placeInWords(bench.work));
    this.side.open(question, bench.work.rows);
    this.opened();
    if (this.older.has(question.id)) this.refused(question.id, { code: "newer" }, { labels: this.older.get(question.id) });
    this.queue.prefetch(question.id);
    this.openedAt = performance.now(); // now that it is drawn, which many rows take a while for
  }

  async accept() {
    if (this.bench.isBetween || this.isUnread) return;
    const gaps = this.work.gaps();
    if (gaps.length) {
      this.bench.jump(gaps[0]);
      const words = ngettext("Row %s has no group yet.", "Row %s has no group yet, and %s more.", gaps.length);
      this.view.say(interpolate(words, [gaps[0] + 1, gaps.length - 1].slice(0, gaps.length > 1 ? 2 : 1)), "blocked");
      return;
    }
    const { question, work } = this;
    this.calm();
    this.answered(1);
    this.bench.isFirst = false;
    const sent = this.store.send(question.id, question.urls.submit, {
      labels: work.asAnswer(),
      stamp: this.stamp(),
      seconds: this.effort.spent(),
      keys: this.effort.keys,
      proposalShown: work.proposalSeen,
      overrules: question.overrules ?? undefined,
    });
    if (this.decides) this.queue.passed.add(question.id);
    this.queue.leave(question, work);
    this.trail.leave(question, work, { skipped: false });
    this.past.drop(question);
    await (this.advancing = this.advance(question, sent));
  }

  async skip() {
    if (this.bench.isBetween || this.isUnread) return;
    const { question, work } = this;
    this.calm();
    const sent = this.store.send(question.id, question.urls.skip, this.draft());
    if (this.decides) this.queue.passed.add(question.id); // answers that were skipped come last by themselves
    this.queue.leave(question, work, { skipped: true });
    this.trail.leave(question, work, { skipped: true });
    await (this.advancing = this.advance(question, sent));
    if (this.question !== question) this.view.say(interpolate(gettext("Question %s skipped for now. Undo brings it back."), [question.number]));
  }

  /** On to the next question. Until it is there, nothing that is done counts: it would change an answer that has been given. */
  async advance(question, sent) {
    this.bench.isBetween = true;
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
    this.bench.grid.table.setAttribute("aria-busy", "true");
    await sent;
    this.leave(this.doneUrl);
  }

  leave(url) {
    if (this.store.isEmpty && this.refusal) {
      // What was refused is said here, and can be brought back here alone.
      this.bench.isBetween = false;
      this.view.stay();
      this.bench.grid.table.removeAttribute("aria-busy");
    } else if (this.store.isEmpty) location.assign(url);
    else this.store.emptied.then(() => this.leave(url));
  }

  /**
   * Back into a submitted or skipped question, the last if no other is named, with everything that was done there still to be undone. One that was
   * left before this page was loaded is loaded anew.
   */
  async back(last = this.queue.behind.at(-1) ?? this.trail.last()) {
    if (this.bench.isBetween) return;
    if (!last) {
      this.view.say(gettext("Nothing to undo here. What you submitted before is in the list of answers."));
      return;
    }
    const counted = this.queue.forget(last.question) && !last.skipped;
    this.calm();
    this.bench.isBetween = true;
    this.view.busy(true);
    const result = await this.regain(last);
    this.view.busy(false);
    if (!result.data) {
      this.bench.isBetween = false;
      if (last.work) this.queue.behind.push(last);
      const cutOff = {
        "signed-out": gettext("You are signed out. Go back once you have signed in again."),
        "somebody-else": gettext("Somebody else is signed in. Go back once you have signed in again."),
      }[result.cutOff];
      this.view.say(result.refused?.message || cutOff || gettext("You are offline. Go back once you are connected again."), "blocked");
      return;
    }
    if (!last.work) {
      this.past.put(last.question, last.past);
      this.leave(last.question.urls.detail);
      return;
    }
    if (counted) this.answered(-1);
    last.question.stamp = Math.max(last.question.stamp, result.data.stamp ?? 0); // another computer may have submitted it
    if (last.question.id !== this.question.id) {
      this.queue.ahead.unshift({ question: this.question, work: this.work });
      history.pushState({}, "", last.question.urls.detail);
    }
    this.open(last);
    if (last.labels) this.bench.act(() => this.work.take(last.labels), null);
    this.keep();
    const words = last.skipped ? gettext("Question %s is back, as you left it.") : gettext("Question %s is open again. It counts once you submit it again.");
    this.view.say(interpolate(words, [last.question.number]));
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

  counts({ left, total, pace = null }) {
    Object.assign(this, { left, total, pace });
    this.tellCounts(this.question);
  }

  /** So many answers more, before the server says so. */
  answered(number) {
    this.left = Math.max(0, this.left - number);
    if (this.pace) this.pace.done = Math.max(0, this.pace.done + number);
  }

  tellCounts({ number }) {
    this.view.question(number, this.total, this.left);
    this.view.pace(this.pace);
  }

  // ---- what is kept meanwhile ----

  keep() {
    this.kept = true;
    this.past.keep(this.question, this.work);
    if (this.question.urls.draft) this.store.draft(this.question.id, this.question.urls.draft, this.draft());
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
