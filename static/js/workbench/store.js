// Where answers go: the server, and until it has them this browser's own storage. Nothing typed is lost to a lost connection.
//
// Each question has at most one message waiting: the newest state of its grid, or its submission. Messages go out one at a time and are
// repeated until the server has answered; a refusal (somebody else has the question, a grid that does not fit) is told and dropped.
// A page that goes away may leave what the server has taken: the next page sends it again, and the server knows it by the stamp of the message.

import { browser } from "../kept.js";

const PREFIX = "labelportal.outbox";
const DEBOUNCE = 300;
const RETRY = [1000, 2000, 5000, 10000];
const TIMEOUT = 15000;

/**
 * Why the person has to sign in first: "signed-out" if the server leads to that page or misses the cookie that goes with what is sent,
 * "somebody-else" if it knows another person; nothing otherwise.
 */
export function cutOffBy(response) {
  const signedOut = response.type === "opaqueredirect" || (response.status === 403 && !isRefusal(response));
  return response.headers.get("X-Workbench-Cut-Off") ?? (signedOut ? "signed-out" : "");
}

/** Whether the server says in a sentence why it never takes this: somebody else has the question, the grid or the person's role does not fit. */
function isRefusal({ status, headers }) {
  return status === 409 || status === 422 || (status === 403 && headers.get("Content-Type") === "application/json");
}

/** What is sent of a message: its body and by what it is known when it comes again. */
const named = ({ body, stamp }) => ({ ...body, message: stamp });

export class Store {
  /** `signed` gives the headers by which the server knows whose messages these are. `onState` hears "saved" | "saving" | "offline" | "signed-out" | "somebody-else"; `onRefused` hears (question id, {code, message}, what was sent). */
  constructor({ person, signed, onState, onRefused }) {
    this.signed = signed;
    this.prefix = `${PREFIX}.${person}.`;
    this.onState = onState;
    this.onRefused = onRefused;
    this.outbox = this.read();
    this.timers = new Map();
    this.failures = 0;
    this.cutOff = ""; // why the last message did not get through, unless nobody was reached
    this.sending = null;
    this.awaiting = [];
    window.addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush());
    window.addEventListener("pagehide", () => this.flushForGood());
    this.leaving = null;
    this.confirmed = new Set(); // what the server took since then
    window.addEventListener("beforeunload", () => this.leave());
    this.onState(this.outbox.size ? "saving" : "saved"); // what an earlier page could not send is sent now
    if (this.outbox.size) this.flush();
  }

  /** What this browser still holds of a question's grid; nothing when the server has it all, or something newer. */
  pending({ id, urls, stamp }) {
    const message = this.outbox.get(id);
    // A person can have an answer and a decision of the same question; they are not mixed.
    if (![urls.draft, urls.submit].includes(message?.url) || message.body.stamp <= stamp) return undefined;
    return message.body.labels;
  }

  /** The questions of which the server has not heard the newest yet. */
  get waiting() {
    return [...this.outbox.keys()];
  }

  get isEmpty() {
    return this.outbox.size === 0;
  }

  /** Resolves when nothing waits any more. */
  get emptied() {
    return this.isEmpty ? Promise.resolve() : new Promise((resolve) => this.awaiting.push(resolve));
  }

  draft(questionId, url, body) {
    this.put(questionId, { url, body });
    clearTimeout(this.timers.get(questionId));
    this.timers.set(
      questionId,
      setTimeout(() => this.flush(), DEBOUNCE),
    );
  }

  /** Submissions, skips and the like: sent at once, after what waits before them. */
  send(questionId, url, body) {
    clearTimeout(this.timers.get(questionId));
    this.put(questionId, { url, body });
    return this.flush();
  }

  put(questionId, message) {
    // Put last: messages of different questions go out in the order in which they were made.
    this.outbox.delete(questionId);
    this.outbox.set(questionId, { ...message, stamp: `${Date.now()}.${Math.random()}` });
    this.keep(questionId);
    this.onState(this.failures ? "offline" : "saving");
  }

  flush() {
    this.sending ??= this.drain().finally(() => (this.sending = null));
    return this.sending;
  }

  async drain() {
    clearTimeout(this.retry);
    while (this.outbox.size) {
      const [questionId, message] = this.outbox.entries().next().value;
      const result = await this.post(message.url, named(message));
      if (result.lost) {
        this.failures++;
        this.cutOff = result.cutOff ?? "";
        this.onState(this.cutOff || "offline");
        this.retry = setTimeout(() => this.flush(), RETRY[Math.min(this.failures, RETRY.length) - 1]);
        return;
      }
      this.failures = 0;
      // A newer state of the same question may have come while this one was on its way.
      if (this.outbox.get(questionId)?.stamp === message.stamp) {
        this.outbox.delete(questionId);
        this.keep(questionId);
      }
      if (result.refused) this.onRefused(questionId, result.refused, message.body);
    }
    this.onState("saved");
    for (const resolve of this.awaiting.splice(0)) resolve();
  }

  /** {data} when the server has taken it, {refused} when it never will, {lost} when nobody knows. */
  async post(url, body) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.signed() },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (response.ok) return { data: await response.json() };
      if (isRefusal(response)) return { refused: await response.json() };
      if (response.status === 404) return { refused: { code: "gone", message: "" } };
      return { lost: true, cutOff: cutOffBy(response) };
    } catch {
      return { lost: true };
    }
  }

  /** Perhaps another page comes, made before the server had what is on its way now: until then that stays here too, and is sent again. */
  leave() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => {
      this.leaving = null;
      for (const questionId of this.confirmed) this.keep(questionId);
      this.confirmed.clear();
    }, TIMEOUT);
  }

  /** The page goes away: what waits is handed to the browser, which sends it without us. */
  flushForGood() {
    for (const message of this.outbox.values()) this.handOver(message.url, named(message));
  }

  /** Sent by the browser even when the page is gone; nobody hears the answer. */
  handOver(url, body) {
    fetch(url, {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "application/json", ...this.signed() },
      body: JSON.stringify(body),
    }).catch(() => {});
  }

  /** One entry per question, so that two tabs do not write over each other's. */
  keep(questionId) {
    const message = this.outbox.get(questionId);
    if (message) browser.write(this.prefix + questionId, message);
    else if (this.leaving) this.confirmed.add(questionId);
    else browser.drop(this.prefix + questionId);
  }

  read() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(this.prefix)) continue;
        found.push([key.slice(this.prefix.length), JSON.parse(localStorage.getItem(key))]);
      }
    } catch {
      // Nothing readable is nothing kept.
    }
    return new Map(found.sort(([, one], [, other]) => one.stamp.localeCompare(other.stamp)));
  }
}
