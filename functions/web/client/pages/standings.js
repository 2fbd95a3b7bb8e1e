// The leaderboard: over all problems, or of one.
import { fill, h } from "../dom.js";
import { names } from "../names.js";
import { standingsList } from "../standings-list.js";

export async function standings(view, { query }) {
  document.title = "Leaderboard · Assay";
  const problem = query.get("problem") ?? "";
  const list = standingsList({ problem });
  fill(view, h("div", { class: problem ? "narrow" : "narrow slim" },
    h("h1", {}, problem ? ["Leaderboard of ", h("a", { href: `/p/${encodeURIComponent(problem)}` }, (await names()).problem(problem))] : "Leaderboard"),
    h("p", { class: "hint" }, problem
      ? "The best accepted submission of each: least time, then least memory."
      : "By the number of problems solved; equals share a rank."),
    list.element));
  await list.load();
}
