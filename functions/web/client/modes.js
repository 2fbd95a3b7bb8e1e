// The editor's language modes, each loaded when it is first needed.
import { LanguageSupport, StreamLanguage } from "@codemirror/language";

const stream = (load, name) => async () =>
  new LanguageSupport(StreamLanguage.define((await load())[name]));
const clike = (name) => stream(() => import("@codemirror/legacy-modes/mode/clike"), name);

const cpp = async () => (await import("@codemirror/lang-cpp")).cpp();
const script = (options) => async () =>
  (await import("@codemirror/lang-javascript")).javascript(options);

const MODES = {
  bash: stream(() => import("@codemirror/legacy-modes/mode/shell"), "shell"),
  c: cpp,
  clojure: stream(() => import("@codemirror/legacy-modes/mode/clojure"), "clojure"),
  commonlisp: stream(() => import("@codemirror/legacy-modes/mode/commonlisp"), "commonLisp"),
  cpp17: cpp,
  cpp20: cpp,
  csharp: clike("csharp"),
  d: stream(() => import("@codemirror/legacy-modes/mode/d"), "d"),
  erlang: stream(() => import("@codemirror/legacy-modes/mode/erlang"), "erlang"),
  fortran: stream(() => import("@codemirror/legacy-modes/mode/fortran"), "fortran"),
  go: async () => (await import("@codemirror/lang-go")).go(),
  haskell: stream(() => import("@codemirror/legacy-modes/mode/haskell"), "haskell"),
  java: async () => (await import("@codemirror/lang-java")).java(),
  javascript: script({}),
  julia: stream(() => import("@codemirror/legacy-modes/mode/julia"), "julia"),
  kotlin: clike("kotlin"),
  lua: stream(() => import("@codemirror/legacy-modes/mode/lua"), "lua"),
  nasm: stream(() => import("@codemirror/legacy-modes/mode/gas"), "gas"),
  ocaml: stream(() => import("@codemirror/legacy-modes/mode/mllike"), "oCaml"),
  octave: stream(() => import("@codemirror/legacy-modes/mode/octave"), "octave"),
  pascal: stream(() => import("@codemirror/legacy-modes/mode/pascal"), "pascal"),
  perl: stream(() => import("@codemirror/legacy-modes/mode/perl"), "perl"),
  php: async () => (await import("@codemirror/lang-php")).php({ plain: false }),
  python: async () => (await import("@codemirror/lang-python")).python(),
  r: stream(() => import("@codemirror/legacy-modes/mode/r"), "r"),
  ruby: stream(() => import("@codemirror/legacy-modes/mode/ruby"), "ruby"),
  rust: async () => (await import("@codemirror/lang-rust")).rust(),
  scala: clike("scala"),
  sql: async () => (await import("@codemirror/lang-sql")).sql(),
  swift: stream(() => import("@codemirror/legacy-modes/mode/swift"), "swift"),
  typescript: script({ typescript: true }),
};

/** The mode of a language; none for one that has no mode. */
export async function modeOf(language) {
  return MODES[language] ? MODES[language]() : [];
}
