// How the service is doing: what waits, who works, what went wrong; looked at anew while it is seen.
import { ask } from "../api.js";
import { fill, h } from "../dom.js";
import { milliseconds, words } from "../format.js";
import { number, table, when } from "../table.js";
import { act } from "./act.js";

const LOOK_MS = 5000;
const TONES = { working: "good", draining: "warn", drained: "warn", stopping: "warn" };

export function overview(told) {
  const [tiles, workers, errors, letters] = [h("dl", { class: "tiles" }), h("div"), h("div"), h("div")];
  let timer = 0;

  async function load() {
    clearTimeout(timer);
    timer = setTimeout(() => load().catch(told), LOOK_MS);
    // What somebody is about to press does not move away.
    if (document.hidden || element.querySelector("tbody :focus")) return;
    show(await ask("/admin/overview"));
  }

  async function change(method, path) {
    await ask(path, { method });
    document.activeElement?.blur();
    await load();
  }

  function show(found) {
    const { queue } = found;
    fill(tiles, [
      ["Waiting", queue.queued], ["Slots busy", `${found.busy} of ${found.slots}`],
      ["Oldest waits", milliseconds(queue.oldestWaitingMs) ?? "–"], ["Held back", queue.delayed],
      ["Finished", found.totals.finished], ["Webhooks to send", found.webhooks.waiting],
    ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))));
    fill(workers, found.workers.length === 0
      ? h("p", { class: "notice bad" }, "No worker is alive: submissions wait until one is.")
      : table("Workers", ["Worker", "State", { name: "Busy", number: true }, { name: "Isolation", minor: true }, { name: "Languages", number: true, minor: true }, { name: "Drain", hidden: true }],
        h("tbody", {}, found.workers.map(workerRow))));
    fill(errors, found.judgeErrors.length === 0 ? [] : [h("h3", {}, "Submissions that ended as our error"),
      table("Judge errors", ["When", "Problem", "Language", "Worker", "What"], h("tbody", {}, found.judgeErrors.map(errorRow)))]);
    fill(letters, found.deadLetters.length === 0 ? [] : [h("h3", {}, "Webhooks that were given up"),
      table("Dead letters", ["When", "Tenant", "Address", { name: "Tries", number: true }, "Why", { name: "Actions", hidden: true }],
        h("tbody", {}, found.deadLetters.map(letterRow)))]);
  }

  function workerRow(it) {
    const path = `/admin/workers/${encodeURIComponent(it.id)}/drain`;
    const button = it.state === "working"
      ? act("Drain", told, () => change("POST", path), { name: `Drain ${it.id}` })
      : act("Let it work", told, () => change("DELETE", path), { name: `Let ${it.id} work` });
    return h("tr", {},
      h("td", {}, h("code", {}, it.id)), h("td", {}, h("span", { class: "pill", dataset: { tone: TONES[it.state] ?? "busy" } }, words(it.state))),
      number(`${it.busy} of ${it.slots}`), h("td", { class: "minor" }, it.isolation), h("td", { class: "number minor" }, String(it.languages.length)),
      h("td", { class: "number" }, it.state === "stopping" ? null : button));
  }

  const errorRow = (it) => h("tr", {},
    h("td", {}, when(it.atMs)), h("td", {}, it.problemId ?? "–"), h("td", {}, it.language), h("td", {}, h("code", {}, it.worker || "–")),
    h("td", { class: "wrapped" }, it.message ?? "Its result is not kept any more."));

  function letterRow(it) {
    const path = `/admin/dead-letters/${encodeURIComponent(it.id)}`;
    return h("tr", {},
      h("td", {}, when(it.atMs)), h("td", {}, it.tenant), h("td", { class: "wrapped" }, it.url), number(String(it.attempts)), h("td", { class: "wrapped" }, it.error),
      h("td", { class: "number" },
        act("Send again", told, () => change("POST", `${path}/replay`)), " ",
        act("Drop", told, () => change("DELETE", path), { danger: true })));
  }

  const element = h("section", { class: "card" }, h("h2", {}, "The service"), tiles, workers, errors, letters);
  return { element, load, leave: () => clearTimeout(timer) };
}
