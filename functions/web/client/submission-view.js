// What is shown of one submission while it happens: verdict, tests, output, figures.
import { fill, h, say } from "./dom.js";
import { bytes, decode, milliseconds, noteOf, toneOf, words } from "./format.js";

const LIVE_NOTE = "Only its beginning is shown live; the result has more.";

export class SubmissionView {
  #tests = new Map();
  #stdout = "";
  #stderr = "";
  #shown = null; // the index of the test whose details are open

  /** `ended(data)` is told of the terminal event. */
  constructor({ ended = () => {} } = {}) {
    this.ended = ended;
    this.name = h("strong", {}, "Nothing submitted yet");
    this.note = h("span");
    this.figures = h("dl", { class: "figures", hidden: true });
    this.banner = h("div", { class: "verdict", dataset: { tone: "idle" } }, this.name, this.note, this.figures);
    this.standing = h("div", { class: "standing" });
    // Read out by a screen reader: states and the verdict, not each of a hundred tests.
    this.said = h("p", { class: "visually-hidden", role: "status" });
    this.grid = h("ol", { class: "grid", "aria-label": "Tests" });
    this.detail = h("div", { class: "detail" });
    this.compiler = h("pre", { class: "code compiler", tabindex: "0", hidden: true, "aria-label": "What the compiler said" });
    this.output = h("pre", { class: "code output", tabindex: "0", "aria-label": "Output of the program" });
    this.outputNote = h("p", { class: "hint", hidden: true });
    this.outputPart = h("section", { hidden: true, "aria-label": "Output" }, h("h2", {}, "Output"), this.output, this.outputNote);
    this.element = h("div", { class: "submission" }, this.said, this.banner, this.compiler, this.grid, this.standing, this.detail, this.outputPart);
  }

  get errors() {
    return this.#stderr;
  }

  /** Begin anew, for another submission or because its events come again from the first. */
  start() {
    this.#tests.clear();
    this.#shown = null;
    this.#clearOutput("No output yet.");
    const fresh = h("div", { class: "standing" }); // what is still being asked of the one before fills the old
    this.standing.replaceWith(fresh);
    this.standing = fresh;
    for (const part of [this.grid, this.detail, this.figures]) part.replaceChildren();
    this.figures.hidden = this.compiler.hidden = this.outputPart.hidden = true;
    this.#verdict("Submitted", "busy", "");
  }

  event(type, data) {
    const shown = {
      queued: () => this.#verdict("Queued", "busy", data.reason ? words(data.reason) : ""),
      preparing: () => this.#attempt(data),
      running: () => this.#running(data),
      output: () => this.#append(data.stream, decode(data.text, data.encoding), data),
      test: () => this.#test(data),
      finished: () => this.#finished(data),
      cancelled: () => this.#cancelled(data),
      reset: () => this.#reset(data),
    };
    shown[type]?.();
  }

  /** A whole result, for a submission that is opened later. */
  result(result) {
    this.start();
    this.#reset(result);
  }

  /** While it stands in line: how many are before it. */
  waiting(position) {
    if (this.name.textContent !== "Queued") return;
    const text = position === 0 ? "next in line" : `${position} before it in line`;
    this.note.textContent = text;
    const said = `Queued: ${text}`;
    if (this.said.textContent !== said) this.said.textContent = said;
  }

  /** It cannot be followed: the service says why. */
  refused(problem) {
    this.#verdict("It cannot be shown", "warn", problem.detail ?? "");
  }

  compilerSaid(text) {
    say(this.compiler, text ?? "");
  }

  // A run that was lost with its worker starts again: what it told is void.
  #attempt(data) {
    this.#tests.clear();
    this.grid.replaceChildren();
    this.#clearOutput("No output yet.");
    this.#verdict("Preparing", "busy", data.attempt > 1 ? `attempt ${data.attempt}` : "");
  }

  #running(data) {
    if (data.tests > 1) this.#expect(data.tests);
    this.#verdict("Running", "busy", data.confirming ? "Once more: it was very close to its time limit." : "");
  }

  #expect(total) {
    for (let index = this.grid.children.length + 1; index <= total; index += 1) {
      this.grid.append(h("li", { class: "cell" }, String(index)));
    }
  }

  #test(test, isListed = false) {
    if (!(isListed || test.total > 1 || this.grid.children.length > 0)) return;
    this.#expect(Math.max(test.total ?? 0, test.index));
    this.#tests.set(test.index, test);
    const about = [words(test.verdict), milliseconds(test.cpuTimeMs), bytes(test.peakMemoryBytes)].filter(Boolean);
    const name = test.name ? `${test.index} (${test.name})` : String(test.index);
    const button = h("button", {
      type: "button", class: "cell", dataset: { tone: toneOf(test.verdict) },
      "aria-label": `Test ${name}: ${about.join(", ")}`, "aria-pressed": "false", title: `${name}: ${about.join(" · ")}`,
      onclick: () => this.#showTest(this.#tests.get(test.index)),
    }, String(test.index));
    this.grid.children[test.index - 1].replaceWith(h("li", {}, button));
    const done = this.#tests.size;
    if (this.banner.dataset.tone === "busy") this.note.textContent = `${done} of ${test.total ?? done} tests`;
  }

  /** What the result says of each test, where it is more than its event told. */
  enrich(tests) {
    for (const test of tests ?? []) {
      if (this.#tests.has(test.index)) this.#tests.set(test.index, { ...this.#tests.get(test.index), ...test });
    }
    if (this.#shown !== null) this.#showTest(this.#tests.get(this.#shown));
  }

  #showTest(test) {
    this.#shown = test.index;
    [...this.grid.children].forEach((cell, at) => cell.firstElementChild?.setAttribute("aria-pressed", String(at + 1 === test.index)));
    const rows = figures([
      [null, words(test.verdict)], ["CPU time", milliseconds(test.cpuTimeMs)],
      ["Wall time", milliseconds(test.wallTimeMs)], ["Peak memory", bytes(test.peakMemoryBytes)],
      ["Points", test.points], ["Exit code", test.exitCode || null], ["Signal", test.signal],
    ]);
    const group = test.group && !test.name?.startsWith(test.group) ? `group ${test.group}` : "";
    fill(this.detail,
      h("div", { class: "row" }, h("h2", {}, `Test ${test.index}`), h("span", { class: "hint" }, [test.name, group].filter(Boolean).join(", ")), h("dl", { class: "figures" }, rows)),
      test.message ? h("p", { class: "message" }, test.message) : null,
      test.difference ? sideBySide(test.difference) : null,
      test.stdout && test.stdout.trim() !== test.difference?.got?.trim() ? [h("h3", {}, "Output"), h("pre", { class: "code", tabindex: "0" }, decode(test.stdout, test.stdoutEncoding))] : null,
      test.stderr ? [h("h3", {}, "Errors"), h("pre", { class: "code", tabindex: "0" }, decode(test.stderr, test.stderrEncoding))] : null);
  }

  #append(stream, text, { truncated = false, encoding = "utf-8" } = {}) {
    if (truncated) say(this.outputNote, LIVE_NOTE);
    if (encoding === "base64") say(this.outputNote, "Bytes that are not UTF-8 are shown as \uFFFD.");
    if (text === "") return;
    this.outputPart.hidden = false;
    if (stream === "stderr") this.#stderr += text;
    else this.#stdout += text;
    const atEnd = this.output.scrollHeight - this.output.scrollTop - this.output.clientHeight < 40;
    const last = this.output.lastElementChild;
    if (last?.className === stream) last.firstChild.appendData(text);
    else this.output.append(h("span", { class: stream }, text));
    if (atEnd) this.output.scrollTop = this.output.scrollHeight;
  }

  #finished(data) {
    const verdict = data.verdict ?? data.status;
    this.#clearEmpty();
    if (verdict === "completed") this.outputPart.hidden = false; // also to say that there is none
    const failed = [...this.#tests.values()].find((it) => toneOf(it.verdict) === "bad");
    this.#verdict(words(verdict), toneOf(verdict), noteOf(verdict, data.message) || (failed ? `in test ${failed.index}` : ""));
    if (data.truncated) say(this.outputNote, "The output was cut at its limit.");
    const rows = figures([
      ["Score", data.score], ["CPU time", milliseconds(data.cpuTimeMs)], ["Wall time", milliseconds(data.wallTimeMs)],
      ["Peak memory", bytes(data.peakMemoryBytes)], ["Exit code", verdict === "compile-error" ? null : data.exitCode || null], ["Signal", data.signal], ["Limit", data.limit],
    ]);
    fill(this.figures, rows);
    this.figures.hidden = rows.length === 0;
    if (failed) this.#showTest(failed);
    this.ended(data);
  }

  #cancelled(data) {
    this.#clearEmpty();
    this.#verdict("Cancelled", "warn", "");
    this.ended(data);
  }

  // A whole result in place of events that can no longer be had.
  #reset(result) {
    this.#clearOutput("");
    for (const test of result.tests ?? []) this.#test({ total: result.tests.length, ...test }, true);
    this.#append("stdout", decode(result.stdout, result.stdoutEncoding), { encoding: result.stdoutEncoding });
    this.#append("stderr", decode(result.stderr, result.stderrEncoding), { encoding: result.stderrEncoding });
    this.compilerSaid(result.compileOutput);
    if (result.status === "finished") this.#finished(result);
    else if (result.status === "cancelled") this.#cancelled(result);
    else this.#verdict(words(result.status), "busy", "");
  }

  #clearOutput(empty) {
    this.#stdout = this.#stderr = "";
    this.output.replaceChildren();
    this.output.dataset.empty = empty;
    say(this.outputNote, "");
  }

  #clearEmpty() {
    this.output.dataset.empty = "The program has written nothing.";
  }

  #verdict(name, tone, note) {
    this.banner.dataset.tone = tone;
    this.name.textContent = name;
    this.note.textContent = note;
    const said = note ? `${name}: ${note}` : name;
    if (tone !== "idle" && this.said.textContent !== said) this.said.textContent = said;
  }
}

function figures(rows) {
  return rows.filter(([, value]) => value != null)
    .map(([name, value]) => h("div", {}, h("dt", { class: name ? null : "visually-hidden" }, name ?? "Verdict"), h("dd", {}, String(value))));
}

/** The first difference of a sample: what was expected beside what came. */
function sideBySide(diff) {
  const column = (title, text) => h("div", {}, h("h3", {}, title), h("pre", { class: "code", tabindex: "0" }, text ?? ""));
  const where = diff.line ? h("p", { class: "hint" }, `The first difference is in line ${diff.line}.`) : null;
  return h("div", { class: "diff" }, where, h("div", { class: "columns" }, column("Expected", diff.expected), column("Yours", diff.got)));
}
