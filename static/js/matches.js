// Groups of a result that are ticked stay ticked while one looks at its other pages, kinds and searches, until people have been asked about them.

import { tab } from "./kept.js";

const form = document.querySelector("[data-ticks]");
const key = `labelportal.ticked.${form.dataset.ticks}`;
const taken = form.dataset.taken.split(" ");
const boxes = [...form.querySelectorAll("input[type=checkbox]")];
const note = form.querySelector("[data-ticked]");

/**
 * `ticks` is {group: [name, value] of the field}: a group may be listed for several reasons, and be found. `sent` is what was sent last: the groups, and
 * the number by which the server says that it has taken them. What was refused, or never arrived, is still ticked.
 */
let kept = { ticks: {}, sent: null };

function read() {
  kept = tab.read(key) ?? kept;
  if (!taken.includes(kept.sent?.number)) return;
  for (const group of kept.sent.groups) delete kept.ticks[group];
  kept.sent = null;
}

function draw() {
  const count = Object.keys(kept.ticks).length;
  note.hidden = !count;
  note.querySelector("[data-ticked-count]").textContent = note.dataset.ticked.replace("%s", count);
  for (const box of boxes) box.checked = box.dataset.tick in kept.ticks;
}

function tick(box) {
  if (box.checked) kept.ticks[box.dataset.tick] = [box.name, box.value];
  else delete kept.ticks[box.dataset.tick];
}

function start() {
  for (const field of form.querySelectorAll("[data-extra]")) field.remove();
  read();
}

function send(name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  field.dataset.extra = "";
  form.append(field);
}

start();
for (const box of boxes.filter((one) => one.defaultChecked)) tick(box); // the server remembers them after an error
tab.write(key, kept);
draw();

form.addEventListener("change", (event) => {
  if (!boxes.includes(event.target)) return; // rows that somebody asks about
  tick(event.target);
  tab.write(key, kept);
  draw();
});

form.querySelector("[data-untick]").addEventListener("click", () => {
  kept.ticks = {};
  tab.write(key, kept);
  draw();
});

form.addEventListener("submit", (event) => {
  if (form.dataset.sent) return;
  const here = boxes.map((box) => box.dataset.tick);
  const all = event.submitter?.name === "all"; // of this page, whatever is ticked elsewhere
  const elsewhere = Object.entries(kept.ticks).filter(([group]) => !here.includes(group));
  if (!all) for (const [, field] of elsewhere) send(...field);
  kept.sent = { number: String(Date.now()), groups: all ? here : Object.keys(kept.ticks) };
  send("number", kept.sent.number);
  tab.write(key, kept);
});

// Back, from the browser's memory.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  start();
  draw();
});
