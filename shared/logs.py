"""Log lines: one shape for ours and for those of every library, and nothing private in any.

Theory of operation. Everything that is logged in a process, by structlog or by the standard
library, passes through one formatter on the root logger. A line has `at`, `level`,
`logger` and `event`, what is bound to its context (`requestId`, `tenant`, `submissionId`), what
is bound to its process (`function`, `worker`), and its own fields. It is JSON, or text for
a person: `ASSAY_LOG_FORMAT`.

What callers send and what programs write is in no line, at no level. Our own calls name
fields, and none of them is such a thing. The rest is held by this file:

- An exception is told by its type and the places it passed. Its words are told only where they
  are ours or the system's (`told`): a `KeyError` may quote anything.
- Of a library's line only the first row is told, cut short, and query strings are taken out:
  they may carry a token or a ticket. asyncio quotes whole tasks from the second row on.
- Libraries are never asked for their debug lines: those quote frames and requests.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import redis
import structlog
from structlog.typing import EventDict

from shared.errors import AssayError
from shared.failure import Failure
from shared.log_lines import console_line, json_line
from shared.settings import Settings

#: Their loggers are ours: the names of modules, and of what has no module of its own.
_OURS = ("assay", "functions", "infra", "shared")
_MOST_WORDS = 300
_MOST_PLACES = 30
_ROOT = str(Path(__file__).resolve().parents[1]) + "/"
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']*")

#: Where a record carries the fields of our own lines.
_FIELDS = "assay_fields"

#: Bound to every line of this process.
_process: dict[str, str] = {}


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `_log.warning("the verdict waits", error=error)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure(settings: Settings, function: str) -> None:
    """Begin the log of this process, on stderr.

    Args:
        function: what the process is, as each line shall say.
    """
    name_process(function=function)
    level = settings.log_level.upper()
    least = max(logging.INFO, logging.getLevelNamesMapping()[level])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(console=settings.log_format == "console"))
    handler.addFilter(_is_true)
    logging.basicConfig(level=least, handlers=[handler], force=True)
    for ours in _OURS:
        logging.getLogger(ours).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _last_words
    threading.excepthook = _thread_died


def _is_true(record: logging.LogRecord) -> bool:
    """uvicorn says this, as an error, of each socket that was refused by a whole answer."""
    return record.msg != "ASGI callable returned without completing handshake."


def name_process(**fields: str) -> None:
    """Bind something to every line of this process from now on."""
    _process.update(fields)


def bound(**fields: str) -> AbstractContextManager[None]:
    """`with bound(submissionId=...)`: bound to every line of this context while it lasts."""
    return structlog.contextvars.bound_contextvars(**fields)


def bind(**fields: str) -> None:
    """Bound to every line of this context from now on, as long as a request lasts."""
    structlog.contextvars.bind_contextvars(**fields)


class LineFormatter(logging.Formatter):
    """Makes a line of a record, ours or a library's."""

    def __init__(self, *, console: bool) -> None:
        super().__init__()
        self._write = console_line if console else json_line

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, _FIELDS, None)
        event = record.getMessage()
        if fields is None:  # not ours
            event = _QUERY.sub(r"\1", _short(event))
        line = {
            "at": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event,
            **_process,
            **dict(sorted(structlog.contextvars.get_contextvars().items())),
        }
        line |= {name: _plain(value) for name, value in (fields or {}).items()}
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line |= {"error": told(error), "trace": places(error)}
        return self._write(line)


def _to_record(_logger: Any, _method: str, fields: EventDict) -> EventDict:  # noqa: ANN401
    """The arguments with which a line of ours is handed to the standard library."""
    exc_info = fields.pop("exc_info", None) or None
    return {"msg": fields.pop("event"), "exc_info": exc_info, "extra": {_FIELDS: fields}}


# Once, and for whoever imports a module of ours: a tool that has no log says what is severe
# as the standard library does, but with our fields.
if logging.lastResort is not None:
    logging.lastResort.setFormatter(LineFormatter(console=True))
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, _to_record],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def told(error: BaseException) -> str:
    """What may be said of an exception: its type, and its words where they quote nobody."""
    kind = type(error).__name__
    words = ""
    if isinstance(error, OSError) and not isinstance(error, redis.RedisError):
        words = error.strerror or ""
    elif isinstance(error, redis.RedisError | Failure) or _is_ours(error):
        words = str(error)
    return f"{kind}: {_short(words)}" if words else kind


def _is_ours(error: BaseException) -> bool:
    """Whether it says what went wrong with us; errors of callers quote them."""
    return isinstance(error, AssayError) and error.status >= 500


def _short(text: str) -> str:
    return text.strip().partition("\n")[0][:_MOST_WORDS]


def _plain(value: object) -> object:
    if isinstance(value, BaseException):
        return told(value)
    if isinstance(value, bool | int | float | None):
        return value
    return str(value)[:_MOST_WORDS]


def places(error: BaseException) -> list[str]:
    """Where an exception came from, the innermost place last; then the same of its causes."""
    rows: list[str] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen and len(rows) < _MOST_PLACES:
        seen.add(id(each))
        if rows:
            rows.append(f"because of {told(each)}")
        rows += _frames(each.__traceback__)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return rows[:_MOST_PLACES]


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.f_code.co_filename.removeprefix(_ROOT)}:{number} {frame.f_code.co_qualname}"
        for frame, number in traceback.walk_tb(trace)
    ]


def _last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    get_logger("assay").critical("the process ends", exc_info=error)


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else ""
    get_logger("assay").critical("a thread ends", thread=name, exc_info=args.exc_value)
