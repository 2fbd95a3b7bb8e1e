// Follows one submission by server-sent events, through lost connections, to its end.

const TYPES = ["queued", "preparing", "running", "output", "test", "finished", "cancelled", "reset"];
const TERMINAL = ["finished", "cancelled"];
const RETRY_MS = 2000;

/**
 * Tell `on.event(type, data)` of each event, `on.lost(text)` when the connection is away
 * ("" when it is back), `on.restart()` before the events come from the first one again, and
 * `on.done()` once, after the last event. Returns a function that stops it.
 */
export function follow(id, on) {
  let source = null;
  let timer = 0;
  let over = false;

  function stop() {
    over = true;
    clearTimeout(timer);
    source?.close();
  }

  function finish() {
    stop();
    on.lost("");
    on.done();
  }

  function hear(type, text) {
    if (over) return;
    const data = JSON.parse(text);
    on.lost("");
    on.event(type, data);
    if (TERMINAL.includes(type) || (type === "reset" && TERMINAL.includes(data.status))) finish();
  }

  function open() {
    source = new EventSource(`/events/${id}`);
    for (const type of TYPES) {
      source.addEventListener(type, (message) => hear(type, message.data));
    }
    source.addEventListener("open", () => on.lost(""));
    source.addEventListener("error", () => {
      if (over) return;
      if (source.readyState === EventSource.CLOSED) {
        refused();
      } else { // the browser reconnects by itself and tells where it was
        on.lost("Connection lost. Reconnecting…");
      }
    });
  }

  // The browser has given up: the stream was refused, or there is nothing more in it.
  async function refused() {
    let answer;
    try {
      const response = await fetch(`/result/${id}`);
      answer = await response.json();
      if (response.status === 404) {
        stop();
        on.lost(`${answer.detail}. Its time to live may be over.`);
        on.done();
        return;
      }
    } catch {
      answer = {};
    }
    if (over) return;
    if (TERMINAL.includes(answer.status)) {
      on.event("reset", answer);
      finish();
      return;
    }
    on.lost(`Connection lost${answer.detail ? ` (${answer.detail})` : ""}. Trying again…`);
    timer = setTimeout(() => { on.restart(); open(); }, RETRY_MS);
  }

  open();
  return stop;
}
