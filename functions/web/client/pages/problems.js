// The list of problems: search, tags, difficulty, what is solved, in one table.
import { ask } from "../api.js";
import { fill, h, say } from "../dom.js";
import { table } from "../table.js";

const DIFFICULTIES = ["easy", "medium", "hard"];
const COLUMNS = [{ name: "Solved", hidden: true }, "Problem", { name: "Acceptance", number: true, minor: true }, "Difficulty", { name: "Tags", minor: true }];

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
  const list = table("Problems", COLUMNS, body);

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((it) => {
      const text = [it.id, it.name, ...(it.tags ?? [])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word))
        && (level.value === "" || it.difficulty === level.value)
        && (tag.value === "" || it.tags?.includes(tag.value))
        && (state.value === "" || (state.value === "solved") === Boolean(it.solved));
    });
    fill(body, found.map(row));
    list.hidden = found.length === 0;
    say(none, all.length === 0
      ? "There is no problem here yet: `local_runner.py problem import infra/catalogue/*` brings some."
      : found.length === 0 ? "No problem is like that." : "");
    const kept = new URLSearchParams([search, level, tag, state].map((it) => [it.id, it.value]).filter(([, value]) => value));
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
  return h("p", { class: "progress" }, h("meter", { min: "0", max: String(all.length), value: String(solved), "aria-label": "Solved" }), ` ${solved} of ${all.length} solved`);
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
