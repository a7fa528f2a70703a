// A page that is loaded again shows what the server says. Firefox fills its forms with what stood in them, by place: the tick of one answer is then at
// the one that has taken its place, and an old text hides that somebody else has saved a new one.

if (performance.getEntriesByType("navigation")[0]?.type === "reload") {
  for (const form of document.forms) form.reset();
}
