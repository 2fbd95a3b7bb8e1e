"""Accepts any way to split the children: validate.py input answer feedback_dir < output."""

import sys
from pathlib import Path

ACCEPTED, WRONG = 42, 43


def end(code, message, for_team=""):
    feedback = Path(sys.argv[3])
    (feedback / "judgemessage.txt").write_text(message + "\n")
    if for_team:
        (feedback / "teammessage.txt").write_text(for_team + "\n")
    sys.exit(code)


numbers = list(map(int, Path(sys.argv[1]).read_text().split()))
n, pairs = numbers[0], list(zip(numbers[2::2], numbers[3::2]))
possible = Path(sys.argv[2]).read_text().strip() != "impossible"
words = sys.stdin.buffer.read(10**6).decode("ascii", "replace").split()

if len(words) != 1:
    end(WRONG, f"{len(words)} words, not one", "Print exactly one word.")
if words[0] == "impossible":
    if possible:
        end(WRONG, "there is a way", "There is a way to split the children.")
    end(ACCEPTED, "impossible")
if len(words[0]) != n or set(words[0]) - set("AB"):
    end(WRONG, "not n letters A and B", "Print one letter, A or B, for each child.")
for a, b in pairs:
    if words[0][a - 1] == words[0][b - 1]:
        end(WRONG, f"{a} and {b} are in one team", "Two best friends are in the same team.")
if not possible:
    # The judges said it cannot be done: then their answer is wrong, not this one.
    end(1, "the program found a way, the judges did not")
end(ACCEPTED, "a right way")
