// The questions that this tab has left, kept over a reload: their places and what could be undone in them, none of their rows.

const LENGTH = 20;

export class Trail {
  /** Each queue has its own, so undo leads to no question of another transform. */
  constructor(person, queue) {
    this.key = `labelportal.trail.${person}.${queue}`;
    try {
      this.entries = JSON.parse(sessionStorage.getItem(this.key)) ?? [];
    } catch {
      this.entries = [];
    }
  }

  /** The question was submitted or skipped. */
  leave({ id, number, stamp, urls }, work, { skipped }) {
    const entry = { question: { id, number, stamp, urls }, past: work.past(), skipped };
    this.keep([...this.without(id), entry].slice(-LENGTH));
  }

  /** The question is on the screen. */
  forget({ id }) {
    this.keep(this.without(id));
  }

  last() {
    return this.entries.at(-1);
  }

  without(id) {
    return this.entries.filter((entry) => entry.question.id !== id);
  }

  keep(entries) {
    this.entries = entries;
    try {
      sessionStorage.setItem(this.key, JSON.stringify(entries));
    } catch {
      // Storage may be full or forbidden; undo then leads back as long as the page lasts.
    }
  }
}
