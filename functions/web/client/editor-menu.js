// How somebody likes the editor: size of the letters, keys, and the way back to the starter.
import { h, say } from "./dom.js";
import { codeSize } from "./editor.js";
import { keep, kept } from "./kept.js";
import { KEYS } from "./key-bindings.js";
import { menu } from "./menu.js";

/** `editor` is the one that follows; `restart()` is asked for by its button. */
export function editorMenu(editor, restart) {
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const size = h("output", { "aria-live": "polite" }, `${codeSize(0)} px`);
  const step = (by, label, text) => h("button", {
    type: "button", class: "quiet small", "aria-label": label, onclick: () => { size.textContent = `${codeSize(by)} px`; },
  }, text);
  const keys = h("select", { id: "editor-bindings", onchange: () => choose(keys.value) },
    Object.entries(KEYS).map(([name, title]) => new Option(title, name)));

  async function choose(name) {
    say(problem, "");
    try {
      await editor.useKeys(name);
      keys.dataset.keys = name; // whose are there by now
      keep("keys", name === "usual" ? null : name);
    } catch {
      keys.value = "usual";
      say(problem, "These keys cannot be loaded now.");
    }
  }

  const chosen = kept("keys", "usual");
  keys.value = chosen in KEYS ? chosen : "usual";
  if (keys.value !== "usual") choose(keys.value);
  return menu("Editor", [
    h("div", { class: "setting" }, h("span", {}, "Letters"), step(-1, "Smaller code", "A−"), size, step(1, "Larger code", "A+")),
    h("div", { class: "setting" }, h("label", { for: keys.id }, "Keys"), keys),
    problem,
    h("button", { type: "button", class: "quiet", onclick: restart }, "Reset code"),
  ], { side: "left" });
}
