// Own submissions.
import { fill, h } from "../dom.js";
import { historyList } from "../history-list.js";
import { names } from "../names.js";

export async function history(view, { query }) {
  document.title = "Submissions · Assay";
  const problem = query.get("problem") ?? "";
  const runs = h("input", { type: "checkbox", id: "runs", onchange: () => list.load() });
  const list = historyList({ problem, judged: () => !runs.checked });
  fill(view, h("div", { class: "narrow" },
    h("div", { class: "row title" }, h("h1", {}, problem ? `Submissions to ${(await names()).problem(problem)}` : "My submissions"), h("span", { class: "grow" }),
      h("label", { for: "runs" }, runs, " Also what was only run")),
    list.element));
  await list.load();
}
