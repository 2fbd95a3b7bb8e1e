// A button of the admin's that does something that may fail.
import { h } from "../dom.js";

/** `told(error)` is told of a refusal, and null when a new try begins. */
export function act(label, told, work, { name = label, danger = false } = {}) {
  const button = h("button", { type: "button", class: danger ? "quiet small danger" : "quiet small", "aria-label": name }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    told(null);
    try {
      await work();
    } catch (error) {
      told(error);
    }
    button.disabled = false;
  });
  return button;
}
