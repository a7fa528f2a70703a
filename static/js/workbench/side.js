// The panel beside the grid: guidelines, examples and comments of the question on the screen. The server draws it; it is fetched when it
// is open. On a narrow screen it covers the page, and what lies behind cannot be reached until it is closed.

import { tab } from "../kept.js";
import { cutOffBy } from "./store.js";

const TIMEOUT = 15000;

/** Comments that are being written, {question id: text}: kept by this tab until they are sent, also over a reload. */
class Written {
  constructor(prefix) {
    this.prefix = prefix;
    this.texts = new Map();
  }

  get(id) {
    return this.texts.get(id) ?? tab.read(this.prefix + id) ?? "";
  }

  set(id, text) {
    this.texts.set(id, text);
    if (text) tab.write(this.prefix + id, text);
    else tab.drop(this.prefix + id);
  }

  /** What was written on while it was on its way is not what was sent, and stays. */
  sent(id, text) {
    if (this.get(id) === text) this.set(id, "");
  }
}

export class Side {
  /** `onRemarks` hears how many open comments each row has, {row id: number}, when that may have changed. */
  constructor(page, signed, prefs, { onClosed, onRemarks }) {
    this.box = page.querySelector("[data-side]");
    this.body = this.box.querySelector("[data-side-body]");
    this.status = this.box.querySelector("[data-side-status]");
    this.cutOff = this.box.querySelectorAll("[data-side-cut-off]");
    this.buttons = page.querySelectorAll("[data-side-toggle]");
    this.count = page.querySelector("[data-side-count]");
    this.behind = [document.querySelector(".topbar"), ...page.querySelectorAll("[data-behind-side]")].filter(Boolean);
    this.narrow = matchMedia("(max-width: 40rem)");
    this.signed = signed;
    this.prefs = prefs;
    this.onClosed = onClosed;
    this.onRemarks = onRemarks;
    this.written = new Written(`${prefs.key}.comment.`);
    this.isOpen = prefs.sideOpen && !this.narrow.matches;
    this.narrow.addEventListener("change", () => this.show());
    document.addEventListener("visibilitychange", () => this.comeBack());
    this.box.addEventListener("submit", (event) => this.submit(event));
    this.box.addEventListener("input", (event) => event.target.matches("[data-side-text]") && this.written.set(this.question.id, event.target.value));
    this.box.addEventListener("change", (event) => event.target.matches("[data-mention]") && this.mention(event.target));
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.leave();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-side-text]")) event.target.form.requestSubmit();
    });
  }

  /** Another question is on the screen; `rows` in the order in which they stand there. */
  async open(question, rows) {
    this.question = question;
    this.rows = rows;
    this.counted(question.commentsOpen);
    this.show();
    if (this.isOpen) await this.load();
  }

  async toggle() {
    this.isOpen = !this.isOpen;
    this.prefs.sideOpen = this.isOpen;
    this.show();
    if (!this.isOpen) {
      this.onClosed();
      return;
    }
    this.box.querySelector("[data-side-title]").focus();
    await this.load();
  }

  /** Straight to the field in which one writes, whether the panel is open or not. */
  async comment() {
    const isDrawn = this.drawn === this.question.id;
    const wasOpen = this.isOpen;
    this.isOpen = this.prefs.sideOpen = true;
    this.show();
    this.box.querySelector(isDrawn ? "[data-side-text]" : "[data-side-title]").focus();
    if (isDrawn && wasOpen) return;
    await this.load();
    this.body.querySelector("[data-side-text]")?.focus();
  }

  /** Esc: back to the rows. Beside them the panel may stay, over them it closes. */
  leave() {
    if (this.narrow.matches) this.toggle();
    else this.onClosed();
  }

  /** From the tab where one can sign in again, perhaps. */
  comeBack() {
    if (document.visibilityState === "visible" && this.isOpen && [...this.cutOff].some((part) => !part.hidden)) this.load();
  }

  show() {
    this.box.hidden = !this.isOpen;
    for (const button of this.buttons) button.setAttribute("aria-expanded", String(this.isOpen));
    for (const part of this.behind) part.inert = this.isOpen && this.narrow.matches;
  }

  counted(count) {
    this.question.commentsOpen = count;
    this.count.textContent = count ? String(count) : "";
    const words = count ? interpolate(ngettext("%s open comment", "%s open comments", count), [count]) : "";
    this.count.title = words;
    this.count.setAttribute("aria-label", words);
    this.count.hidden = !count;
  }

  async load() {
    const { question } = this;
    if (this.drawn !== question.id) this.body.replaceChildren();
    this.status.textContent = this.drawn === question.id ? "" : gettext("Loading…");
    await this.ask(question, question.urls.panel);
  }

  async submit(event) {
    event.preventDefault();
    const form = event.target;
    if (this.busy) return;
    this.busy = true;
    const { question } = this;
    const isComment = form.dataset.sideForm === "comment";
    const text = form.querySelector("[data-side-text]")?.value;
    const answer = await this.ask(question, form.action, new FormData(form), () => isComment && this.written.sent(question.id, text));
    this.busy = false;
    if (!answer || question !== this.question) return;
    const wanted = isComment ? "[data-side-text]" : `[data-side-form="${CSS.escape(form.dataset.sideForm)}"] button`;
    this.body.querySelector(wanted)?.focus();
    const untold = this.body.querySelector("[data-side-untold]")?.textContent ?? "";
    const sent = `${gettext("Your comment has been sent.")} ${untold}`.trim();
    if (answer.ok) this.status.textContent = isComment ? sent : gettext("The comment has been changed.");
  }

  /** Fetch or send, then draw what comes back; `done` is called when the server took what was sent. Nothing when it did not hear of it. */
  async ask(question, url, body = null, done = () => {}) {
    try {
      const response = await fetch(url, {
        method: body ? "POST" : "GET",
        headers: this.signed(),
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const cutOff = cutOffBy(response);
      if (cutOff) {
        if (question === this.question) this.tell("", cutOff);
        return null;
      }
      if (!response.ok && response.status !== 422) throw new Error(String(response.status));
      const html = await response.text();
      if (response.ok) done();
      if (question === this.question) this.draw(html);
      return response;
    } catch {
      if (question === this.question) this.tell(gettext("The portal cannot be reached. Try again in a moment."));
      return null;
    }
  }

  tell(words, cutOff = "") {
    this.status.textContent = words;
    for (const part of this.cutOff) part.hidden = part.dataset.sideCutOff !== cutOff;
  }

  draw(html) {
    this.tell("");
    const writes = document.activeElement?.matches("[data-side-text]");
    const about = this.drawn === this.question.id ? this.body.querySelector("[name=row]")?.value : "";
    this.drawn = this.question.id;
    this.body.innerHTML = html;
    this.rows.forEach((row, index) => {
      for (const part of this.body.querySelectorAll(`[data-row-name="${row.id}"]`)) {
        part.textContent = interpolate(gettext("row %s"), [index + 1]);
        if (part.matches("option")) part.parentElement.append(part);
      }
    });
    this.body.querySelector("[name=row]").value = about || "";
    const text = this.body.querySelector("[data-side-text]");
    text.value = this.written.get(this.question.id);
    if (writes) text.focus();
    this.counted(Number(this.body.querySelector("[data-open-comments]").dataset.openComments));
    this.question.remarks = {};
    for (const { dataset } of this.body.querySelectorAll(".comment:not(.is-resolved) [data-row-name]")) {
      this.question.remarks[dataset.rowName] = (this.question.remarks[dataset.rowName] ?? 0) + 1;
    }
    this.onRemarks(this.question.remarks);
    // Times in the reader's own zone, as after any other part that comes later.
    this.body.dispatchEvent(new Event("htmx:afterSwap", { bubbles: true }));
  }

  mention(select) {
    const text = this.body.querySelector("[data-side-text]");
    const { selectionEnd: at, value } = text;
    const gap = at && !/\s/.test(value[at - 1]) ? " " : "";
    text.setRangeText(`${gap}@${select.value} `, at, at, "end");
    select.value = "";
    text.focus();
    this.written.set(this.question.id, text.value);
  }
}
