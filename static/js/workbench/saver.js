// Keeps one thing on the server: the newest state of it, sent again until the server has answered.

const RETRY = 5000;

export class Saver {
  /** `onRefused` hears why the server does not take it. */
  constructor(store, url, onRefused) {
    this.store = store;
    this.url = url;
    this.onRefused = onRefused;
    this.newest = null;
    this.busy = false;
    window.addEventListener("online", () => this.flush());
    window.addEventListener("pagehide", () => this.newest && this.store.handOver(this.url, this.newest));
  }

  save(body) {
    this.newest = body;
    this.flush();
  }

  async flush() {
    clearTimeout(this.retry);
    if (this.busy || !this.newest) return;
    const body = this.newest;
    this.busy = true;
    const result = await this.store.post(this.url, body);
    this.busy = false;
    if (result.lost) {
      this.retry = setTimeout(() => this.flush(), RETRY);
      return;
    }
    if (result.refused) this.onRefused(result.refused.message);
    if (this.newest === body) this.newest = null;
    else this.flush();
  }
}
