// What somebody wrote into a form is in it again when they come back after the form was refused: they had been signed out, or its page was too old.
// The server marks such refusals with data-unsent. Nor does a form with data-keep let anybody leave its page without having been asked.

import { tab } from "./kept.js";

const KEY = "labelportal.unsent";
const NOT_KEPT = ["hidden", "password", "file", "submit", "button", "image", "reset"];
const { person } = document.documentElement.dataset;

/** All that a person fills in, and over which version: whoever saved another one meanwhile is not to be overwritten. */
function fieldsOf(form) {
  const fields = form.querySelectorAll("textarea[name]:not([readonly]), select[name], input[name]:not([readonly])");
  return [...fields].filter(({ name, type }) => name === "seen" || name.startsWith("initial-") || !NOT_KEPT.includes(type));
}

function texts(form) {
  return fieldsOf(form).filter((field) => field.matches("textarea"));
}

function isBox(field) {
  return field.type === "checkbox" || field.type === "radio";
}

/** Boxes share a name, so each is known by its value too. */
function keyOf(field) {
  return isBox(field) ? `${field.name}=${field.value}` : field.name;
}

function valueOf(field) {
  if (isBox(field)) return field.checked;
  return field.matches("select") ? [...field.selectedOptions].map((option) => option.value) : field.value;
}

function fill(field, value) {
  if (value === undefined) return;
  if (isBox(field)) field.checked = value;
  else if (!field.matches("select")) field.value = value;
  else for (const option of field.options) option.selected = value.includes(option.value);
}

function formOf({ page, action }) {
  if (page !== location.pathname) return null;
  return [...document.forms].find((form) => form.method === "post" && form.getAttribute("action") === action && texts(form).length);
}

function restore(form, values) {
  for (const field of fieldsOf(form)) fill(field, values[keyOf(field)]);
  const note = document.querySelector("[data-restored]");
  form.before(note);
  note.hidden = false;
}

/** Whether the form holds what nobody has saved: something typed in, or what the server has just refused. */
function isUnsaved(form) {
  if (form.dataset.sent) return false;
  return form.dataset.keep === "refused" || fieldsOf(form).some((field) => {
    if (isBox(field)) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  });
}

// A link or a search beside such a form leads away from what is typed into it; the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if ([...document.querySelectorAll("form[data-keep]")].some(isUnsaved)) event.preventDefault();
});

const unsent = tab.read(KEY);
if (unsent) {
  const refused = unsent.refused || document.querySelector("[data-unsent]") !== null;
  const form = person === unsent.person ? formOf(unsent) : null;
  if (form && refused) restore(form, unsent.values);
  // It was taken, is in the form again, or somebody else has signed in.
  if (form || !refused || (person && person !== unsent.person)) tab.drop(KEY);
  else tab.write(KEY, { ...unsent, refused });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (!texts(form).some((field) => field.value.trim())) return;
  const values = Object.fromEntries(fieldsOf(form).map((field) => [keyOf(field), valueOf(field)]));
  tab.write(KEY, { person, page: location.pathname, action: form.getAttribute("action"), values, refused: false });
});
