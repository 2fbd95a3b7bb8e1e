// Tabs by the keyboard's rules: arrow keys move between them, Tab goes on into the panel.
import { h } from "./dom.js";

let made = 0;

/** `parts` are [{name, content, shown?}]: an element, and what is called each time it is shown. */
export function tabs(label, parts) {
  const group = `tabs-${++made}`;
  const buttons = parts.map(({ name }, at) => h("button", {
    type: "button", role: "tab", id: `${group}-${at}`, "aria-controls": `${group}-panel-${at}`,
    onclick: () => choose(at),
  }, name));
  const panels = parts.map(({ content }, at) => h("div", {
    role: "tabpanel", id: `${group}-panel-${at}`, "aria-labelledby": `${group}-${at}`, tabindex: "0",
  }, content));
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label }, buttons);

  function choose(chosen) {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === chosen));
      button.tabIndex = at === chosen ? 0 : -1;
      panels[at].hidden = at !== chosen;
    });
    parts[chosen].shown?.();
  }

  list.addEventListener("keydown", (event) => {
    const now = buttons.indexOf(document.activeElement);
    const next = {
      ArrowRight: (now + 1) % parts.length, ArrowLeft: (now + parts.length - 1) % parts.length,
      Home: 0, End: parts.length - 1,
    }[event.key];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    buttons[next].focus();
    choose(next);
  });
  choose(0);
  return [list, ...panels];
}
