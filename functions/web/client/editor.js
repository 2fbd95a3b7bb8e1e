// The code editor: CodeMirror with our colours, our keys, and compilers' words at their lines.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import {
  drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { kept, keep } from "./kept.js";
import { bindings } from "./key-bindings.js";
import { modeOf } from "./modes.js";

const [LEAST_SIZE, MOST_SIZE] = [10, 28];
const LEAVE_MS = 2000;

// Also where Escape belongs to somebody's own keys: then Tab leaves the editor.
const ESCAPES = EditorView.domEventObservers({
  keydown(event, view) {
    if (event.key === "Escape") view.setTabFocusMode(LEAVE_MS);
  },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], class: "tok-keyword" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: "tok-string" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], class: "tok-number" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: [tags.typeName, tags.className, tags.namespace], class: "tok-type" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], class: "tok-function" },
  { tag: tags.invalid, class: "tok-invalid" },
]);

const THEME = EditorView.theme({
  "&": { height: "100%", fontSize: "var(--code-size)", backgroundColor: "var(--card)", color: "var(--ink)" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--soft)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line-wash)" },
  "&.cm-focused": { outline: "none" }, // the frame around it shows the focus
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":
    { backgroundColor: "var(--select)" },
  ".cm-fat-cursor": { background: "var(--accent) !important", color: "var(--card) !important" },
  "&:not(.cm-focused) .cm-fat-cursor": { background: "none !important", outline: "1px solid var(--accent) !important", color: "transparent !important" },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", borderColor: "var(--line)" },
});

/** The size of code, for all editors: +1, -1, or 0 to ask. */
export function codeSize(step) {
  const size = Math.min(MOST_SIZE, Math.max(LEAST_SIZE, kept("code-size", 14) + step));
  keep("code-size", size);
  document.documentElement.style.setProperty("--code-size", `${size}px`);
  return size;
}

export class Editor {
  #mode = new Compartment();
  #keys = new Compartment();
  #wanted = "usual";
  #language = "";

  /** `keys` are [{key, run}] that come before the editor's own; `changed(text)` follows edits. */
  constructor({ label, text = "", changed = () => {}, keys = [], readOnly = false, describedBy = "" }) {
    const nonce = document.querySelector("meta[name=style-nonce]").content;
    this.view = new EditorView({
      state: EditorState.create({
        doc: text,
        extensions: [
          Prec.highest(keymap.of(keys.map(({ key, run }) => ({ key, run: () => { run(); return true; } })))),
          Prec.highest(this.#keys.of([])), ESCAPES, // before what completes: one Escape is enough
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({
            "aria-label": label, autocapitalize: "off", spellcheck: "false",
            ...(describedBy && { "aria-describedby": describedBy }), ...(readOnly && { "aria-readonly": "true", tabindex: "0" }),
          }),
          EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly),
          lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(),
          history(), indentOnInput(), indentUnit.of("    "), bracketMatching(), closeBrackets(),
          autocompletion(), highlightSelectionMatches(), lintGutter(),
          syntaxHighlighting(COLOURS), THEME, this.#mode.of([]),
          keymap.of([
            ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap,
            ...completionKeymap, indentWithTab, // Escape, then Tab leaves the editor
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(this.text);
          }),
        ],
      }),
    });
    codeSize(0);
  }

  get element() {
    return this.view.dom;
  }

  get text() {
    return this.view.state.doc.toString();
  }

  set text(text) {
    if (text === this.text) return;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.mark([]);
  }

  async speak(language) {
    this.#language = language;
    const mode = await modeOf(language);
    if (this.#language === language) this.view.dispatch({ effects: this.#mode.reconfigure(mode) });
  }

  /** Whose keys it listens to: one of KEYS. */
  async useKeys(name) {
    this.#wanted = name;
    const found = await bindings(name);
    if (this.#wanted === name) this.view.dispatch({ effects: this.#keys.reconfigure(found) });
  }

  /** Put messages at lines: [{line, column?, message}], counted from 1. */
  mark(messages) {
    const { doc } = this.view.state;
    const marks = messages.filter((it) => it.line >= 1 && it.line <= doc.lines).map((it) => {
      const line = doc.line(it.line);
      const from = Math.min(line.from + Math.max((it.column ?? 1) - 1, 0), line.to);
      return { from, to: line.to, severity: "error", message: it.message };
    });
    this.view.dispatch(setDiagnostics(this.view.state, marks));
  }

  focus() {
    this.view.focus();
  }

  destroy() {
    this.view.destroy();
  }
}
