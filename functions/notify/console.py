"""The console subscriber: one line of text for each message on `problem_done`."""

from __future__ import annotations

import msgspec


class _Done(msgspec.Struct, rename="camel"):
    submission_id: str
    status: str
    language: str = ""
    problem_id: str | None = None
    verdict: str | None = None
    attempts: int = 1


def format_line(message: bytes | str) -> str:
    """One message as a line: the outcome, language, submission, and what is remarkable.

    A message that is not ours is shown as it is, safe for a terminal.
    """
    try:
        done = msgspec.json.decode(message, type=_Done)
    except (msgspec.MsgspecError, UnicodeError):
        text = message.decode(errors="replace") if isinstance(message, bytes) else message
        return "? " + _printable(text)
    line = f"{done.verdict or done.status:<21}  {done.language:<12}  {done.submission_id}"
    if done.problem_id is not None:
        line += f"  {done.problem_id}"
    if done.attempts > 1:
        line += f"  (attempt {done.attempts})"
    return _printable(line)


def _printable(text: str) -> str:
    """Without the control characters by which a label could command the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
