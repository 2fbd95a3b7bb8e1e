// One submission at its permanent address: what was judged, and how; followed while it runs.
import { ask, languages, said } from "../api.js";
import { comparison } from "../compare.js";
import { complaints } from "../complaints.js";
import { copyButton, fill, h, say } from "../dom.js";
import { Editor } from "../editor.js";
import { followInto } from "../follow.js";
import { keep } from "../kept.js";
import { showStanding } from "../standing.js";
import { SubmissionView } from "../submission-view.js";
import { when } from "../table.js";

const TERMINAL = new Set(["finished", "cancelled"]);

export async function submission(view, { id, query }) {
  document.title = "Submission · Assay";
  const [result, source] = await Promise.all([ask(`/result/${id}`), codeOf(id)]);
  const editor = new Editor({ label: "Code", readOnly: true });
  editor.text = source.code ?? "";
  editor.speak(result.language);
  const shown = new SubmissionView();
  const known = await languages().catch(() => []);
  const language = known.find((it) => it.name === result.language);
  const problem = await titleOf(result.problemId);
  const plain = h("div", { class: "editor" }, editor.element);
  const isOwn = result.own !== false;
  const compared = problem && isOwn && source.code !== undefined
    ? await comparison(result, source.code, plain, query.get("with")).catch(() => null) : null; // without the list it is shown all the same
  const heading = problem ? ["Submission to ", h("a", { href: `/p/${encodeURIComponent(result.problemId)}` }, problem)] : "A program that was run";
  fill(view,
    h("div", { class: "row title" }, h("h1", {}, heading),
      h("p", { class: "hint" }, language?.title ?? result.language, ", ", when(result.createdMs))),
    h("div", { class: "two" },
      h("section", { class: "pane", "aria-labelledby": "code-title" },
        h("div", { class: "row" }, h("h2", { id: "code-title" }, "Program"), h("span", { class: "grow" }),
          source.code === undefined ? null : [copyButton(() => source.code, "Copy the code"), reopen(result, source, problem)]),
        compared?.element, source.code === undefined ? h("p", { class: "notice" }, source.text) : plain),
      h("section", { class: "pane", "aria-labelledby": "result-title" }, h("h2", { id: "result-title" }, "Result"), shown.element),
      isOwn ? sharing(id, result.shared) : h("p", { class: "hint" }, "Somebody has shared this with you.")));

  function mark(told) {
    const said = told?.compileOutput || (told?.verdict === "runtime-error" ? shown.errors : "");
    if (language) editor.mark(complaints(said ?? "", language.file));
  }

  let stop = () => {};
  if (TERMINAL.has(result.status)) {
    shown.result(result);
    mark(result);
    showStanding(shown.standing, result);
  } else {
    shown.start();
    stop = followInto(shown, id, mark);
  }
  return () => {
    stop();
    compared?.leave();
    editor.destroy();
  };
}

/** The code, or in words why it is not kept any more. */
async function codeOf(id) {
  try {
    return await ask(`/submission/${id}/code`);
  } catch (error) {
    return { text: said(error) };
  }
}

async function titleOf(id) {
  if (!id) return null;
  return ask(`/problems/${encodeURIComponent(id)}`).then((found) => found.name, () => null);
}

function reopen(result, source, problem) {
  const place = problem ? `problem:${result.problemId}` : "play";
  return h("a", {
    class: "button small", href: problem ? `/p/${encodeURIComponent(result.problemId)}?language=${result.language}` : "/play",
    onclick: () => {
      keep(`code:${place}:${result.language}`, source.code);
      keep(`language:${place}`, result.language);
    },
  }, "Open in the editor");
}

/** Whether others may see it, and the button that changes it. */
function sharing(id, isShared) {
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const note = h("p", { class: "hint", role: "status" });
  const link = h("code", {}, location.origin + location.pathname);
  const copy = copyButton(() => link.textContent, "Copy the link");
  const button = h("button", { type: "button", class: "quiet small", onclick: change });
  const shown = h("p", { class: "row" }, link, copy);

  function show() {
    shown.hidden = !isShared;
    note.textContent = isShared ? "Whoever is signed in here may see it by this link:" : "Only you can see this submission.";
    button.textContent = isShared ? "Stop sharing" : "Share";
  }
  async function change() {
    button.disabled = true;
    say(problem, "");
    try {
      isShared = (await ask(`/submission/${id}/share`, { method: isShared ? "DELETE" : "POST" })).shared;
    } catch (error) {
      say(problem, said(error));
    }
    button.disabled = false;
    show();
  }
  show();
  return h("section", { class: "pane sharing", "aria-label": "Sharing" }, h("div", { class: "row" }, note, h("span", { class: "grow" }), button), shown, problem);
}
