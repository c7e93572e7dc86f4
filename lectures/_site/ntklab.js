/* Explorers without Python: a control's move shows the frame that was drawn for it. */
"use strict";

for (const figure of document.querySelectorAll("figure.explorer")) {
  const plan = JSON.parse(figure.querySelector("script").textContent);
  const image = figure.querySelector("img");
  const status = figure.querySelector(".explorer-status");
  const play = figure.querySelector(".explorer-play");
  const controls = [...figure.querySelectorAll(".explorer-control")];
  const start = plan.frames[0];
  const preloaded = new Set();
  let shown = start, timer = null;

  function distance(frame, wanted, fixed) {
    if (fixed !== null && frame.at[fixed] !== wanted[fixed]) return Infinity;
    return frame.at.reduce((sum, place, i) => sum + (place !== wanted[i] ? 1 : 0), 0);
  }

  /* The frame that has the moved control where it is and moves the fewest others. */
  function nearest(wanted, fixed) {
    let best = start, least = Infinity;
    for (const frame of plan.frames) {
      const far = distance(frame, wanted, fixed);
      if (far < least) [best, least] = [frame, far];
    }
    return best;
  }

  function moved(frame, control, place) {
    const wanted = [...frame.at];
    wanted[control] = place;
    return nearest(wanted, control);
  }

  function preload(frame) {
    if (preloaded.has(frame.src)) return;
    preloaded.add(frame.src);
    new Image().src = plan.root + frame.src;
  }

  function preloadNext() {
    plan.controls.forEach((control, i) => {
      for (const place of [shown.at[i] - 1, shown.at[i] + 1]) {
        if (place >= 0 && place < control.values.length) preload(moved(shown, i, place));
      }
    });
  }

  function set(control, i, place) {
    const value = plan.controls[i].values[place];
    const inputs = control.querySelectorAll("input");
    if (plan.controls[i].kind === "checkbox") inputs[0].checked = value === "True";
    else if (plan.controls[i].kind === "radio") inputs[place].checked = true;
    else {
      inputs[0].value = place;
      inputs[0].setAttribute("aria-valuetext", value);
      control.querySelector("output").textContent = value;
    }
  }

  function show(frame, control = null) {
    const back = plan.controls.filter(
      (_, i) => i !== control && frame.at[i] !== shown.at[i]).map(c => c.label);
    status.textContent = control !== null && back.length
      ? `${back.join(", ")}: back at the start, for this combination is not on the page` : "";
    shown = frame;
    image.src = plan.root + frame.src;
    image.alt = frame.alt;
    controls.forEach((element, i) => set(element, i, frame.at[i]));
    preloadNext();
  }

  function place(control, i) {
    const inputs = [...control.querySelectorAll("input")];
    if (plan.controls[i].kind === "checkbox") {
      return plan.controls[i].values.indexOf(inputs[0].checked ? "True" : "False");
    }
    if (plan.controls[i].kind === "radio") return inputs.findIndex(input => input.checked);
    return Number(inputs[0].value);
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  controls.forEach((control, i) => control.addEventListener("input", () => {
    stop();
    show(moved(shown, i, place(control, i)), i);
  }));
  figure.querySelector(".explorer-reset").addEventListener("click", () => { stop(); show(start); });

  /* Whoever asked for less motion moves the sliders by hand. */
  play.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    const i = plan.animated, last = plan.controls[i].values.length - 1;
    if (shown.at[i] === last) show(moved(shown, i, 0), i);
    play.textContent = "Stop";
    timer = setInterval(() => {
      show(moved(shown, i, shown.at[i] + 1), i);
      if (shown.at[i] === last) stop();
    }, 900);
  });

  /* Neighbours are fetched when the explorer comes near, not with the page. */
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    observer.disconnect();
    preloadNext();
  }, { rootMargin: "600px" }).observe(figure);
}

/* What is wider than the page says that it can be scrolled, and can be by keyboard. */
function cues() {
  const wide = "pre, .cell_output, .katex-display, .swipe, .pst-scrollable-table-container, div.math";
  for (const box of document.querySelectorAll(`article :is(${wide})`)) {
    const over = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("scrolls", over);
    box.classList.toggle("at-end", over && box.scrollLeft + box.clientWidth >= box.scrollWidth - 2);
    if (over && !box.hasAttribute("tabindex")) box.tabIndex = 0;
    if (over && !box.dataset.heard) {
      box.dataset.heard = "yes";
      box.addEventListener("scroll", cues, { passive: true });
    }
  }
}
addEventListener("load", cues);
addEventListener("resize", cues);

/* The page of claims: show those of one verdict. */
const filter = document.querySelector(".claims-filter");
if (filter) {
  const cards = [...document.querySelectorAll(".claims .verdict")];
  const status = document.querySelector(".claims-status");
  filter.addEventListener("change", event => {
    const wanted = event.target.value;
    let many = 0;
    for (const card of cards) {
      card.hidden = wanted !== "all" && !card.classList.contains(wanted);
      if (!card.hidden) many += 1;
    }
    status.textContent = `${many} of ${cards.length} claims`;
  });
}
