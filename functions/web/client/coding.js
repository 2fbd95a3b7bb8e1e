// The part that both the problem page and the playground have: language, editor, buttons, result.
import { ask, languages, said } from "./api.js";
import { complaints } from "./complaints.js";
import { fill, h, say } from "./dom.js";
import { Editor } from "./editor.js";
import { editorMenu } from "./editor-menu.js";
import { followInto } from "./follow.js";
import { keep, kept } from "./kept.js";
import { SubmissionView } from "./submission-view.js";

const KEPT_AFTER_MS = 300;

export class Coding {
  #known = [];
  #stop = () => {};
  #timer = 0;
  #current = null; // the id of what runs

  /**
   * `place` names what the code is kept as; `starters` are {language: code} that come before a
   * language's own; `allowed` are names, or null for all; `body()` is what is sent beside code
   * and language; `actions` are [{label, key, send(body) -> body}], the first the main one.
   */
  constructor({ place, starters = {}, allowed = null, body = () => ({}), actions, done = () => {} }) {
    Object.assign(this, { place, starters, allowed, body, actions, done });
    this.select = h("select", { id: "language", "aria-label": "Language", onchange: () => this.#speak() });
    this.problem = h("p", { class: "notice bad", role: "alert", hidden: true });
    this.buttons = actions.map((action, at) => h("button", {
      type: "button", class: at === 0 ? "" : "quiet", title: action.hint, "aria-keyshortcuts": action.hint?.replaceAll("Ctrl", "Control"),
      onclick: () => this.send(action),
    }, action.label));
    this.cancel = h("button", { type: "button", class: "quiet", disabled: true, onclick: () => this.#cancel() }, "Cancel");
    this.editor = new Editor({
      label: "Code",
      describedBy: "editor-keys",
      changed: () => this.#keepSoon(),
      keys: actions.map((action) => ({ key: action.key, run: () => this.send(action) })),
    });
    this.view = new SubmissionView();
    this.element = h("section", { class: "coding", "aria-label": "Program" },
      h("div", { class: "row" }, this.select, editorMenu(this.editor, () => this.#restart()),
        h("span", { class: "grow" }), this.cancel, this.buttons.toReversed()),
      this.problem,
      h("div", { class: "editor" }, this.editor.element),
      h("p", { class: "hint keys", id: "editor-keys" }, h("kbd", {}, "Esc"), " then ", h("kbd", {}, "Tab"), " leaves the editor",
        actions.map((action) => [" · ", h("kbd", {}, action.hint), ` ${action.label.toLowerCase()}s`]).flat()));
    this.#listen();
  }

  async load(preferred = null) {
    const all = await languages();
    this.#known = all.filter((it) => !this.allowed || this.allowed.includes(it.name));
    fill(this.select, this.#known.map((it) => new Option(`${it.title} ${short(it.version)}`.trim(), it.name)));
    const wanted = [preferred, kept(`language:${this.place}`), kept("language"), "python"];
    const name = wanted.find((it) => this.#known.some((known) => known.name === it));
    if (name) this.select.value = name;
    for (const button of this.buttons) button.disabled = this.#known.length === 0;
    if (this.#known.length === 0) say(this.problem, "No language for this is installed here.");
    this.#speak();
  }

  /** Show code that came from elsewhere, such as an earlier submission. */
  open(language, code) {
    if (this.#known.some((it) => it.name === language)) this.select.value = language;
    this.editor.speak(this.language);
    this.editor.text = code;
  }

  get language() {
    return this.select.value;
  }

  async send(action) {
    if (this.buttons[0].disabled) return;
    say(this.problem, "");
    this.editor.mark([]);
    this.#busy(true);
    const body = { language: this.language, code: this.editor.text, ...this.body() };
    try {
      const accepted = await ask("/submit", { method: "POST", once: true, body: action.send ? action.send(body) : body });
      this.show(accepted.id, action);
    } catch (error) {
      say(this.problem, said(error));
    } finally {
      this.#busy(false);
    }
  }

  show(id, action = {}) {
    this.#stop();
    this.#current = id;
    this.cancel.disabled = false;
    this.view.start();
    action.began?.(id);
    this.view.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.#stop = followInto(this.view, id, (result) => {
      this.#current = null;
      this.cancel.disabled = true;
      if (result) this.#mark(result);
      this.done(result, action);
      action.ended?.(result);
    });
  }

  leave() {
    this.#stop();
    this.#keepNow();
    document.removeEventListener("keydown", this.onkey);
    removeEventListener("pagehide", this.onhide);
    this.editor.destroy();
  }

  #mark(result) {
    const file = this.#known.find((it) => it.name === this.language)?.file;
    if (!file) return;
    const said = result.compileOutput || (result.verdict === "runtime-error" ? this.view.errors : "");
    this.editor.mark(complaints(said ?? "", file));
  }

  async #cancel() {
    if (!this.#current) return;
    this.cancel.disabled = true; // the stream tells how it ended
    try {
      await ask(`/submission/${this.#current}`, { method: "DELETE" });
    } catch (error) {
      say(this.problem, said(error));
      this.cancel.disabled = false;
    }
  }

  // The same keys everywhere on the page, not in the editor alone.
  #listen() {
    this.onkey = (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      const action = this.actions.find((it) => it.key.includes("Shift") === event.shiftKey);
      if (!action) return;
      event.preventDefault();
      this.send(action);
    };
    document.addEventListener("keydown", this.onkey);
    this.onhide = () => this.#keepNow();
    addEventListener("pagehide", this.onhide);
  }

  #busy(is) {
    for (const button of this.buttons) button.disabled = is;
  }

  #starter(name) {
    return this.starters[name] ?? this.#known.find((it) => it.name === name)?.starter?.trimStart() ?? "";
  }

  #speak() {
    this.#keepNow(); // what was written in the language that was chosen until now
    const name = this.language;
    if (!name) return;
    keep("language", name);
    keep(`language:${this.place}`, name);
    this.editor.speak(name);
    this.editor.text = kept(`code:${this.place}:${name}`) ?? this.#starter(name);
  }

  #restart() {
    if (!confirm("Throw your code away and begin with the starter?")) return;
    this.editor.text = this.#starter(this.language);
  }

  #keepSoon() {
    clearTimeout(this.#timer);
    const [name, text] = [this.language, this.editor.text];
    this.keepPending = () => keep(`code:${this.place}:${name}`, text === this.#starter(name) ? null : text);
    this.#timer = setTimeout(() => this.#keepNow(), KEPT_AFTER_MS);
  }

  #keepNow() {
    clearTimeout(this.#timer);
    this.keepPending?.();
    this.keepPending = null;
  }
}

const short = (version) => version?.match(/\d+(\.\d+)+/)?.[0] ?? "";
