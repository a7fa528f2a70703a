// The questions behind and ahead: the next one is fetched while this one is being answered, so that Enter paints at once.

const REFRESH = 4 * 60 * 1000;

export class Queue {
  constructor(store, url, onCounts) {
    this.store = store;
    this.url = url;
    this.onCounts = onCounts;
    this.ahead = [];
    this.behind = [];
    this.passed = new Set();
    this.fetching = null;
    this.turns = 0; // how often a question came or went
    // A lease lasts ten minutes: asking again for the question ahead renews it.
    setInterval(() => document.visibilityState === "visible" && this.prefetch(this.current, { renew: true }), REFRESH);
  }

  /** Fetch the question after `current` unless it is there already. */
  prefetch(current, { renew = false } = {}) {
    this.current = current;
    if (this.ahead.length && !renew) return Promise.resolve();
    this.fetching ??= this.fetch(current).finally(() => (this.fetching = null));
    return this.fetching;
  }

  async fetch(current) {
    // What was just submitted may not have reached the server yet, which would then offer it again.
    const begun = this.ahead.filter((entry) => entry.work).map((entry) => entry.question.id);
    const known = [...new Set([current, ...begun, ...this.store.waiting, ...this.notAgain])];
    const { turns } = this;
    const counts = this.store.isEmpty;
    const result = await this.store.post(this.url, { exclude: known });
    if (!result.data) return;
    // Else what was submitted just before, or meanwhile, may be counted as left.
    if (counts && turns === this.turns) this.onCounts(result.data);
    const question = result.data.question;
    if (question && !known.includes(question.id) && !this.holds(question)) {
      this.ahead = [...this.ahead.filter((entry) => entry.work), { question }];
    }
  }

  /** Whether the question came to the screen, or left it with an answer, since it was asked for. */
  holds({ id }) {
    const kept = [...this.ahead.filter((entry) => entry.work), ...this.behind.filter((entry) => !entry.skipped)];
    return id === this.current || kept.some((entry) => entry.question.id === id);
  }

  /** What was decided or skipped on this page and is not to come again; the newest, because a request has an end. */
  get notAgain() {
    return [...this.passed].slice(-200);
  }

  /** The next question, waiting for it if need be; null when there is none or it cannot be had now. */
  async take(current) {
    if (!this.ahead.length) {
      await this.fetching;
      await this.prefetch(current);
    }
    const next = this.ahead.shift() ?? null;
    if (next) this.forget(next.question);
    return next;
  }

  /** The question was submitted or skipped; undo leads back to it. */
  leave(question, work, { skipped = false } = {}) {
    this.forget(question);
    this.behind.push({ question, work, skipped });
  }

  /** The question is on the screen, so neither behind nor ahead. Returns whether it was behind. */
  forget({ id }) {
    this.turns += 1;
    const count = this.behind.length;
    this.behind = this.behind.filter((entry) => entry.question.id !== id);
    this.ahead = this.ahead.filter((entry) => entry.question.id !== id);
    return this.behind.length < count;
  }

  /** Give back what was fetched and never shown. */
  release() {
    for (const { question, work } of this.ahead) {
      if (!work) this.store.handOver(question.urls.release, {});
    }
  }
}
