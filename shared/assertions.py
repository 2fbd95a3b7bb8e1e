"""Languages whose programs may have assertions appended, and how each prints a last word."""

from __future__ import annotations

from typing import Final

#: On a line of its own, also when what was printed before has no end of line.
LAST_WORDS: Final[dict[str, str]] = {
    "javascript": "process.stdout.write('\\n@WORD@\\n');",
    "lua": "io.write('\\n@WORD@\\n')",
    "perl": 'print "\\n@WORD@\\n";',
    "php": 'echo "\\n@WORD@\\n";',
    "python": "print('\\n@WORD@')",
    "ruby": 'STDOUT.write("\\n@WORD@\\n")',
}
