// What a question took of a person: seconds and keys. Time counts while there are signs of life, a coffee does not.

const IDLE = 60_000;

export class Effort {
  constructor() {
    this.begin();
  }

  /** A question comes to the screen. */
  begin() {
    this.seconds = 0;
    this.keys = 0;
    this.last = Date.now();
  }

  sign(isKey) {
    this.seconds += Math.min(Date.now() - this.last, IDLE) / 1000;
    this.last = Date.now();
    if (isKey) this.keys += 1;
  }

  /** Whole seconds up to now. */
  spent() {
    this.sign(false);
    return Math.round(this.seconds);
  }
}
