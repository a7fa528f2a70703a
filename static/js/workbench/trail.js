// The questions that this tab has left, kept over a reload: their places and what could be undone in them, none of their rows.

import { tab } from "../kept.js";

const LENGTH = 20;

export class Trail {
  /** Each queue has its own, so undo leads to no question of another transform. */
  constructor(person, queue) {
    this.key = `labelportal.trail.${person}.${queue}`;
    this.entries = tab.read(this.key) ?? [];
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
    tab.write(this.key, entries);
  }
}
