// Two panes and a bar between them that is dragged or moved by the arrow keys.
import { h } from "./dom.js";
import { keep, kept } from "./kept.js";

const STEP = 2;
const [LEAST, MOST] = [20, 80];
const KEYS = {
  columns: { ArrowLeft: -STEP, ArrowRight: STEP, Home: -100, End: 100 },
  rows: { ArrowUp: -STEP, ArrowDown: STEP, Home: -100, End: 100 },
};

/** A container with both panes, beside or (`rows`) above each other; `name` is what the place of the bar is remembered as. */
export function split(name, first, second, { label, start = 50, as = "columns" }) {
  const bar = h("div", {
    class: "bar", role: "separator", tabindex: "0", "aria-orientation": as === "rows" ? "horizontal" : "vertical",
    "aria-label": label, "aria-valuemin": String(LEAST), "aria-valuemax": String(MOST),
  });
  const whole = h("div", { class: `split ${as}` }, first, bar, second);
  let share = kept(`split:${name}`, start);

  function place(value) {
    share = Math.min(MOST, Math.max(LEAST, value));
    whole.style.setProperty("--share", `${share}%`);
    bar.setAttribute("aria-valuenow", String(Math.round(share)));
  }

  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    const box = whole.getBoundingClientRect();
    const move = as === "rows"
      ? (moved) => place(((moved.clientY - box.top) / box.height) * 100)
      : (moved) => place(((moved.clientX - box.left) / box.width) * 100);
    bar.addEventListener("pointermove", move);
    bar.addEventListener("lostpointercapture", () => {
      bar.removeEventListener("pointermove", move);
      keep(`split:${name}`, share);
    }, { once: true });
  });
  bar.addEventListener("keydown", (event) => {
    const step = KEYS[as][event.key];
    if (step === undefined) return;
    event.preventDefault();
    place(share + step);
    keep(`split:${name}`, share);
  });
  place(share);
  return whole;
}
