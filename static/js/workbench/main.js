// Starts the workbench on its page.

import { Bench } from "./bench.js";
import { Columns } from "./columns.js";
import { commands, press } from "./keys.js";
import { Prefs } from "./prefs.js";
import { Queue } from "./queue.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const page = document.querySelector("[data-workbench]");
const config = JSON.parse(document.getElementById("workbench-config").textContent);
// Read anew for each message: signing in again in another tab changes it.
const csrf = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

const view = new View(page, page.dataset.sprite);
const prefs = new Prefs(config.person, config.transform);
let bench;
const store = new Store({
  person: config.person,
  csrf,
  onState: (state) => view.saving(state),
  onRefused: (questionId, refusal) => bench.refused(questionId, refusal),
});
const queue = new Queue(store, config.urls.next, (counts) => bench.counts(counts));
bench = new Bench({ page, config, store, queue, view, prefs });
const table = commands(bench);
view.drawHelp(table);
new Columns(page.querySelector("[data-columns]"), bench, prefs);

const grid = page.querySelector("[data-grid]");
grid.addEventListener("keydown", (event) => {
  if (!prefs.keysOn && event.key.length === 1 && event.key !== "?") return;
  press(table, event, () => bench.sign(true));
});
page.addEventListener("pointerdown", () => bench.sign(true));
page.addEventListener("wheel", () => bench.sign(false), { passive: true });

const on = (name, run) =>
  page.querySelectorAll(`[data-${name}]`).forEach((button) => button.addEventListener("click", () => run(button)));
on("accept", () => bench.accept());
on("undo", () => bench.undo());
on("redo", () => bench.redo());
on("skip", () => bench.skip());
on("help-open", () => bench.help());
on("open-long", () => bench.toggleLong());
on("proposal", () => bench.toggleProposal());
on("folded", () => bench.setDisplay("all"));
on("together", () => bench.together());
on("different", () => bench.different());
on("all-groups", (button) => button.setAttribute("aria-expanded", String(bench.toggleGroups())));
// Buttons in the footer leave the focus, and with it the keys, in the grid.
for (const button of page.querySelectorAll("[data-keeps-focus]")) {
  button.addEventListener("mousedown", (event) => event.preventDefault());
}
page.querySelector("[data-display]").addEventListener("change", (event) => {
  bench.setDisplay(event.target.value);
  grid.focus();
});

const keysSwitch = document.querySelector("[data-keys-on]");
keysSwitch.checked = prefs.keysOn;
keysSwitch.addEventListener("change", () => (prefs.keysOn = keysSwitch.checked));
view.sheet.addEventListener("close", () => grid.focus());

window.addEventListener("popstate", () => location.reload());
window.addEventListener("pagehide", () => queue.release());

bench.open({ question: config.question });
