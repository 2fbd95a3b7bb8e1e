// One problem: statement, editor, samples to run, tests that turn green while they are judged.
import { ask } from "../api.js";
import { Coding } from "../coding.js";
import { copyButton, fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { RunInput } from "../run-input.js";
import { split } from "../split.js";

export async function problem(view, { id, query }) {
  const found = await ask(`/problems/${encodeURIComponent(id)}`);
  document.title = `${found.name} · Assay`;
  const input = new RunInput(`problem:${id}`);
  const first = found.sampleTexts?.[0]?.input;
  if (first && input.stdin.value === "") input.stdin.value = first;
  const coding = new Coding({
    place: `problem:${id}`,
    starters: found.starters ?? {},
    allowed: found.languages ?? null,
    actions: [
      { label: "Submit", key: "Ctrl-Shift-Enter", hint: "Ctrl+Shift+Enter", send: (body) => ({ ...body, problemId: id }) },
      {
        label: "Run", key: "Ctrl-Enter", hint: "Ctrl+Enter", send: (body) => ({ ...body, ...input.body() }),
        began: (run) => input.began(run), ended: () => input.ended(),
      },
    ],
  });
  const left = h("article", { class: "statement", tabindex: "0", "aria-label": "Statement" }, ...statement(found));
  const right = h("div", { class: "work" }, coding.element, h("details", { class: "own" }, h("summary", {}, "Own input"), input.element), coding.view.element);
  fill(view, split("problem", left, right, { label: "Width of the statement", start: 42 }));
  await coding.load(query.get("language"));
  return () => coding.leave();
}

function statement(found) {
  const html = h("div");
  html.innerHTML = found.statement ?? ""; // sanitised by the service, shared/problems/statements
  for (const block of html.querySelectorAll(".sample pre")) {
    block.tabIndex = 0;
    block.before(copyButton(() => block.textContent, "Copy this sample"));
  }
  const limits = [
    found.timeLimitMs ? `${found.timeLimitMs / 1000} s` : null, bytes(found.memoryBytes),
    found.difficulty, ...(found.tags ?? []),
  ].filter(Boolean);
  const files = `/problems/${encodeURIComponent(found.id)}/files/`;
  const whole = found.statementFile
    ? h("p", {}, h("a", { href: files + encodeURIComponent(found.statementFile), target: "_blank", rel: "noopener" }, "The statement as a document"))
    : null;
  const attachments = (found.attachments ?? []).map((it) => h("li", {}, h("a", { href: files + encodeURIComponent(it), download: it }, it)));
  return [
    h("h1", {}, found.title || found.name), h("p", { class: "hint" }, limits.join(" · ")), whole, html,
    attachments.length > 0 ? [h("h2", {}, "Files"), h("ul", {}, attachments)] : null,
  ].flat().filter(Boolean);
}
