// Own submissions, newest first, page by page: of one problem or of all.
import { ask, said } from "./api.js";
import { h, say } from "./dom.js";
import { bytes, milliseconds } from "./format.js";
import { names } from "./names.js";
import { table, verdictMark, when } from "./table.js";

/** `element`, and `load()` that fetches the newest anew. `judged()` says whether only judged ones are wanted. */
export function historyList({ problem = "", judged = () => true } = {}) {
  const body = h("tbody");
  const problemNote = h("p", { class: "notice bad", role: "alert", hidden: true });
  const none = h("p", { class: "empty", hidden: true });
  const more = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => older() }, "Older ones");
  const columns = ["Verdict", ...(problem ? [] : ["Problem"]), { name: "Language", minor: true }, { name: "Time", number: true, minor: !problem }, { name: "Memory", number: true, minor: true }, "When"];
  const list = table("Submissions", columns, body);
  let next = null;
  let asked = 0;

  async function fetchPage(before) {
    const mine = ++asked;
    more.disabled = true;
    say(problemNote, "");
    try {
      const query = new URLSearchParams({ ...(problem && { problem }), ...(judged() && { judged: "true" }), ...(before && { before }) });
      const [page, called] = await Promise.all([ask(`/submissions?${query}`), names()]);
      if (mine !== asked) return; // something newer was asked for meanwhile
      if (!before) body.replaceChildren();
      body.append(...page.submissions.map((it) => row(it, problem, called)));
      next = page.next;
    } catch (error) {
      say(problemNote, said(error));
    }
    more.disabled = false;
    more.hidden = !next;
    list.hidden = body.children.length === 0;
    say(none, list.hidden && problemNote.hidden ? "Nothing has been submitted yet." : "");
  }

  const older = () => fetchPage(next);
  return { element: h("div", { class: "history" }, problemNote, list, none, more), load: () => fetchPage(null) };
}

function row(it, problem, called) {
  const link = h("a", { href: `/s/${it.id}` }, verdictMark(it));
  const about = it.problemId && it.judged ? h("a", { href: `/p/${encodeURIComponent(it.problemId)}` }, called.problem(it.problemId)) : it.problemId || "Run";
  return h("tr", {},
    h("td", {}, link, it.shared ? h("span", { class: "tag" }, "shared") : null),
    problem ? null : h("td", { class: "about" }, about),
    h("td", { class: "minor" }, called.language(it.language)), h("td", { class: problem ? "number" : "number minor" }, milliseconds(it.cpuTimeMs) ?? "–"), h("td", { class: "number minor" }, bytes(it.peakMemoryBytes) ?? "–"),
    h("td", {}, when(it.createdMs)));
}
