// Groups of a result that are ticked stay ticked while one looks at its other pages, kinds and searches, until people have been asked about them.

const form = document.querySelector("[data-ticks]");
const key = `labelportal.ticks.${form.dataset.ticks}`;
const asked = Number(form.dataset.asked);
const boxes = [...form.querySelectorAll("input[type=checkbox]")];
const note = form.querySelector("[data-ticked]");

/** `ticks` is {value: name of the field}; `sent`, how many groups had been asked about when they were sent. */
let kept = { ticks: {}, sent: null };

function read() {
  try {
    kept = JSON.parse(sessionStorage.getItem(key)) ?? kept;
  } catch {
    // Storage may be forbidden, and the ticks are then those of the page.
  }
  // What was refused, or never arrived, is still ticked.
  if (kept.sent !== null) kept = { ticks: asked > kept.sent ? {} : kept.ticks, sent: null };
}

function write() {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // As above.
  }
}

function draw() {
  const count = Object.keys(kept.ticks).length;
  note.hidden = !count;
  note.querySelector("[data-ticked-count]").textContent = note.dataset.ticked.replace("%s", count);
  for (const box of boxes) box.checked = box.value in kept.ticks;
}

function tick(box) {
  if (box.checked) kept.ticks[box.value] = box.name;
  else delete kept.ticks[box.value];
}

function start() {
  for (const field of form.querySelectorAll("[data-elsewhere]")) field.remove();
  read();
}

start();
for (const box of boxes.filter((one) => one.defaultChecked)) tick(box); // the server remembers them after an error
write();
draw();

form.addEventListener("change", (event) => {
  tick(event.target);
  write();
  draw();
});

form.querySelector("[data-untick]").addEventListener("click", () => {
  kept.ticks = {};
  write();
  draw();
});

form.addEventListener("submit", (event) => {
  if (event.submitter?.name === "all" || form.dataset.sent) return; // all of this page, whatever is ticked elsewhere
  const here = new Set(boxes.map((box) => box.value));
  for (const [value, name] of Object.entries(kept.ticks).filter(([value]) => !here.has(value))) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    field.dataset.elsewhere = "";
    form.append(field);
  }
  kept.sent = asked;
  write();
});

// Back, from the browser's memory.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  start();
  draw();
});
