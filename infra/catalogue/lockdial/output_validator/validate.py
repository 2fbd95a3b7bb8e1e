"""The safe: validate.py input answer feedback_dir < what the program says > what it hears."""

import re
import sys
from pathlib import Path

ACCEPTED, WRONG = 42, 43
MOST = int("{{tries}}")


def end(code, message, for_team=""):
    feedback = Path(sys.argv[3])
    (feedback / "judgemessage.txt").write_text(message + "\n")
    if for_team:
        (feedback / "teammessage.txt").write_text(for_team + "\n")
    sys.exit(code)


def say(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The program has gone. What it said before still counts; the next read will tell.
        sys.stdout = None


n, number = map(int, Path(sys.argv[1]).read_text().split())
say(n)
for tries in range(1, MOST + 1):
    line = sys.stdin.readline(100)
    if not line:
        end(WRONG, f"ended after {tries - 1} tries", "The program ended before the safe was open.")
    if not re.fullmatch(r"\s*[0-9]{1,10}\s*", line) or not 1 <= int(line) <= n:
        end(WRONG, f"try {tries} was {line[:50]!r}", "That is no number on the dial.")
    if int(line) == number:
        say("open")
        if sys.stdin.read(100).strip():
            end(WRONG, "went on after the safe was open", "The program went on after `open`.")
        end(ACCEPTED, f"{tries} tries")
    say("low" if int(line) < number else "high")
end(WRONG, f"not open after {MOST} tries", "The safe is locked for ever.")
