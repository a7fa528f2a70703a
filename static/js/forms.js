// Forms that say more while they are filled in: sliders in words, a drop zone, a busy button, parts that belong to one choice.

function sliderWord(slider) {
  const input = slider.querySelector("input[type=range]");
  const say = () => {
    const side = input.value < 0.4 ? "low" : input.value > 0.6 ? "high" : "middle";
    slider.querySelector("[data-slider-word]").textContent = slider.dataset[side];
    slider.parentElement.querySelector("[data-slider-meaning]").textContent = slider.dataset[`${side}Meaning`];
    input.setAttribute("aria-valuetext", slider.dataset[side]);
  };
  input.addEventListener("input", say);
  say();
}

function dropZone(zone) {
  const input = zone.querySelector("input[type=file]");
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    input.files = event.dataTransfer.files;
  });
}

function shownWith(part) {
  const radio = document.getElementById(part.dataset.shownWith);
  const show = () => (part.hidden = !radio.checked);
  for (const other of document.querySelectorAll(`input[name="${radio.name}"]`)) other.addEventListener("change", show);
  show();
}

document.querySelectorAll("[data-slider]").forEach(sliderWord);
document.querySelectorAll("[data-dropzone]").forEach(dropZone);
document.querySelectorAll("[data-shown-with]").forEach(shownWith);
document.addEventListener("submit", (event) => {
  const busy = event.submitter?.dataset.busy;
  if (busy) event.submitter.textContent = busy;
});
