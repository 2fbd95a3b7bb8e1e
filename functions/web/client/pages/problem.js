// One problem: statement, editor, samples to run, tests that turn green while they are judged.
import { ask } from "../api.js";
import { Coding } from "../coding.js";
import { copyButton, fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { historyList } from "../history-list.js";
import { RunInput } from "../run-input.js";
import { split } from "../split.js";
import { standingsList } from "../standings-list.js";
import { tabs } from "../tabs.js";
import { acceptance } from "./problems.js";

export async function problem(view, { id, query }) {
  const found = await ask(`/problems/${encodeURIComponent(id)}`);
  document.title = `${found.name} · Assay`;
  const input = new RunInput(`problem:${id}`);
  const first = found.sampleTexts?.[0]?.input;
  if (first && input.stdin.value === "") input.stdin.value = first;
  const solved = h("span", { class: "pill", dataset: { tone: "good" }, hidden: !found.solved }, "Solved");
  const own = historyList({ problem: id });
  const coding = new Coding({
    place: `problem:${id}`,
    starters: found.starters ?? {},
    allowed: found.languages ?? null,
    actions: [
      {
        label: "Submit", key: "Ctrl-Shift-Enter", hint: "Ctrl+Shift+Enter", send: (body) => ({ ...body, problemId: id }),
        ended: (result) => {
          if (result?.verdict === "accepted") solved.hidden = false;
          own.load();
        },
      },
      {
        label: "Run", key: "Ctrl-Enter", hint: "Ctrl+Enter", send: (body) => ({ ...body, ...input.body() }),
        began: (run) => input.began(run), ended: () => input.ended(),
      },
    ],
  });
  const standings = standingsList({ problem: id });
  const left = h("section", { class: "pane about", "aria-label": "Problem" },
    tabs("Problem", [
      { name: "Problem", content: h("article", { class: "statement" }, ...statement(found, solved)) },
      { name: "Submissions", content: own.element, shown: own.load },
      { name: "Leaderboard", content: standings.element, shown: standings.load },
    ]));
  const below = h("div", { class: "pane below" }, h("details", { class: "own" }, h("summary", {}, "Own input"), input.element), coding.view.element, input.terminal, input.note);
  const right = split("work", coding.element, below, { label: "Height of the program", start: 55, as: "rows" });
  fill(view, split("problem", left, right, { label: "Width of the statement", start: 42 }));
  await coding.load(query.get("language"));
  return () => coding.leave();
}

function statement(found, solved) {
  const html = h("div");
  html.innerHTML = found.statement ?? ""; // sanitised by the service, shared/problems/statements
  for (const block of html.querySelectorAll(".sample pre")) {
    block.tabIndex = 0;
    block.before(copyButton(() => block.textContent, "Copy this sample"));
  }
  const files = `/problems/${encodeURIComponent(found.id)}/files/`;
  const whole = found.statementFile
    ? h("p", {}, h("a", { href: files + encodeURIComponent(found.statementFile), target: "_blank", rel: "noopener" }, "The statement as a document"))
    : null;
  const attachments = (found.attachments ?? []).map((it) => h("li", {}, h("a", { href: files + encodeURIComponent(it), download: it }, it)));
  return [
    h("h1", {}, found.title || found.name), h("p", { class: "row facts" }, solved, facts(found)), whole, html,
    attachments.length > 0 ? [h("h2", {}, "Files"), h("ul", {}, attachments)] : null,
  ].flat().filter(Boolean);
}

function facts(found) {
  const rate = acceptance(found);
  return [
    found.difficulty ? h("span", { class: `level ${found.difficulty}` }, found.difficulty) : null,
    found.timeLimitMs ? h("span", {}, `${found.timeLimitMs / 1000} s`) : null,
    found.memoryBytes ? h("span", {}, bytes(found.memoryBytes)) : null,
    rate ? h("span", {}, `${rate} accepted`) : null,
    found.tags?.length > 0 ? h("span", { class: "tags" }, found.tags.map((it) => h("span", { class: "tag" }, it))) : null,
  ];
}
