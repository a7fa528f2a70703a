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

// A large file goes straight to S3, which enforces its size and type; the form then only says where it lies. The answer of S3 cannot be read without a
// CORS rule on the bucket, and need not be: the portal looks whether the file arrived. If S3 cannot be reached from here, the file comes with the form.
function directUpload(form) {
  const direct = JSON.parse(form.dataset.direct);
  const input = form.querySelector("input[type=file]");
  form.addEventListener("submit", async (event) => {
    if (form.dataset.sent) return; // on its way, see app.js
    const file = input.files[0];
    const post = file && direct.posts[file.name.split(".").pop().toLowerCase()];
    if (!post || file.size < direct.from || form.elements.direct) return;
    event.preventDefault();
    const body = new FormData();
    for (const [name, value] of Object.entries(post.fields)) body.append(name, value);
    body.append("file", file);
    try {
      await fetch(post.url, { method: "POST", body, mode: "no-cors" });
    } catch {
      form.submit();
      return;
    }
    for (const [name, value] of Object.entries({ direct: direct.token, direct_name: file.name })) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    input.disabled = true;
    form.submit();
  });
  whenBack(() => {
    input.disabled = false;
    for (const name of ["direct", "direct_name"]) form.elements[name]?.remove();
  });
}

/** Call it when the page comes back from the browser's memory, as it was when its form was sent. */
function whenBack(restore) {
  window.addEventListener("pageshow", (event) => event.persisted && restore());
}

document.querySelectorAll("[data-direct]").forEach(directUpload);
document.querySelectorAll("[data-slider]").forEach(sliderWord);
document.querySelectorAll("[data-dropzone]").forEach(dropZone);
document.querySelectorAll("[data-shown-with]").forEach(shownWith);
document.addEventListener("submit", (event) => {
  const { submitter } = event;
  if (!submitter?.dataset.busy || submitter.textContent === submitter.dataset.busy) return;
  const before = [...submitter.childNodes];
  submitter.textContent = submitter.dataset.busy;
  whenBack(() => submitter.replaceChildren(...before));
});
