// One question as it is being answered: rows, groups, the cursor, and everything that can be undone. Knows nothing of the page.

import { Proposal } from "./proposal.js";

export const UNSURE = "?";

export class Work {
  /**
   * `rows` in the order they are shown; `labels` maps row ids to a group, "?" or nothing; `proposal` maps row ids to what the engine
   * would say, {label, confidence}. While it is shown it stands for every row that the person has said nothing about.
   * `settled` maps the ids of rows that are locked to their groups. `past` is what `past()` gave before a reload.
   */
  constructor(rows, labels, groups, { proposal = {}, showsProposal = true, settled = {}, past = null } = {}) {
    this.rows = rows;
    this.groups = groups;
    this.settled = settled;
    this.labels = new Map(rows.map((row) => [row.id, settled[row.id] ?? labels[row.id] ?? ""]));
    this.proposal = new Proposal(rows, proposal, groups, this.labels);
    this.moved = [];
    this.showProposal(showsProposal);
    this.undone = [];
    this.done = [];
    if (past) this.restore(past);
    this.cursor = this.open().find((index) => !this.labels.get(rows[index].id)) ?? this.open()[0] ?? 0;
  }

  /** All that can be undone and redone, and the state that it belongs to. */
  past() {
    const { done, undone } = this;
    return { ...this.present(), letters: [...this.proposal.letters], done, undone };
  }

  present() {
    return { labels: this.asDraft(), proposed: [...this.proposal.of].map(([id, { label }]) => [id, label]) };
  }

  /** Steps fit the state that they led to alone; the draft may have been changed elsewhere since. */
  restore({ labels, proposed, letters, done, undone }) {
    if (JSON.stringify({ labels, proposed }) !== JSON.stringify(this.present())) return;
    this.reletter(letters);
    Object.assign(this, { done, undone });
  }

  get hasProposal() {
    return this.proposal.of.size > 0;
  }

  showProposal(shown) {
    this.showsProposal = shown && this.hasProposal;
    this.proposalSeen ||= this.showsProposal;
  }

  /** What the row counts as: what the person said, else what the engine proposes. */
  label(index) {
    const { id } = this.rows[index];
    return this.labels.get(id) || (this.showsProposal && this.proposal.letter(id)) || "";
  }

  /** Whether the row counts as what the engine proposes: the person has not said anything of their own. */
  isProposed(index) {
    const { id } = this.rows[index];
    return this.showsProposal && !this.labels.get(id) && Boolean(this.proposal.letter(id));
  }

  isLocked(index) {
    return this.rows[index].id in this.settled;
  }

  /** Indexes of the rows that can be changed. */
  open() {
    return this.rows.flatMap((_row, index) => (this.isLocked(index) ? [] : [index]));
  }

  all() {
    return this.rows.map((_row, index) => this.label(index));
  }

  /** Indexes of the rows that have no answer yet. */
  gaps() {
    return this.all().flatMap((label, index) => (label ? [] : [index]));
  }

  counts() {
    const counts = new Map();
    for (const label of this.all()) if (label) counts.set(label, (counts.get(label) ?? 0) + 1);
    return counts;
  }

  /** The first group that no row is in; nothing when all are taken. */
  freeGroup() {
    const used = new Set(this.all());
    return this.groups.find((group) => !used.has(group));
  }

  /** The row that a row is compared with: the first of its group; without a group the first of the group that Space would give it. */
  leader(index) {
    for (let at = index; at >= 0; at--) {
      const label = this.label(at);
      if (label && label !== UNSURE) return this.all().indexOf(label);
    }
    return 0;
  }

  /** The rows above that a row is compared with, from its leader on: where the leader has nothing, the next that has something counts. */
  above(index) {
    return this.led(index, this.leader(index));
  }

  /** The same for the row under the cursor where it begins a group: the rows of the group that Space would give it instead. */
  beside(index) {
    const begins = index > 0 && index === this.cursor && this.leader(index) === index;
    return begins ? this.led(index, this.leader(index - 1)) : [];
  }

  /** The rows above `index` in the group that `leader` begins. */
  led(index, leader) {
    const labels = this.all();
    const rest = labels.flatMap((label, at) => (at > leader && at < index && label && label === labels[leader] ? [at] : []));
    return leader < index ? [leader, ...rest] : [];
  }

  /**
   * Give rows their labels as one step that one undo takes back. `next` is where the cursor goes. `moved` then says which proposed
   * groups got another letter by it before the person's eyes, [from, to].
   */
  assign(changes, next = this.cursor) {
    const steps = changes
      .filter(([index]) => !this.isLocked(index))
      .map(([index, label]) => ({ id: this.rows[index].id, before: this.labels.get(this.rows[index].id), after: label }))
      .filter((step) => step.before !== step.after);
    const move = { from: this.cursor, to: next };
    this.cursor = next;
    if (!steps.length) return false;
    const before = [...this.proposal.letters];
    for (const step of steps) this.labels.set(step.id, step.after);
    // A row that is cleared shows its proposal again.
    const moved = this.proposal.giveWay(steps.map((step) => step.after || this.proposal.letter(step.id)));
    this.moved = this.showsProposal ? moved : [];
    this.done.push({ steps, move, letters: { before, after: [...this.proposal.letters] } });
    this.undone = [];
    return true;
  }

  paint(label) {
    return this.assign([[this.cursor, label]], this.open().find((index) => index > this.cursor) ?? this.cursor);
  }

  together() {
    return this.assign(this.rows.map((_row, index) => [index, this.groups[0]]));
  }

  /** The groups that no locked row is in. */
  freeGroups() {
    const taken = new Set(Object.values(this.settled));
    return this.groups.filter((group) => !taken.has(group));
  }

  /** Each open row a group of its own, apart from the locked ones. */
  different() {
    const free = this.freeGroups();
    return this.assign(this.open().map((index, place) => [index, free[place]]));
  }

  /** The open rows as somebody else has them: {row id: label}. */
  take(labels) {
    return this.assign(this.open().map((index) => [index, labels[this.rows[index].id] ?? ""]));
  }

  undo() {
    const last = this.done.pop();
    if (!last) return false;
    for (const step of last.steps) this.labels.set(step.id, step.before);
    this.reletter(last.letters.before);
    this.cursor = last.move.from;
    this.undone.push(last);
    return true;
  }

  redo() {
    const next = this.undone.pop();
    if (!next) return false;
    for (const step of next.steps) this.labels.set(step.id, step.after);
    this.reletter(next.letters.after);
    this.cursor = next.move.to;
    this.done.push(next);
    return true;
  }

  /** The proposal in the letters that it had at another time. */
  reletter(letters) {
    this.proposal.letters = new Map(letters);
    this.moved = [];
  }

  move(index) {
    this.cursor = Math.min(Math.max(index, 0), this.rows.length - 1);
  }

  /** What the person said so far. */
  asDraft() {
    return Object.fromEntries(this.labels);
  }

  /** What the rows count as, the proposal taken where it was left. */
  asAnswer() {
    return Object.fromEntries(this.rows.map((row, index) => [row.id, this.label(index)]));
  }
}
