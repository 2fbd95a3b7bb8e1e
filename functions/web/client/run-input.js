// What a run is given: input beforehand, or typed while it runs; arguments; files.
import { connection } from "./connection.js";
import { h, say } from "./dom.js";
import { keep, kept } from "./kept.js";

export class RunInput {
  #id = null;
  #files = [];

  constructor(place) {
    this.place = place;
    this.stdin = h("textarea", { id: "stdin", class: "code", rows: 5, spellcheck: "false", autocapitalize: "off" });
    this.stdin.value = kept(`stdin:${place}`, "");
    this.stdin.addEventListener("input", () => keep(`stdin:${place}`, this.stdin.value || null));
    this.live = h("input", { type: "checkbox", id: "live" });
    this.args = h("input", { id: "args", class: "code", placeholder: "none", autocapitalize: "off", spellcheck: "false" });
    this.picked = h("input", { type: "file", id: "files", multiple: true, onchange: () => this.#pick() });
    this.list = h("ul", { class: "files" });
    this.typed = h("input", { id: "typed", class: "code", autocapitalize: "off", autocomplete: "off", "aria-label": "A line of input for the running program" });
    this.note = h("p", { class: "hint", role: "status", hidden: true });
    // Its place is below the output, where one reads what it answers.
    this.terminal = h("form", { class: "row terminal", hidden: true, onsubmit: (event) => this.#send(event) }, this.typed,
      h("button", { type: "submit" }, "Send"),
      h("button", { type: "button", class: "quiet", onclick: () => this.#close() }, "End of input"));
    this.element = h("section", { class: "input", "aria-label": "Input" },
      h("label", { for: "stdin" }, "Standard input"), this.stdin,
      h("p", { class: "row" }, h("label", { for: "live" }, this.live, " Type input while it runs")),
      h("details", {}, h("summary", {}, "Arguments and files"),
        h("label", { for: "args" }, "Arguments, separated by spaces"), this.args,
        h("label", { for: "files" }, "Files beside the program"), this.picked, this.list));
  }

  body() {
    const body = { stdin: this.stdin.value };
    const args = this.args.value.split(/\s+/).filter(Boolean);
    if (args.length > 0) body.args = args;
    if (this.#files.length > 0) body.files = this.#files;
    if (this.live.checked) body.interactive = true;
    return body;
  }

  state() {
    return { stdin: this.stdin.value, args: this.args.value };
  }

  restore({ stdin = "", args = "" }) {
    this.stdin.value = stdin;
    this.args.value = args;
  }

  began(id) {
    this.#id = id;
    say(this.note, "");
    this.terminal.hidden = !this.live.checked;
    if (this.live.checked) this.typed.focus();
  }

  ended() {
    this.#id = null;
    this.terminal.hidden = true;
  }

  #send(event) {
    event.preventDefault();
    if (!this.#id) return;
    const isSent = connection.tell(this.#id, { stdin: this.#id, data: `${this.typed.value}\n` });
    this.typed.value = "";
    say(this.note, isSent ? "" : "The line is sent when the connection is there.");
  }

  #close() {
    if (this.#id) connection.tell(this.#id, { eof: this.#id });
  }

  async #pick() {
    this.#files = [];
    for (const file of this.picked.files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      this.#files.push({ name: file.name, content: btoa(text), encoding: "base64" });
    }
    this.list.replaceChildren(...this.#files.map((it) => h("li", {}, it.name)));
  }
}
