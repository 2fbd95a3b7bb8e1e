// The list of problems: search, tags, difficulty, in one table.
import { ask } from "../api.js";
import { fill, h, say } from "../dom.js";

const DIFFICULTIES = ["easy", "medium", "hard"];

export async function problems(view, { query }) {
  document.title = "Problems · Assay";
  const { problems: all } = await ask("/problems");
  const search = h("input", { id: "search", type: "search", placeholder: "Name or tag", value: query.get("search") ?? "" });
  const level = h("select", { id: "difficulty" }, new Option("Any difficulty", ""), ...DIFFICULTIES.map((it) => new Option(it, it)));
  level.value = query.get("difficulty") ?? "";
  const tag = h("select", { id: "tag" }, new Option("Any tag", ""),
    ...[...new Set(all.flatMap((it) => it.tags ?? []))].sort().map((it) => new Option(it, it)));
  tag.value = query.get("tag") ?? "";
  const body = h("tbody");
  const none = h("p", { class: "hint", role: "status" });

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((it) => {
      const text = [it.id, it.name, ...(it.tags ?? [])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word))
        && (level.value === "" || it.difficulty === level.value)
        && (tag.value === "" || it.tags?.includes(tag.value));
    });
    fill(body, found.map(row));
    say(none, all.length === 0
      ? "There is no problem here yet: `local_runner.py problem import infra/catalogue/*` brings some."
      : found.length === 0 ? "No problem is like that." : "");
    const kept = new URLSearchParams([["search", search.value], ["difficulty", level.value], ["tag", tag.value]].filter(([, value]) => value));
    history.replaceState(null, "", kept.size > 0 ? `/?${kept}` : "/");
  }

  for (const control of [search, level, tag]) control.addEventListener("input", show);
  fill(view, h("h1", {}, "Problems"),
    h("form", { class: "row filters", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { for: "search", class: "visually-hidden" }, "Search"), search,
      h("label", { for: "difficulty", class: "visually-hidden" }, "Difficulty"), level,
      h("label", { for: "tag", class: "visually-hidden" }, "Tag"), tag),
    h("table", { class: "list" },
      h("thead", {}, h("tr", {}, ...["Problem", "Difficulty", "Tags"].map((it) => h("th", { scope: "col" }, it)))),
      body),
    none);
  show();
}

function row(problem) {
  return h("tr", {},
    h("td", {}, h("a", { href: `/p/${encodeURIComponent(problem.id)}` }, problem.name)),
    h("td", {}, problem.difficulty ? h("span", { class: `level ${problem.difficulty}` }, problem.difficulty) : ""),
    h("td", {}, (problem.tags ?? []).map((it) => h("span", { class: "tag" }, it))));
}
