// A button that opens a small card below itself; Escape and a click elsewhere close it.
import { h } from "./dom.js";

/** `label` is what a screen reader is told, where the text does not say enough. */
export function menu(text, parts, { label = null, side = "right" } = {}) {
  const made = h("details", { class: `menu ${side}` }, h("summary", { "aria-label": label }, text), h("div", { class: "card" }, parts));
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !made.open) return;
    made.open = false;
    made.firstChild.focus();
  });
  document.addEventListener("click", (event) => {
    if (!made.contains(event.target) || event.target.closest("a")) made.open = false;
  });
  return made;
}
