// The list of problems: search, tags, difficulty, what is solved, in one table.
import { ask } from "../api.js";
import { fill, h, say } from "../dom.js";
import { words } from "../format.js";
import { table } from "../table.js";

const DIFFICULTIES = ["easy", "medium", "hard"];
// What a click on a column's name sorts by; what is equal stays in the order of the service.
const ORDERS = {
  problem: (one, other) => one.name.localeCompare(other.name, "en", { numeric: true }),
  acceptance: (one, other) => rate(other) - rate(one),
  difficulty: (one, other) => rank(one) - rank(other),
};
const rate = ({ submissions, accepted }) => (submissions > 0 ? accepted / submissions : -1);
const rank = ({ difficulty }) => (DIFFICULTIES.includes(difficulty) ? DIFFICULTIES.indexOf(difficulty) : DIFFICULTIES.length);

export async function problems(view, { query }) {
  document.title = "Problems · Assay";
  const { problems: all } = await ask("/problems");
  const search = h("input", { id: "search", type: "search", placeholder: "Name or tag", value: query.get("search") ?? "" });
  const choice = (id, first, names) => {
    const made = h("select", { id }, new Option(first, ""), ...names.map((it) => new Option(it, it)));
    made.value = query.get(id) ?? "";
    return made;
  };
  const level = choice("difficulty", "Any difficulty", DIFFICULTIES);
  const tag = choice("tag", "Any tag", [...new Set(all.flatMap((it) => it.tags ?? []))].sort());
  const state = choice("state", "Solved or not", ["solved", "not solved"]);
  const body = h("tbody");
  const none = h("p", { class: "empty", role: "status" });
  let order = query.get("sort") ?? "";
  const sorters = Object.keys(ORDERS).map((id) => h("button", { type: "button", class: "sorter", dataset: { order: id }, onclick: () => {
    order = order === id ? "" : id;
    show();
  } }, words(id)));
  const list = table("Problems", [
    { name: "Solved", hidden: true }, { name: sorters[0] }, { name: sorters[1], number: true, minor: true }, { name: sorters[2] }, { name: "Tags", minor: true },
  ], body);

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((it) => {
      const text = [it.id, it.name, ...(it.tags ?? [])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word))
        && (level.value === "" || it.difficulty === level.value)
        && (tag.value === "" || it.tags?.includes(tag.value))
        && (state.value === "" || (state.value === "solved") === Boolean(it.solved));
    });
    fill(body, (ORDERS[order] ? found.sort(ORDERS[order]) : found).map(row));
    for (const it of sorters) it.closest("th").setAttribute("aria-sort", it.dataset.order !== order ? "none" : order === "acceptance" ? "descending" : "ascending");
    list.hidden = found.length === 0;
    say(none, all.length === 0
      ? "There is no problem here yet: `local_runner.py problem import infra/catalogue/*` brings some."
      : found.length === 0 ? "No problem is like that." : "");
    const kept = new URLSearchParams([...[search, level, tag, state].map((it) => [it.id, it.value]), ["sort", order]].filter(([, value]) => value));
    window.history.replaceState(null, "", kept.size > 0 ? `/?${kept}` : "/");
  }

  const labelled = (text, control) => [h("label", { for: control.id, class: "visually-hidden" }, text), control];
  for (const control of [search, level, tag, state]) control.addEventListener("input", show);
  fill(view, h("div", { class: "narrow" },
    h("div", { class: "row title" }, h("h1", {}, "Problems"), h("span", { class: "grow" }), progress(all)),
    h("form", { class: "row filters", role: "search", "aria-label": "Problems", onsubmit: (event) => event.preventDefault() },
      labelled("Search", search), labelled("Difficulty", level), labelled("Tag", tag), labelled("Solved or not", state)),
    list, none));
  show();
}

function progress(all) {
  if (all.length === 0) return null;
  const solved = all.filter((it) => it.solved).length;
  const bar = h("span");
  bar.style.width = `${(100 * solved) / all.length}%`;
  const meter = h("span", { class: "meter", role: "meter", "aria-label": "Solved", "aria-valuemin": "0", "aria-valuemax": String(all.length), "aria-valuenow": String(solved) }, bar);
  return h("p", { class: "progress" }, meter, `${solved} of ${all.length} solved`);
}

/** "42 %": how many of the judged submissions were accepted. */
export const acceptance = ({ submissions, accepted }) => (submissions > 0 ? `${Math.round((100 * accepted) / submissions)} %` : null);

function row(problem) {
  const mark = problem.solved
    ? [h("span", { class: "solved", "aria-hidden": "true" }, "✓"), h("span", { class: "visually-hidden" }, "solved")] : null;
  return h("tr", {},
    h("td", { class: "mark" }, mark),
    h("td", { class: "name" }, h("a", { href: `/p/${encodeURIComponent(problem.id)}` }, problem.name)),
    h("td", { class: "number minor" }, acceptance(problem) ?? "–"),
    h("td", {}, problem.difficulty ? h("span", { class: `level ${problem.difficulty}` }, problem.difficulty) : ""),
    h("td", { class: "tags minor" }, (problem.tags ?? []).map((it) => h("span", { class: "tag" }, it))));
}
