// What the page shows of the service and of one submission. Text only, never markup.

const TONES = {
  accepted: "good",
  completed: "good",
  cancelled: "warn",
  "queue-timeout": "warn",
  "judge-error": "warn",
};
const NOTES = {
  completed: "It ran to its end; there was nothing to compare its output with.",
  "queue-timeout": "It waited longer than its caller allowed, and did not run.",
  "judge-error": "This is our fault, not the program's.",
};

const byId = (id) => document.getElementById(id);
const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function milliseconds(value) {
  if (value == null) return null;
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 100 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;
}

function bytes(value) {
  if (value == null) return null;
  return value < 1048576 ? `${Math.round(value / 1024)} KiB` : `${(value / 1048576).toFixed(1)} MiB`;
}

function decode(data) {
  if (data.encoding !== "base64") return data.text;
  const raw = Uint8Array.from(atob(data.text), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(raw);
}

export class View {
  start(began) {
    this.began = began;
    byId("output").replaceChildren();
    byId("events").replaceChildren();
    byId("output").dataset.empty = "No output yet.";
    byId("figures").hidden = true;
    this.#outputNote("");
    this.lost("");
    this.#verdict("Submitted", "busy", "");
  }

  problem(text) {
    byId("problem").textContent = text;
    byId("problem").hidden = text === "";
  }

  lost(text) {
    byId("lost").textContent = text;
    byId("lost").hidden = text === "";
  }

  service(status) {
    if (status.workers.length === 0) {
      byId("service").textContent = "No worker is alive: submissions will wait until one is.";
      return;
    }
    const level = status.isolation.level ? ` · isolation: ${status.isolation.level}` : "";
    const slots = `${status.slots} ${status.slots === 1 ? "slot" : "slots"}`;
    byId("service").textContent = slots + level;
  }

  serviceLost(text) {
    byId("service").textContent = text;
  }

  event(type, data) {
    const shown = {
      queued: () => this.#verdict("Queued", "busy", data.reason ? words(data.reason) : ""),
      preparing: () => this.#attempt(data),
      running: () => this.#verdict("Running", "busy", ""),
      output: () => this.#append(data),
      finished: () => this.#ended(data),
      cancelled: () => this.#cancelled(),
      reset: () => this.#reset(data),
    };
    shown[type]?.();
    this.#log(type, data);
  }

  // A run that was lost with its worker starts again: what it printed is void.
  #attempt(data) {
    this.#verdict("Preparing", "busy", data.attempt > 1 ? `attempt ${data.attempt}` : "");
    byId("output").replaceChildren();
    this.#outputNote("");
  }

  #append(data) {
    if (data.truncated) this.#outputNote("Only its beginning is shown live; the result has more.");
    if (data.encoding === "base64") this.#outputNote("Bytes that are not UTF-8 are shown as \uFFFD.");
    const text = decode(data);
    const output = byId("output");
    const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    const last = output.lastElementChild;
    if (last?.className === data.stream) last.firstChild.appendData(text);
    else if (text !== "") output.append(element("span", text, data.stream));
    if (atEnd) output.scrollTop = output.scrollHeight;
  }

  #cancelled() {
    byId("output").dataset.empty = "No output.";
    this.#verdict("Cancelled", "warn", "");
  }

  #ended(data) {
    byId("output").dataset.empty = "The program has written nothing.";
    const verdict = data.verdict ?? data.status;
    const note = data.message ?? NOTES[verdict] ?? "";
    this.#verdict(words(verdict), TONES[verdict] ?? "bad", note);
    if (data.truncated) this.#outputNote("The output was cut at its limit.");
    this.#figures([
      ["CPU time", milliseconds(data.cpuTimeMs)],
      ["Wall time", milliseconds(data.wallTimeMs)],
      ["Peak memory", bytes(data.peakMemoryBytes)],
      ["Exit code", data.exitCode],
      ["Signal", data.signal],
      ["Limit", data.limit],
    ]);
  }

  // A whole result in place of events that can no longer be had.
  #reset(result) {
    byId("output").replaceChildren();
    this.#outputNote("");
    for (const stream of ["stdout", "stderr"]) {
      const [text, encoding] = [result[stream], result[`${stream}Encoding`]];
      if (text) this.#append({ stream, text, encoding });
    }
    if (result.status === "finished") this.#ended(result);
    else if (result.status === "cancelled") this.#cancelled();
    else this.#verdict(words(result.status), "busy", "");
  }

  #verdict(name, tone, note) {
    byId("verdict").dataset.tone = tone;
    byId("verdict-name").textContent = name;
    byId("verdict-note").textContent = note;
  }

  #figures(rows) {
    const known = rows.filter(([, value]) => value != null);
    byId("figures").replaceChildren(...known.map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", name), element("dd", String(value)));
      return pair;
    }));
    byId("figures").hidden = known.length === 0;
  }

  #outputNote(text) {
    byId("output-note").textContent = text;
    byId("output-note").hidden = text === "";
  }

  #log(type, data) {
    const item = document.createElement("li");
    const since = `+${Math.round(performance.now() - this.began)} ms`;
    item.append(element("time", since), element("b", type), element("span", summary(type, data)));
    const events = byId("events");
    events.append(item);
    events.scrollTop = events.scrollHeight;
  }
}

function summary(type, data) {
  switch (type) {
    case "queued":
      return data.reason ?? "";
    case "preparing":
      return `attempt ${data.attempt}`;
    case "running":
      return data.test == null ? "" : `test ${data.test}`;
    case "output":
      return `${data.stream}, ${decode(data).length} characters`;
    case "test":
      return `${data.index}: ${data.verdict}, ${milliseconds(data.cpuTimeMs) ?? "?"} CPU`;
    case "reset":
      return "the earlier events are gone; this is the state as it is now";
    default:
      return data.verdict ?? "";
  }
}
