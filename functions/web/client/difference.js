// Two programs as one text in which lines were taken out and put in; loaded when it is asked for.
import { getChunks, getOriginalDoc, goToNextChunk, goToPreviousChunk, unifiedMergeView } from "@codemirror/merge";
import { StateEffect } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { h } from "./dom.js";
import { Editor } from "./editor.js";

const THEME = EditorView.theme({
  "&.cm-merge-b .cm-changedLine, &.cm-merge-b .cm-inlineChangedLine, &.cm-merge-b .cm-insertedLine": { backgroundColor: "var(--good-wash)", textDecoration: "none" },
  "&.cm-merge-b .cm-deletedChunk, .cm-deletedLine": { backgroundColor: "var(--bad-wash)", textDecoration: "none" },
  "&.cm-merge-b .cm-deletedChunk del": { textDecoration: "none" },
  "&.cm-merge-b .cm-changedText, &.cm-merge-b .cm-deletedChunk .cm-deletedText": { background: "none", borderBottom: "2px solid currentColor" },
  "&.cm-merge-b .cm-changedLineGutter": { backgroundColor: "var(--good)" },
  "&.cm-merge-b .cm-deletedLineGutter": { backgroundColor: "var(--bad)" },
});

const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** `element` shows what `newer` has in place of `older`; `language` is the newer one's. */
export async function difference(older, newer, language) {
  const editor = new Editor({ label: "Changes", readOnly: true, text: newer });
  await editor.speak(language); // before: what was taken out is coloured once
  const merged = unifiedMergeView({ original: older, mergeControls: false, allowInlineDiffs: false });
  editor.view.dispatch({ effects: StateEffect.appendConfig.of([merged, THEME]) });
  const { added, removed } = counts(editor.view.state);
  const step = (go, label) => h("button", { type: "button", class: "quiet small", disabled: added + removed === 0, onclick: () => go(editor.view) }, label);
  const said = added + removed === 0 ? "Both programs are the same." : `From the earlier to the later: ${many(added, "line")} added, ${removed} removed.`;
  return {
    element: h("div", { class: "difference" },
      h("div", { class: "row" }, h("p", { role: "status" }, said), h("span", { class: "grow" }), step(goToPreviousChunk, "Previous change"), step(goToNextChunk, "Next change")),
      h("div", { class: "editor" }, editor.element)),
    begin: () => goToNextChunk(editor.view),
    destroy: () => editor.destroy(),
  };
}

function counts(state) {
  const lines = (doc, from, to, end) => (from === to ? 0 : doc.lineAt(Math.min(end, doc.length)).number - doc.lineAt(from).number + 1);
  let [added, removed] = [0, 0];
  for (const it of getChunks(state).chunks) {
    added += lines(state.doc, it.fromB, it.toB, it.endB);
    removed += lines(getOriginalDoc(state), it.fromA, it.toA, it.endA);
  }
  return { added, removed };
}
