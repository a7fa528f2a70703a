// Keys of the list of questions behind a cell: J and K go through it, Enter opens one, R asks it again.

const list = document.querySelector("[data-behind]");
const help = document.querySelector("[data-behind-keys]");
if (help) help.hidden = !list;

document.addEventListener("keydown", (event) => {
  if (!list || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const rows = [...list.querySelectorAll("[data-behind-row]")];
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (step) {
    const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
    next.querySelector("[data-behind-link]").focus();
    next.scrollIntoView({ block: "nearest" });
    event.preventDefault();
  } else if (event.key.toLowerCase() === "r" && here >= 0) {
    rows[here].querySelector("[data-behind-again]")?.click();
    event.preventDefault();
  }
});
