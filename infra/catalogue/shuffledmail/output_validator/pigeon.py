"""The pigeon: pigeon.py input answer feedback_dir < output, once for each run.

The first time it writes the input of the second run, nextpass.in. That there was a first time
it knows by a file in its folder, which stays from run to run.
"""

import random
import re
import sys
from pathlib import Path

ACCEPTED, WRONG = 42, 43
FEEDBACK = Path(sys.argv[3])
SENT = FEEDBACK / "sent.txt"


def end(code, message, for_team=""):
    with (FEEDBACK / "judgemessage.txt").open("a") as file:
        file.write(message + "\n")
    if for_team:
        (FEEDBACK / "teammessage.txt").write_text(for_team + "\n")
    sys.exit(code)


number = Path(sys.argv[2]).read_text().strip()
words = sys.stdin.buffer.read(1000).decode("ascii", "replace").split()
if len(words) != 1:
    end(WRONG, f"{len(words)} words, not one", "Print one word.")
if SENT.exists():
    if words[0] != number:
        end(
            WRONG, f"received {words[0][:50]!r} as {SENT.read_text()!r}", "That was not the number."
        )
    end(ACCEPTED, "received")
if not re.fullmatch("[a-z]{1,20}", words[0]):
    end(WRONG, f"sent {words[0][:50]!r}", "Send from 1 to 20 letters from a to z.")
SENT.write_text(words[0])
letters = list(words[0])
random.Random(number).shuffle(letters)
(FEEDBACK / "nextpass.in").write_text(f"receive\n{''.join(letters)}\n")
end(ACCEPTED, f"sent {words[0]!r}")
