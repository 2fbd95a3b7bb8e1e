// Tables as all our lists have them, and what their cells often hold.
import { h } from "./dom.js";
import { ago, toneOf, words } from "./format.js";

/** `columns` are names, or {name, hidden} where only a screen reader needs the name, or {name, number, narrow, minor}: a phone does without the minor ones. */
export function table(label, columns, body) {
  const head = columns.map((column) => {
    const { name, hidden = false, number = false, narrow = false, minor = false } = typeof column === "string" ? { name: column } : column;
    return h("th", { scope: "col", class: [number && "number", narrow && "rank-column", minor && "minor"].filter(Boolean).join(" ") || null }, hidden ? h("span", { class: "visually-hidden" }, name) : name);
  });
  return h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": label }, // a phone scrolls it sideways
    h("table", { class: "list" }, h("thead", {}, h("tr", {}, head)), body));
}

export const number = (text) => h("td", { class: "number" }, text ?? "–");

export const when = (ms) =>
  h("time", { datetime: new Date(ms).toISOString(), title: new Date(ms).toLocaleString() }, ago(ms));

/** A verdict, or the state where there is none yet. */
export function verdictMark(it) {
  const name = it.verdict ?? it.status;
  const tone = it.verdict || it.status === "cancelled" ? toneOf(name) : "busy";
  return h("span", { class: "pill", dataset: { tone } }, words(name));
}
