// What stands around the grid: progress, the state of saving, hints, the buttons, the help dialog.

const SAVED = { saved: "cloud-check", saving: "cloud-up", offline: "cloud-off", "signed-out": "lock", "somebody-else": "lock" };

/** As in the tables, whatever the browser's language. */
function counted(number) {
  return number.toLocaleString("en-US");
}

export class View {
  constructor(page, sprite) {
    this.page = page;
    this.sprite = sprite;
    this.part = (name) => page.querySelector(`[data-${name}]`);
    this.sheet = document.querySelector("[data-help]");
    this.cutOff = false;
    this.isLeaving = false;
  }

  question(number, total, left) {
    const title = this.page.dataset.workbench === "looks" ? gettext("Question %s") : gettext("Question %s of %s");
    this.part("title").textContent = interpolate(title, [number, counted(total)].slice(0, title.split("%s").length - 1));
    const words = {
      answers: ngettext("%s left for you", "%s left for you", left),
      decides: ngettext("%s disputed", "%s disputed", left),
      looks: ngettext("%s to look at again", "%s to look at again", left),
    }[this.page.dataset.workbench];
    this.part("left").textContent = interpolate(words, [counted(left)]);
    const bar = this.part("progress");
    bar.max = total;
    bar.value = total - left;
    document.title = `${this.part("title").textContent} · ${this.page.dataset.transform}`;
  }

  /** How much the person did today, or of what they mean to do. */
  pace(pace) {
    const box = this.part("pace");
    if (!pace || !(pace.done || pace.wanted)) {
      box.textContent = "";
      return;
    }
    const { done, wanted, period } = pace;
    const words = {
      day: wanted ? gettext("%s of %s today") : gettext("%s today"),
      week: gettext("%s of %s this week"),
    }[period];
    const reached = wanted && done >= wanted ? ` · ${gettext("goal reached")}` : "";
    box.textContent = interpolate(words, [done, wanted].slice(0, words.split("%s").length - 1).map(counted)) + reached;
  }

  /** Another question is there, which who does not see it hears. */
  arrived(place) {
    this.announce(`${this.part("title").textContent}. ${place}`);
  }

  /** For whoever answers for the first time. */
  first(hint) {
    const box = this.part("first");
    if (box.textContent !== hint) box.textContent = hint;
  }

  /** What was said before is over: the person goes on. */
  calm() {
    this.part("alarm").hidden = true;
    this.hint("");
  }

  /** The person is not led away after all: an alarm has the way on. */
  stay() {
    this.hint("");
    this.part("alarm-next").hidden = false;
    this.isLeaving = false;
  }

  /** Another question is on the screen; an alarm about the one before stays, without its way on. */
  moved() {
    this.part("alarm-next").hidden = true;
  }

  /** Why the question is looked at again. */
  why(lines) {
    const box = this.part("why");
    if (box) box.textContent = lines.join(" ");
  }

  /** Whether the question has the doubled groups, and the key line says so. */
  doubled(has) {
    for (const part of this.page.querySelectorAll("[data-with-doubled]")) part.hidden = !has;
  }

  /** What to do if more rows are all different than there are groups; nothing where there is a group for each row. */
  tooMany(rows, groups) {
    const words = gettext("There are %s rows but only %s groups. If more rows than that are all different, mark the rest as unsure: they are left out of the labels.");
    this.part("too-many").textContent = rows > groups ? interpolate(words, [rows, groups]) : "";
  }

  /** Whose grouping can be taken as a whole; nobody's where answers are given. */
  people(people = [], onTake = () => {}) {
    this.part("people")?.replaceChildren(
      ...people.map(({ name }, place) => {
        const button = document.createElement("button");
        const key = document.createElement("kbd");
        key.textContent = String(place + 1);
        button.type = "button";
        button.className = "btn btn-quiet btn-sm";
        button.append(key, " ", name);
        button.setAttribute("aria-label", interpolate(gettext("Take the grouping of %s"), [name]));
        button.addEventListener("mousedown", (event) => event.preventDefault());
        button.addEventListener("click", () => onTake(place));
        return button;
      }),
    );
  }

  saving(state) {
    const words = {
      saved: gettext("saved"),
      saving: gettext("saving…"),
      offline: gettext("offline, will save"),
      "signed-out": gettext("signed out, will save"),
      "somebody-else": gettext("not signed in, will save"),
    };
    const box = this.part("saved");
    if (box.dataset.state === state) return;
    box.dataset.state = state;
    this.tellCutOff(state, words[state]);
    if (this.isLeaving && state !== "saved") this.leaving();
    box.querySelector("use").setAttribute("href", `${this.sprite}#${SAVED[state]}`);
    box.querySelector("[data-words]").textContent = words[state];
    for (const name of ["signed-out", "somebody-else"]) this.part(name).hidden = state !== name;
  }

  /** Screen readers hear of a lost connection and of its end, not of each key; that the person has to sign in is an alarm of its own. */
  tellCutOff(state, words) {
    if (state === "offline" || (state === "saved" && this.cutOff)) this.part("saved-told").textContent = words;
    if (state !== "saving") this.cutOff = state !== "saved";
  }

  state({ gaps, proposed, canUndo, canRedo, display, folded, hasLong, proposal }) {
    const accept = this.part("accept");
    accept.setAttribute("aria-disabled", String(gaps > 0));
    this.part("gaps").textContent = this.stands(gaps, proposed);
    this.part("undo").disabled = !canUndo;
    this.part("redo").disabled = !canRedo;
    this.part("open-long").hidden = !hasLong;
    for (const part of this.page.querySelectorAll("[data-with-proposal]")) part.hidden = proposal === null;
    this.part("proposal").setAttribute("aria-pressed", String(Boolean(proposal)));
    this.part("display").value = display;
    const fold = this.part("folded");
    fold.hidden = !folded || display === "all";
    fold.textContent = interpolate(ngettext("%s identical column", "%s identical columns", folded), [folded]);
  }

  /** That there are columns, so many, which nobody sees without scrolling: rows that look the same may differ there. */
  beyond(columns) {
    const button = this.part("beyond");
    button.hidden = !columns;
    button.textContent = interpolate(ngettext("%s column further right", "%s columns further right", columns), [columns]);
  }

  /** How far the question is: what Accept lacks, or how much of what it takes nobody but the engine has said. */
  stands(gaps, proposed) {
    if (gaps) return interpolate(ngettext("%s row to go", "%s rows to go", gaps), [gaps]);
    if (proposed) return interpolate(ngettext("%s row as proposed", "%s rows as proposed", proposed), [proposed]);
    return gettext("All rows are answered");
  }

  long(open) {
    this.part("open-long").setAttribute("aria-pressed", String(open));
  }

  /** Told to everybody: shown in the footer, read out by screen readers. */
  say(text, tone = "") {
    this.hint(text, tone);
    this.announce(text);
  }

  hint(text, tone = "") {
    const hint = this.part("hint");
    hint.textContent = tone === "blocked" || text.length > 40 ? text : "";
    hint.dataset.tone = tone;
  }

  /** Told to screen readers only. */
  announce(text) {
    this.part("live").textContent = text;
  }

  /** `here` says that it is about the question on the screen, `canReturn` that what was refused can be brought back. */
  alarm(code, message, { here, canReturn }) {
    const alarm = this.part("alarm");
    this.part("alarm-text").textContent = message;
    this.part("alarm-next").hidden = !here || ["invalid", "newer"].includes(code);
    this.part("alarm-back").hidden = !canReturn;
    alarm.hidden = false;
  }

  busy(busy) {
    this.page.setAttribute("aria-busy", String(busy));
  }

  /** All that is left to do is to send what was answered. */
  leaving() {
    this.isLeaving = true;
    const isOffline = this.part("saved").dataset.state === "offline";
    if (isOffline) this.say(gettext("You are offline. Your answers are kept in this browser; the next question comes with the connection."), "blocked");
    else this.say(gettext("Sending your answer, then going on to the next question…"));
  }

  help() {
    this.sheet.showModal();
  }
}
