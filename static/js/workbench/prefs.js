// How this person likes to see this transform. Columns are kept on the server, so that they are the same in every browser; what is shown of
// them changes by the minute and is kept in this one.

import { browser } from "../kept.js";
import { DISPLAYS } from "./grid.js";

export class Prefs {
  /** `columns` is {hidden, pinned, order} by name as the server has it; `save` takes it when it has changed. */
  constructor(place, columns, save) {
    this.key = `labelportal.view.${place}`;
    this.columns = columns;
    this.before = columns;
    this.save = save;
    this.usualDisplay = DISPLAYS[0]; // until the person chooses
    this.kept = browser.read(this.key) ?? {};
  }

  get display() {
    return DISPLAYS.includes(this.kept.display) ? this.kept.display : this.usualDisplay;
  }

  set display(display) {
    this.change({ display });
  }

  /** Whether the engine's proposal is shown where there is one. */
  get proposalOn() {
    return this.kept.proposalOn ?? true;
  }

  set proposalOn(proposalOn) {
    this.change({ proposalOn });
  }

  /** Whether the panel with guidelines and comments stands beside the grid. */
  get sideOpen() {
    return this.kept.sideOpen ?? false;
  }

  set sideOpen(sideOpen) {
    this.change({ sideOpen });
  }

  /** Column names in the order they are wanted; new columns come last. */
  order(columns) {
    const wanted = this.columns.order.filter((name) => columns.includes(name));
    return [...wanted, ...columns.filter((name) => !wanted.includes(name))];
  }

  hides(name) {
    return this.columns.hidden.includes(name);
  }

  hide(name, hidden) {
    const others = this.columns.hidden.filter((other) => other !== name);
    this.changeColumns({ hidden: hidden ? [...others, name] : others });
  }

  /** Hide or show several of the columns. One always stays: the pinned ones, else the first. */
  hideAll(columns, names, hidden) {
    const others = this.columns.hidden.filter((name) => !names.includes(name));
    const all = hidden ? [...others, ...names.filter((name) => !this.pins(name))] : others;
    this.changeColumns({ hidden: columns.every((name) => all.includes(name)) ? all.filter((name) => name !== columns[0]) : all });
  }

  pins(name) {
    return this.columns.pinned.includes(name);
  }

  pin(name, pinned) {
    const others = this.columns.pinned.filter((other) => other !== name);
    this.changeColumns({ pinned: pinned ? [...others, name] : others });
  }

  move(columns, name, by) {
    const order = this.order(columns);
    const from = order.indexOf(name);
    const to = Math.min(Math.max(from + by, 0), order.length - 1);
    order.splice(to, 0, ...order.splice(from, 1));
    this.changeColumns({ order });
  }

  layout(columns) {
    return {
      display: this.display,
      order: this.order(columns).map((name) => columns.indexOf(name)),
      hidden: new Set(columns.flatMap((name, index) => (this.hides(name) ? [index] : []))),
      pinned: new Set(columns.flatMap((name, index) => (this.pins(name) ? [index] : []))),
    };
  }

  changeColumns(part) {
    this.before = this.columns;
    this.columns = { ...this.columns, ...part };
    this.save(this.columns);
  }

  /** The server did not take the last change. */
  takeBack() {
    this.columns = this.before;
  }

  change(part) {
    this.kept = { ...this.kept, ...part };
    browser.write(this.key, this.kept);
  }
}
