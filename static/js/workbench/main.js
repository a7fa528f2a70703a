// Starts the workbench on its page.

import { Bench } from "./bench.js";
import { Columns } from "./columns.js";
import { Effort } from "./effort.js";
import { commands, Keys } from "./keys.js";
import { KeySheet } from "./keysheet.js";
import { Prefs } from "./prefs.js";
import { Queue } from "./queue.js";
import { Saver } from "./saver.js";
import { Session } from "./session.js";
import { Side } from "./side.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const page = document.querySelector("[data-workbench]");
const config = JSON.parse(document.getElementById("workbench-config").textContent);
// The token is read anew for each message: signing in again in another tab changes it. Somebody else may have signed in there, too: the
// server takes nothing that is another person's.
const signed = () => ({
  "X-CSRFToken": /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "",
  "X-Workbench-Person": config.person,
});

const view = new View(page, page.dataset.sprite);
let session;
const store = new Store({
  person: config.person,
  signed,
  onState: (state) => view.saving(state),
  onRefused: (...refusal) => session.refused(...refusal),
});
const prefs = new Prefs(`${config.person}.${config.transform}`, config.columns, (columns) => columnSaver.save(columns));
const queue = new Queue(store, config.urls.next, (counts) => session.counts(counts));
const bench = new Bench({
  page,
  config,
  view,
  prefs,
  onChanged: () => session.keep(),
  goBack: () => session.back(),
  canGoBack: () => queue.behind.length > 0 || Boolean(session?.trail.last()),
});
const side = new Side(page, signed, prefs, {
  onClosed: () => bench.grid.table.focus({ preventScroll: true }),
  onRemarks: (remarks) => bench.grid.remark(remarks),
});
const effort = new Effort();
const address = () => location.pathname + location.search;
let shown;
const opened = () => {
  shown = address();
  keySheet.draw();
};
session = new Session({ bench, config, store, queue, view, side, effort, opened });
const columns = new Columns(page.querySelector("[data-columns]"), bench, prefs);
const columnSaver = new Saver(store, config.urls.columns, (message) => {
  prefs.takeBack();
  bench.relayout();
  columns.draw();
  view.say(message, "blocked");
});
const keys = new Keys(commands(bench, session, side), config.keys);
const keySaver = new Saver(store, config.urls.keys, (message) => keySheet.refused(message));
const keySheet = new KeySheet(view.sheet, page, keys, (changed) => keySaver.save(changed));

const grid = page.querySelector("[data-grid]");
grid.addEventListener("keydown", (event) => {
  if (event.target !== grid) return; // a link in a cell has its own Enter
  keys.press(event, () => effort.sign(true));
});
// Whoever presses a key while nothing has the focus means the rows: it was taken by something that is gone, such as the field of an extension.
let inSide = false; // what was clicked last is read, and scrolled by keys
document.addEventListener("pointerdown", (event) => (inSide = Boolean(event.target.closest("[data-side]"))));
document.addEventListener("keydown", (event) => {
  if (event.target !== document.body || inSide) return;
  grid.focus({ preventScroll: true });
  if (document.activeElement === grid) keys.press(event, () => effort.sign(true)); // not behind a dialog
});
page.addEventListener("pointerdown", () => effort.sign(true));
page.addEventListener("wheel", () => effort.sign(false), { passive: true });

const on = (name, run) =>
  page.querySelectorAll(`[data-${name}]`).forEach((button) => button.addEventListener("click", (event) => run(button, event)));
// The second click of a double click lands on the question that the first has brought.
const onSingle = (name, run) => on(name, (_button, event) => event.detail < 2 && run());
onSingle("accept", () => session.accept());
on("bring-back", () => session.bringBack());
on("undo", () => bench.undo());
on("redo", () => bench.redo());
onSingle("skip", () => session.skip());
on("help-open", () => bench.help());
on("open-long", () => bench.toggleLong());
on("proposal", () => bench.toggleProposal());
on("side-toggle", () => side.toggle());
on("folded", () => {
  bench.setDisplay("all"); // and the button is gone
  grid.focus();
});
on("beyond", () => bench.panOn());
on("together", () => bench.together());
on("different", () => bench.different());
on("all-groups", (button) => button.setAttribute("aria-expanded", String(bench.toggleGroups())));
// Buttons in the footer leave the focus, and with it the keys, in the grid.
for (const button of page.querySelectorAll("[data-keeps-focus]")) {
  button.addEventListener("mousedown", (event) => event.preventDefault());
}
// A click beside everything would take the keys away.
page.addEventListener("click", (event) => {
  const nowhere = document.activeElement === document.body && getSelection().isCollapsed;
  if (nowhere && !event.target.closest("[data-side]")) grid.focus({ preventScroll: true });
});
const display = page.querySelector("[data-display]");
let byPointer = false; // with the keyboard, each arrow key is a change
display.addEventListener("pointerdown", () => (byPointer = true));
display.addEventListener("keydown", () => (byPointer = false));
display.addEventListener("change", () => {
  bench.setDisplay(display.value);
  if (byPointer) grid.focus();
});

view.sheet.addEventListener("close", () => grid.focus());

// The links of the page itself, such as the one to its content, lead nowhere else.
window.addEventListener("popstate", () => address() !== shown && location.reload());
window.addEventListener("pagehide", () => queue.release());
// A page that comes back from the browser's memory knows nothing of what was submitted and given back as it went away.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

session.open({ question: config.question });

const box = page.querySelector("[data-scroll]");
box.addEventListener("scroll", () => bench.tellBeyond(), { passive: true });
new ResizeObserver(() => bench.tellBeyond()).observe(box);
