// Keys for the page on which a disputed question is decided. They act only while one of its groups has the focus; without this script the
// page is an ordinary form.

const form = document.querySelector("[data-adjudication]");
const fields = [...form.querySelectorAll("[data-decide]")];
const takers = [...form.querySelectorAll("[data-take]")];
const opened = Date.now();
let keys = 0;

function show(field) {
  field.closest("td").dataset.group = field.value;
}

function give(field, label) {
  field.value = label;
  show(field);
}

function go(place) {
  fields[Math.max(0, Math.min(fields.length - 1, place))]?.focus();
}

function take(person) {
  for (const field of fields) give(field, field.dataset.given.split(",")[person] ?? "");
}

function gap() {
  return fields.find((field) => !field.value);
}

function act(field, key) {
  const place = fields.indexOf(field);
  if (/^[1-9]$/.test(key) && takers[key - 1]) take(key - 1);
  else if (/^[a-o?]$/i.test(key)) {
    give(field, key.toUpperCase());
    go(place + 1);
  } else if (/^u$/i.test(key)) {
    give(field, "?");
    go(place + 1);
  } else if (key === "ArrowDown") go(place + 1);
  else if (key === "ArrowUp") go(place - 1);
  else if (key === "Backspace" || key === "Delete") give(field, "");
  else if (key === "Enter") {
    const blank = gap();
    if (blank) blank.focus();
    else form.requestSubmit();
  } else return false;
  return true;
}

form.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-decide]") || event.ctrlKey || event.metaKey || event.altKey) return;
  keys += 1;
  if (act(event.target, event.key)) event.preventDefault();
});

form.addEventListener("change", (event) => {
  if (event.target.matches("[data-decide]")) show(event.target);
});

for (const button of takers) {
  button.hidden = false;
  button.nextElementSibling.hidden = true;
  button.addEventListener("click", () => {
    take(Number(button.dataset.take));
    (gap() ?? form.querySelector(".btn-primary")).focus();
  });
}

form.addEventListener("submit", () => {
  form.elements.seconds.value = Math.round((Date.now() - opened) / 1000);
  form.elements.keys.value = keys;
});

form.querySelector("[data-hint]").hidden = false;
(gap() ?? fields[0])?.focus();
