// The page's wiring: fill the form, submit it, follow the submission, cancel it.
import { follow } from "/assets/stream.js";
import { View } from "/assets/view.js";

const narrow = matchMedia("(max-width: 60rem)"); // the result is below the form
const ID = /^[0-9a-f]{32}$/;
const byId = (id) => document.getElementById(id);
const [form, language, code, stdin, expected, run, cancel] = [
  "form", "language", "code", "stdin", "expectedOutput", "run", "cancel",
].map(byId);

const view = new View();
let starters = {};
let current = null; // { id, stop } of the submission that is shown

/** Fetch JSON; a refusal becomes an Error that carries the problem document. */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw Object.assign(new Error("The service cannot be reached."), { problem: {} });
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const detail = body.detail ?? `The service answered ${response.status}.`;
    throw Object.assign(new Error(detail), { problem: body });
  }
  return body;
}

function showProblem(error) {
  const field = error.problem?.field;
  view.problem(field && !error.message.includes(field) ? `${field}: ${error.message}` : error.message);
  const input = field && byId(field.split(/[.[]/)[0]);
  if (input && form.contains(input)) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

function clearProblem() {
  view.problem("");
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Show a submission, from its first event on; times count from `began`. */
function show(id, began) {
  current?.stop();
  view.start(began);
  cancel.disabled = false;
  history.replaceState(null, "", `#${id}`);
  const stop = follow(id, {
    event: (type, data) => view.event(type, data),
    restart: () => view.start(began),
    lost: (text) => view.lost(text),
    done: () => { cancel.disabled = true; },
  });
  current = { id, stop };
}

async function submit() {
  if (run.disabled) return;
  clearProblem();
  run.disabled = true;
  const began = performance.now();
  const body = { code: code.value, language: language.value, stdin: stdin.value };
  if (expected.value !== "") body.expectedOutput = expected.value;
  try {
    const accepted = await ask("/submit", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    show(accepted.id, began);
    if (narrow.matches) byId("run-view").scrollIntoView({ behavior: "smooth" });
  } catch (error) {
    showProblem(error);
  } finally {
    run.disabled = false;
  }
}

async function cancelCurrent() {
  cancel.disabled = true; // the stream tells how it ended
  try {
    await ask(`/submission/${current.id}`, { method: "DELETE" });
  } catch (error) {
    showProblem(error);
    cancel.disabled = false;
  }
}

/** Put the language's starter in, unless the person has written something. */
function offerStarter() {
  const untouched = code.value === "" || Object.values(starters).includes(code.value);
  if (untouched) code.value = starters[language.value] ?? "";
}

let tabLeaves = false;
function indent(event) {
  if (event.key === "Escape") {
    tabLeaves = true;
  } else if (event.key === "Tab" && !event.shiftKey && !tabLeaves) {
    event.preventDefault();
    document.execCommand("insertText", false, "    "); // the one way that keeps undo
  } else if (event.key !== "Shift") {
    tabLeaves = false;
  }
}

async function fillLanguages() {
  const { languages } = await ask("/languages");
  starters = Object.fromEntries(languages.map((it) => [it.name, it.starter.trimStart()]));
  language.replaceChildren(...languages.map((it) => {
    const version = it.version?.match(/\d+(\.\d+)+/)?.[0] ?? "";
    return new Option(`${it.title} ${version}`.trim(), it.name);
  }));
  if ("python" in starters) language.value = "python";
  language.disabled = run.disabled = languages.length === 0;
  offerStarter();
}

/** Look at the service now, and again every few seconds while the page is seen. */
async function watchService() {
  try {
    if (!document.hidden) {
      if (language.options.length === 0) await fillLanguages();
      view.service(await ask("/status"));
    }
  } catch (error) {
    view.serviceLost(error.message);
  }
  setTimeout(watchService, language.options.length === 0 ? 2000 : 10000);
}

form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
cancel.addEventListener("click", cancelCurrent);
language.addEventListener("change", offerStarter);
code.addEventListener("keydown", indent);
code.addEventListener("blur", () => { tabLeaves = false; });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
  }
});

watchService();
if (ID.test(location.hash.slice(1))) show(location.hash.slice(1), performance.now());
