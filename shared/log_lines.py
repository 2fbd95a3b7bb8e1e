"""How a log line is written down: as JSON for machines, as text for a person."""

from __future__ import annotations

import json
import time
from collections.abc import MutableMapping
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
#: Told first, in this order.
_HEAD = ("at", "level", "logger", "event")


def json_line(line: MutableMapping[str, Any]) -> str:
    """One object in one row."""
    line["at"] = _utc(line["at"])
    try:
        return _encoder.encode(line).decode()
    except (TypeError, ValueError):  # half a surrogate pair, or a number without end
        return json.dumps(line, default=str)


def console_line(line: MutableMapping[str, Any]) -> str:
    """`14:02:11.123 warning functions.execute.report: the verdict waits  tenant=local`."""
    at = line["at"]
    clock = time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03}"
    head = f"{clock} {line['level']} {line['logger']}: {_clean(str(line['event']))}"
    trace = line.get("trace", ())
    rest = [
        f"{name}={_clean(str(value))}"
        for name, value in line.items()
        if name not in _HEAD and name != "trace" and value not in (None, "")
    ]
    return "\n    ".join(["  ".join([head, *rest]), *trace])


def _utc(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"


def _clean(text: str) -> str:
    """What cannot be taken for another line, nor for a command to the terminal."""
    return text if text.isprintable() else json.dumps(text)
