// A form that is sent by us: its fields, what is wrong with them, and a button that waits.
import { Refusal, said } from "./api.js";
import { h, say } from "./dom.js";

/** A labelled field; `about` is a hint below it. */
export function field(name, label, { about = "", ...properties } = {}) {
  const hint = about ? h("p", { class: "hint", id: `${name}-about` }, about) : null;
  const input = h("input", { id: name, name, "aria-describedby": hint ? hint.id : null, ...properties });
  return [h("label", { for: name }, label), input, hint];
}

/** `send(values)` may throw; a refusal is told at its field where it names one. */
export function form(label, parts, submit, send) {
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const button = h("button", { type: "submit" }, submit);
  const made = h("form", { class: "stack", "aria-label": label, onsubmit: go }, parts.flat(), problem, button);

  async function go(event) {
    event.preventDefault();
    say(problem, "");
    for (const input of made.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(made)));
    } catch (error) {
      say(problem, said(error));
      const blamed = error instanceof Refusal && error.problem.field && made.elements[error.problem.field];
      if (blamed) {
        blamed.setAttribute("aria-invalid", "true");
        blamed.focus();
      }
    } finally {
      button.disabled = false;
    }
  }
  return made;
}
