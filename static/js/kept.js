// What this browser keeps, by key. Its storage may be full or forbidden: what was to stay there then lasts as long as the page.

class Kept {
  /** `storage` is named and not given: where it is forbidden, to ask for it is refused already. */
  constructor(storage) {
    this.storage = storage;
  }

  /** Nothing (null) if nothing was kept, or it cannot be read. */
  read(key) {
    try {
      return JSON.parse(window[this.storage].getItem(key));
    } catch {
      return null;
    }
  }

  write(key, value) {
    try {
      window[this.storage].setItem(key, JSON.stringify(value));
    } catch {
      // See above.
    }
  }

  drop(key) {
    try {
      window[this.storage].removeItem(key);
    } catch {
      // What cannot be removed could not be written.
    }
  }
}

/** As long as the tab is open. */
export const tab = new Kept("sessionStorage");
/** For good, in all tabs. */
export const browser = new Kept("localStorage");
