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
  const close = (event) => {
    if (made.contains(event.target) && !event.target.closest("a")) return;
    made.open = false;
    document.removeEventListener("click", close);
  };
  // Only while it is open: the document outlives the page that the menu is of, and would keep it.
  made.addEventListener("toggle", () => {
    if (made.open) document.addEventListener("click", close);
    else document.removeEventListener("click", close);
  });
  return made;
}
