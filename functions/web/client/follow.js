// From "submit" to the last event: one submission shown in a view, over the tab's connection.
import { ask } from "./api.js";
import { connection } from "./connection.js";
import { showStanding } from "./standing.js";

const TERMINAL = new Set(["finished", "cancelled"]);
const FIRST_LOOK_MS = 500; // most have begun by then
const LOOK_MS = 2000;

/**
 * Follow a submission into a view, to its end. `done(result)` is told the whole result.
 * Gives the function that stops it.
 */
export function followInto(view, id, done = () => {}) {
  let over = false;
  const line = lookAtLine(id, (position) => view.waiting(position));
  async function end() {
    if (over) return;
    over = true;
    try {
      const result = await ask(`/result/${id}`, { patient: true });
      view.compilerSaid(result.compileOutput);
      view.enrich(result.tests);
      showStanding(view.standing, result);
      done(result);
    } catch {
      done(null);
    }
  }
  const stop = connection.follow(id, {
    event(type, data) {
      if (type === "queued" || data.status === "queued") line.look();
      else line.stop();
      view.event(type, data);
      if (TERMINAL.has(type) || (type === "reset" && TERMINAL.has(data.status))) end();
    },
    end,
    refused(problem) {
      line.stop();
      view.refused(problem);
      over = true;
      done(null);
    },
  });
  return () => {
    over = true;
    line.stop();
    stop();
  };
}

/** Ask for the place in line while it is waited for: other people's moves are no events of ours. */
function lookAtLine(id, told) {
  let timer = 0;
  async function ahead() {
    try {
      const { position } = await ask(`/result/${id}`);
      if (timer && position !== null) told(position);
    } catch {
      // The connection says what is wrong.
    }
    if (timer) timer = setTimeout(ahead, LOOK_MS);
  }
  return {
    look() {
      clearTimeout(timer);
      timer = setTimeout(ahead, FIRST_LOOK_MS);
    },
    stop() {
      clearTimeout(timer);
      timer = 0;
    },
  };
}
