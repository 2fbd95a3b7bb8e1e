// Lines of the program that compilers and interpreters complain about.

const PLACE = [
  /^\s*File "(?:[^"]*\/)?(?<file>[\w.]+)", line (?<line>\d+)/, // Python
  /^\s*-->\s*(?:[^\s:]*\/)?(?<file>[\w.]+):(?<line>\d+):(?<column>\d+)/, // Rust
  /(?:^|[\s(/.])(?<file>[\w]+\.\w+):(?<line>\d+)(?::(?<column>\d+))?/, // GCC, Go, Java, Node, Ruby ...
  /(?:^|[\s(/.])(?<file>[\w]+\.\w+)\((?<line>\d+),(?<column>\d+)\)/, // C#
  / in (?:\S*\/)?(?<file>[\w]+\.\w+) on line (?<line>\d+)/, // PHP
  / at (?:\S*\/)?(?<file>[\w]+\.\w+) line (?<line>\d+)/, // Perl
];
const MOST = 20;

/** [{line, column, message}] of what is said about `file`. */
export function complaints(text, file) {
  const found = new Map();
  const lines = text.split("\n").slice(0, 2000);
  const isPython = file.endsWith(".py");
  lines.forEach((line, at) => {
    const match = PLACE.map((place) => line.match(place)).find((it) => it?.groups.file === file);
    if (!match || found.size >= MOST) return;
    const { line: number, column } = match.groups;
    found.set(Number(number), {
      line: Number(number),
      column: column ? Number(column) : undefined,
      message: isPython ? lastWord(lines) : wordsOf(lines, at),
    });
  });
  return isPython ? [...found.values()].slice(-1) : [...found.values()];
}

/** The last line of a traceback says what is wrong. */
function lastWord(lines) {
  return lines.findLast((line) => line.trim() !== "")?.trim() ?? "";
}

function wordsOf(lines, at) {
  const rust = lines[at].trimStart().startsWith("-->");
  return (rust ? lines[at - 1] ?? "" : lines[at]).trim();
}
