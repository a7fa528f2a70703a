// What the engine proposes for one question, in letters that stay apart from those that the person gives.
//
// The engine says which rows belong together; the letters are found here, in the order in which its groups stand on the screen. A letter
// that the person gives joins rows above, which they have read, and rows that the engine too would put there. It never joins what is
// proposed further down alone: there it is meant for a new group, and the proposal takes the next free letter.

export class Proposal {
  /** `rows` in the order they are shown; `proposal` maps row ids to {label, confidence}; `labels` is the map of what the person says. */
  constructor(rows, proposal, groups, labels) {
    this.rows = rows;
    this.groups = groups;
    this.labels = labels;
    this.of = new Map(rows.flatMap((row) => (proposal[row.id] ? [[row.id, proposal[row.id]]] : [])));
    const named = [...new Set([...this.of.values()].map(({ label }) => label))];
    this.letters = new Map(named.map((name, place) => [name, groups[place] ?? ""]));
    this.giveWay(groups);
  }

  /** The letter that is proposed for the row with this id; "" for none. */
  letter(id) {
    return this.letters.get(this.of.get(id)?.label) ?? "";
  }

  confidence(id) {
    return this.of.get(id).confidence;
  }

  /** Move proposed groups that would join by accident under one of these letters. Returns the moves, [from, to]; "" when none is free. */
  giveWay(letters) {
    const moves = [];
    for (const [name, letter] of this.letters) {
      if (!letter || !letters.includes(letter) || !this.joinsByAccident(name, letter)) continue;
      const taken = new Set(this.rows.map((row) => this.shown(row)));
      const free = this.groups.find((group) => !taken.has(group)) ?? "";
      this.letters.set(name, free);
      moves.push([letter, free]);
    }
    return moves;
  }

  /** Whether rows of the group that the person has said nothing about stand under one letter with others that nobody put them to. */
  joinsByAccident(name, letter) {
    const isOf = ({ id }) => this.of.get(id)?.label === name;
    const isGiven = ({ id }) => Boolean(this.labels.get(id));
    const first = this.rows.findIndex((row) => isOf(row) && !isGiven(row));
    if (first < 0) return false;
    const others = this.rows.filter((row) => this.shown(row) === letter && (isGiven(row) || !isOf(row)));
    const wanted = others.some((row) => isOf(row) || (isGiven(row) && this.rows.indexOf(row) > first));
    return others.length > 0 && !wanted;
  }

  /** What the row counts as while the proposal is shown. */
  shown({ id }) {
    return this.labels.get(id) || this.letter(id);
  }
}
