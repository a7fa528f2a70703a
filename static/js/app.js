// What every page gets on top of plain HTML: times in the reader's zone, ids that copy, menus that close, the theme without a reload.

import "./again.js";
import "./unsent.js";

const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });
const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(0, "second");
}

// Text that stays the same is left alone: writing it again would undo a selection.
function write(element, text) {
  const moment = new Date(element.dateTime);
  if (element.textContent !== text(moment)) element.textContent = text(moment);
  element.title = exact.format(moment);
}

function localTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-when]")) write(element, ago);
  for (const element of root.querySelectorAll("time[data-clock]")) write(element, (moment) => time.format(moment));
}

async function copyId(button) {
  const label = button.querySelector("[data-copy-label]");
  label.dataset.copyLabel ||= label.textContent; // a second click finds “copied” there
  if (!(await copied(button.dataset.copy))) return;
  label.textContent = button.dataset.copied;
  setTimeout(() => (label.textContent = label.dataset.copyLabel), 1200);
  button.focus();
}

async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  // Without HTTPS only what is selected can be copied.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) copyId(copy);
  // By the way of the click: what was clicked may have been drawn anew since, and is in no menu any more.
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!event.composedPath().includes(menu)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The workbench puts its questions into the browser's history without loading pages. Back from them may load another page, such as an answer;
// forward from there changes the address alone, and what belongs to it is loaded here. The workbench listens for itself.
// Whoever goes back twice in a hurry has changed it before this runs: what counts is the address that the page came to the screen with.
const loaded = new URL(window.navigation?.activation?.entry.url ?? location.href).pathname;
const isLeft = () => location.pathname !== loaded;
if (isLeft()) location.reload();
window.addEventListener("popstate", () => {
  if (isLeft() && !document.querySelector("[data-workbench]")) location.reload();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-theme-form]")) {
    event.preventDefault();
    const theme = event.submitter.value;
    const body = new FormData(form, event.submitter);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button === event.submitter);
    fetch(form.action, { method: "POST", body, redirect: "manual" });
    return;
  }
  // A second press while the first is on its way would ask for the same thing twice.
  if (form.method === "post") {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  }
});

// A page that comes back from the browser's memory may be sent again, and so may one whose sending the person has stopped.
function mayBeSentAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
}
window.addEventListener("pageshow", mayBeSentAgain);
if (window.navigation) navigation.addEventListener("navigateerror", mayBeSentAgain);
else document.addEventListener("keydown", (event) => event.key === "Escape" && mayBeSentAgain());

// A list that is fetched again says so, and says when it cannot be had; what stood there stays.
// A page that asks again by itself does not while it is in the background.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target } = event.detail;
  if (document.hidden && elt.matches("[hx-trigger^=every]")) event.preventDefault();
  else target.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { target, successful } = event.detail;
  const lost = document.querySelector("[data-list-lost]");
  target.removeAttribute("aria-busy");
  if (!successful && lost.hidden) target.before(lost);
  lost.hidden = successful;
});

document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target.parentElement ?? document));
localTimes();
setInterval(localTimes, 30_000);
