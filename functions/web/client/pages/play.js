// The playground: any language, its input, arguments and files; live output, typed input; shared by link.
import { Coding } from "../coding.js";
import { fill, h, say } from "../dom.js";
import { RunInput } from "../run-input.js";
import { packed, unpacked } from "../share.js";
import { split } from "../split.js";

export async function play(view) {
  document.title = "Playground · Assay";
  const input = new RunInput("play");
  const note = h("p", { class: "hint", role: "status", hidden: true });
  const share = h("button", { type: "button", class: "quiet" }, "Share link");
  const coding = new Coding({
    place: "play",
    body: () => input.body(),
    actions: [{
      label: "Run", key: "Ctrl-Enter", hint: "Ctrl+Enter",
      began: (id) => input.began(id), ended: () => input.ended(),
    }],
  });
  share.addEventListener("click", async () => {
    const state = { language: coding.language, code: coding.editor.text, ...input.state() };
    history.replaceState(null, "", `#${await packed(state)}`);
    say(note, "The link to this program is in the address bar. It holds the program itself.");
    const copied = "The link to this program is in your clipboard. It holds the program itself.";
    navigator.clipboard.writeText(location.href).then(() => say(note, copied), () => {});
  });
  const right = h("div", { class: "side" },
    h("div", { class: "pane" }, input.element, h("p", {}, share), note), h("div", { class: "pane" }, coding.view.element, input.terminal, input.note));
  fill(view, h("h1", { class: "visually-hidden" }, "Playground"),
    split("play", coding.element, right, { label: "Width of the program", start: 55 }));
  await coding.load();
  const shared = await unpacked(location.hash.slice(1));
  if (shared) {
    coding.open(shared.language, shared.code);
    input.restore(shared);
  }
  coding.editor.focus();
  return () => coding.leave();
}
