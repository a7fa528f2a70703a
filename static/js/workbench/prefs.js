// How this person likes to see the columns of this transform: kept in the browser.

import { DISPLAYS } from "./grid.js";

export class Prefs {
  constructor(person, transform) {
    this.key = `labelportal.columns.${person}.${transform}`;
    try {
      this.kept = JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      this.kept = {};
    }
  }

  get display() {
    return DISPLAYS.includes(this.kept.display) ? this.kept.display : DISPLAYS[0];
  }

  set display(display) {
    this.change({ display });
  }

  /** Whether single keys do anything. */
  get keysOn() {
    return this.kept.keysOn ?? true;
  }

  set keysOn(keysOn) {
    this.change({ keysOn });
  }

  /** Whether the engine's proposal is shown where there is one. */
  get proposalOn() {
    return this.kept.proposalOn ?? true;
  }

  set proposalOn(proposalOn) {
    this.change({ proposalOn });
  }

  /** Column names in the order they are wanted; new columns come last. */
  order(columns) {
    const wanted = (this.kept.order ?? []).filter((name) => columns.includes(name));
    return [...wanted, ...columns.filter((name) => !wanted.includes(name))];
  }

  hides(name) {
    return (this.kept.hidden ?? []).includes(name);
  }

  hide(name, hidden) {
    const others = (this.kept.hidden ?? []).filter((other) => other !== name);
    this.change({ hidden: hidden ? [...others, name] : others });
  }

  pins(name) {
    return (this.kept.pinned ?? []).includes(name);
  }

  pin(name, pinned) {
    const others = (this.kept.pinned ?? []).filter((other) => other !== name);
    this.change({ pinned: pinned ? [...others, name] : others });
  }

  move(columns, name, by) {
    const order = this.order(columns);
    const from = order.indexOf(name);
    const to = Math.min(Math.max(from + by, 0), order.length - 1);
    order.splice(to, 0, ...order.splice(from, 1));
    this.change({ order });
  }

  layout(columns) {
    return {
      display: this.display,
      order: this.order(columns).map((name) => columns.indexOf(name)),
      hidden: new Set(columns.flatMap((name, index) => (this.hides(name) ? [index] : []))),
      pinned: new Set(columns.flatMap((name, index) => (this.pins(name) ? [index] : []))),
    };
  }

  change(part) {
    this.kept = { ...this.kept, ...part };
    try {
      localStorage.setItem(this.key, JSON.stringify(this.kept));
    } catch {
      // Without storage the wish lasts as long as the page.
    }
  }
}
