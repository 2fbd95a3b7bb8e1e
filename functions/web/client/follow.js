// From "submit" to the last event: one submission shown in a view, over the tab's connection.
import { ask } from "./api.js";
import { connection } from "./connection.js";

const TERMINAL = new Set(["finished", "cancelled"]);

/**
 * Follow a submission into a view, to its end. `done(result)` is told the whole result.
 * Gives the function that stops it.
 */
export function followInto(view, id, done = () => {}) {
  let over = false;
  async function end() {
    if (over) return;
    over = true;
    try {
      const result = await ask(`/result/${id}`);
      view.compilerSaid(result.compileOutput);
      view.enrich(result.tests);
      done(result);
    } catch {
      done(null);
    }
  }
  const stop = connection.follow(id, {
    event(type, data) {
      view.event(type, data);
      if (TERMINAL.has(type) || (type === "reset" && TERMINAL.has(data.status))) end();
    },
    end,
    refused(problem) {
      view.event("reset", { status: "cancelled" });
      view.banner.lastChild.textContent = problem.detail;
      over = true;
      done(null);
    },
  });
  return () => {
    over = true;
    stop();
  };
}
