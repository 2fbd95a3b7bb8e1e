// How the service is doing: what waits, what runs, who works; looked at anew while it is seen.
import { ask } from "../api.js";
import { fill, h } from "../dom.js";
import { milliseconds, words } from "../format.js";
import { table } from "../table.js";

const LOOK_MS = 5000;

export function overview() {
  const figures = h("dl", { class: "figures tiles" });
  const workers = h("div");
  let timer = 0;

  async function load() {
    clearTimeout(timer);
    timer = setTimeout(() => load().catch(() => {}), LOOK_MS);
    if (document.hidden) return;
    show(await ask("/status"));
  }

  function show(status) {
    const waited = status.oldestWaitingMs === null ? "–" : milliseconds(status.oldestWaitingMs);
    fill(figures, [
      ["Waiting", status.queued], ["Running", `${status.running} of ${status.slots}`], ["Oldest waits", waited],
      ["Held back", status.delayed], ["Finished", status.totals.finished], ["Cancelled", status.totals.cancelled],
    ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))));
    const rows = status.workers.map((it) => h("tr", {},
      h("td", {}, h("code", {}, it.id)), h("td", { class: "number" }, String(it.slots)), h("td", {}, words(String(it.isolation.level ?? ""))),
      h("td", {}, it.languages.map((language) => h("span", { class: "tag" }, language.name)))));
    fill(workers, rows.length === 0
      ? h("p", { class: "notice bad" }, "No worker is alive: submissions wait until one is.")
      : table("Workers", ["Worker", { name: "Slots", number: true }, "Isolation", "Languages"], h("tbody", {}, rows)));
  }

  return {
    element: h("section", { class: "card" }, h("h2", {}, "The service"), figures, workers),
    load,
    leave: () => clearTimeout(timer),
  };
}
