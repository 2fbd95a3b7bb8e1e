// Emacs's keys: CodeMirror's own of that kind, a mark and a kill ring; loaded when somebody chooses them.
// Ctrl+N, Ctrl+T and Ctrl+W are the browser's own in most browsers: no page is given them.
import * as commands from "@codemirror/commands";
import { openSearchPanel } from "@codemirror/search";
import { EditorSelection, StateEffect, StateField } from "@codemirror/state";
import { keymap } from "@codemirror/view";

const MOST_KILLS = 30;
const kills = []; // of all editors, the newest last
let left = null; // what the last kill left: another one that begins there goes on with it

// Whether moving selects, since Ctrl+Space; any change of the text ends that.
const setMarked = StateEffect.define();
const MARKED = StateField.define({
  create: () => false,
  update: (marked, change) => change.effects.find((it) => it.is(setMarked))?.value ?? (marked && !change.docChanged),
});

const moving = (move, select) => (view) => (view.state.field(MARKED) ? select : move)(view);

/** Keep a part of the text for Ctrl+Y; `isCut` takes it out, too. */
function kill(view, from, to, isCut = true) {
  const { head } = view.state.selection.main;
  const text = view.state.sliceDoc(from, to);
  const before = view.state === left ? kills.pop() ?? "" : "";
  if (before + text !== "") kills.push(head === to && from !== to ? text + before : before + text);
  if (kills.length > MOST_KILLS) kills.shift();
  view.dispatch({ changes: isCut ? { from, to } : [], selection: { anchor: isCut ? from : head }, effects: setMarked.of(false), scrollIntoView: true });
  left = view.state;
  return true;
}

function killRegion(view, isCut) {
  const { from, to } = view.state.selection.main;
  return kill(view, from, to, isCut);
}

/** To the end of the line; at its end, the line's end itself. */
function killLine(view) {
  const { doc, selection: { main: { head } } } = view.state;
  const { to } = doc.lineAt(head);
  return kill(view, head, head === to ? Math.min(to + 1, doc.length) : to);
}

function killWord(view, isForward) {
  const { head } = view.state.selection.main;
  const there = view.moveByGroup(EditorSelection.cursor(head), isForward).head;
  return kill(view, Math.min(head, there), Math.max(head, there));
}

function yank(view) {
  if (kills.length > 0) view.dispatch(view.state.replaceSelection(kills.at(-1)), { scrollIntoView: true, effects: setMarked.of(false) });
  return true;
}

/** Set the mark where the cursor is, or (`false`) drop it: nothing is selected then. */
function mark(view, isSet) {
  view.dispatch({ selection: EditorSelection.cursor(view.state.selection.main.head), effects: setMarked.of(isSet) });
  return true;
}

const MOVES = [
  ["Ctrl-f ArrowRight", commands.cursorCharRight, commands.selectCharRight],
  ["Ctrl-b ArrowLeft", commands.cursorCharLeft, commands.selectCharLeft],
  ["Ctrl-n ArrowDown", commands.cursorLineDown, commands.selectLineDown],
  ["Ctrl-p ArrowUp", commands.cursorLineUp, commands.selectLineUp],
  ["Ctrl-a Home", commands.cursorLineStart, commands.selectLineStart],
  ["Ctrl-e End", commands.cursorLineEnd, commands.selectLineEnd],
  ["Alt-f", commands.cursorGroupForward, commands.selectGroupForward],
  ["Alt-b", commands.cursorGroupBackward, commands.selectGroupBackward],
  ["Alt-<", commands.cursorDocStart, commands.selectDocStart],
  ["Alt->", commands.cursorDocEnd, commands.selectDocEnd],
  ["Ctrl-v PageDown", commands.cursorPageDown, commands.selectPageDown],
  ["Alt-v PageUp", commands.cursorPageUp, commands.selectPageUp],
].flatMap(([keys, move, select]) => keys.split(" ").map((key) => ({ key, run: moving(move, select), shift: select })));

const KEYS = [
  ...MOVES,
  { key: "Ctrl-Space", run: (view) => mark(view, true) },
  { key: "Ctrl-g", run: (view) => mark(view, false) },
  { key: "Ctrl-k", run: killLine },
  { key: "Ctrl-w", run: (view) => killRegion(view, true) },
  { key: "Alt-w", run: (view) => killRegion(view, false) },
  { key: "Alt-d", run: (view) => killWord(view, true) },
  { key: "Alt-Backspace", run: (view) => killWord(view, false) },
  { key: "Ctrl-y", run: yank },
  { key: "Ctrl-d", run: commands.deleteCharForward },
  { key: "Ctrl-h", run: commands.deleteCharBackward },
  { key: "Ctrl-o", run: commands.splitLine },
  { key: "Ctrl-t", run: commands.transposeChars },
  { key: "Alt-;", run: commands.toggleComment },
  { key: "Ctrl-/", run: commands.undo },
  { key: "Ctrl-_", run: commands.undo },
  { key: "Ctrl-x u", run: commands.undo },
  { key: "Ctrl-x h", run: commands.selectAll },
  { key: "Ctrl-x Ctrl-s", run: () => true }, // it is kept anyway
  { key: "Ctrl-s", run: openSearchPanel },
];

export const emacs = () => [MARKED, keymap.of(KEYS)];
