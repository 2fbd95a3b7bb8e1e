// Who has solved most; or of one problem, whose solutions need the least time and memory.
import { ask, said } from "./api.js";
import { fill, h, say } from "./dom.js";
import { bytes, milliseconds } from "./format.js";
import { names } from "./names.js";
import { number, table, when } from "./table.js";

const OVERALL = [{ name: "Rank", number: true, narrow: true }, "Name", { name: "Solved", number: true }];
const OF_PROBLEM = [
  { name: "Rank", number: true, narrow: true }, "Name", { name: "Language", minor: true }, { name: "Time", number: true }, { name: "Memory", number: true }, { name: "When", minor: true },
];

/** `element`, and `load()` that fetches it anew. */
export function standingsList({ problem = "" } = {}) {
  const body = h("tbody");
  const problemNote = h("p", { class: "notice bad", role: "alert", hidden: true });
  const none = h("p", { class: "empty", hidden: true });
  let called = null;
  const list = table("Leaderboard", problem ? OF_PROBLEM : OVERALL, body);

  async function load() {
    say(problemNote, "");
    try {
      const [{ rows, own }, found] = await Promise.all([
        ask(problem ? `/leaderboard?problem=${encodeURIComponent(problem)}` : "/leaderboard"), problem ? names() : null,
      ]);
      called = found;
      const isShown = rows.some((it) => it.me);
      fill(body, rows.map(row), own && !isShown ? [row({ ...own, me: true }, "beyond")] : []);
      list.hidden = body.children.length === 0;
      say(none, list.hidden ? "Nobody has solved anything yet." : "");
    } catch (error) {
      say(problemNote, said(error));
    }
  }

  function row(it, beyond) {
    const rank = h("td", { class: "number" }, h("span", { class: "rank", dataset: { rank: String(it.rank) } }, String(it.rank)));
    const name = h("td", {}, it.name, it.me ? h("span", { class: "tag me" }, "you") : null);
    const classes = [it.me && "me", beyond === "beyond" && "beyond"].filter(Boolean).join(" ");
    const figures = problem
      ? [h("td", { class: "minor" }, called.language(it.language)), number(milliseconds(it.cpuTimeMs)), number(bytes(it.peakMemoryBytes)), h("td", { class: "minor" }, when(it.createdMs))]
      : [number(String(it.solved))];
    return h("tr", { class: classes }, rank, name, figures);
  }

  return { element: h("div", { class: "standings" }, problemNote, list, none), load };
}
