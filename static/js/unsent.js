// What somebody wrote into a form is in it again when they come back after the form was refused: they had been signed out, or its page was too old.
// The server marks such refusals with data-unsent.

const KEY = "labelportal.unsent";
const { person } = document.documentElement.dataset;

/** The texts, and over which version they were written: whoever saved another one meanwhile is not to be overwritten. */
function fieldsOf(form) {
  return [...form.querySelectorAll("textarea[name]:not([readonly]), input[name=seen]")];
}

function keep(unsent) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(unsent));
  } catch {
    // Storage may be full or forbidden; the text is then lost, as it would be without this script.
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function formOf({ page, action }) {
  if (page !== location.pathname) return null;
  return [...document.forms].find((form) => form.method === "post" && form.getAttribute("action") === action && fieldsOf(form).length);
}

function restore(form, values) {
  for (const field of fieldsOf(form)) field.value = values[field.name] ?? field.value;
  const note = document.querySelector("[data-restored]");
  form.before(note);
  note.hidden = false;
}

const unsent = read();
if (unsent) {
  const refused = unsent.refused || document.querySelector("[data-unsent]") !== null;
  const form = person === unsent.person ? formOf(unsent) : null;
  if (form && refused) restore(form, unsent.values);
  // It was taken, is in the form again, or somebody else has signed in.
  if (form || !refused || (person && person !== unsent.person)) sessionStorage.removeItem(KEY);
  else keep({ ...unsent, refused });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const fields = fieldsOf(form);
  if (!fields.some((field) => field.matches("textarea") && field.value.trim())) return;
  const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
  keep({ person, page: location.pathname, action: form.getAttribute("action"), values, refused: false });
});
