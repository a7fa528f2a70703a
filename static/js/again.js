// Pages that come to the screen once more: loaded again, or out of the browser's memory.

import { browser } from "./kept.js";

const KEY = "labelportal.person";
const person = document.documentElement.dataset.person ?? "";

// A page that is loaded again shows what the server says. Firefox fills its forms with what stood in them, by place: the tick of one answer is then at
// the one that has taken its place, and an old text hides that somebody else has saved a new one.
if (performance.getEntriesByType("navigation")[0]?.type === "reload") {
  for (const form of document.forms) form.reset();
}

// Whoever goes back after somebody has signed out does not see what that person saw.
browser.write(KEY, person);
window.addEventListener("pageshow", (event) => {
  const now = browser.read(KEY); // null where nothing can be kept
  if (event.persisted && now !== null && now !== person) location.reload();
});
