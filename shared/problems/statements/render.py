"""One statement: from its source to what a page shows."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.problems.statements.bounds import MAX_SOURCE_BYTES, StatementRefused
from shared.problems.statements.clean import clean
from shared.problems.statements.markdown import markdown_html
from shared.problems.statements.samples import Sample, Samples
from shared.problems.statements.slots import Slots, without_marks
from shared.problems.statements.tex import Tex

MAX_WARNINGS = 50
_EMPTY = re.compile(r"<p>\s*</p>\s*")


@dataclass(frozen=True)
class Statement:
    """A statement, ready to be shown."""

    html: str
    #: The name that the source itself gives, as plain text; Markdown gives none.
    title: str | None
    #: What could not be honoured, for the author.
    warnings: tuple[str, ...]


def render(
    source: bytes,
    kind: Literal["md", "tex", "html", "txt"],
    *,
    problem_id: str,
    samples: Sequence[Sample] = (),
    constants: Mapping[str, str] | None = None,
    files: Collection[str] = (),
) -> Statement:
    """Render a statement, with its samples at the end unless it asks for them earlier.

    Args:
        source: the file, in UTF-8.
        kind: its suffix.
        problem_id: pictures are served below `/problems/{problem_id}/files/`.
        samples: in their order.
        constants: `name` or `name.variant` to the text that stands for it.
        files: names of the files beside the statement: LaTeX leaves suffixes out.

    Raises:
        StatementRefused: it is too long, or no UTF-8.
    """
    warnings: list[str] = []

    def warn(text: str) -> None:
        if text not in warnings and len(warnings) < MAX_WARNINGS:
            warnings.append(text)

    slots = Slots()
    text = _decode(source)
    given = Samples(samples, slots, warn)
    title = None
    constants = constants or {}
    if kind == "md":
        rough = markdown_html(text, constants, given, slots, warn)
    elif kind in {"html", "txt"}:  # DOMjudge's
        rough = text if kind == "html" else f"<pre>\n{html.escape(text)}</pre>"
    else:
        tex = Tex(text, constants=constants, samples=given, slots=slots, warn=warn, files=files)
        rough, title = tex.html(), tex.title
    shown = slots.fill(clean(rough, problem_id, warn))
    return Statement(_EMPTY.sub("", shown) + given.rest_html(), title, tuple(warnings))


def _decode(source: bytes) -> str:
    if len(source) > MAX_SOURCE_BYTES:
        raise StatementRefused(f"a statement has at most {MAX_SOURCE_BYTES} bytes")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementRefused(f"not UTF-8 at byte {error.start}") from None
    return without_marks(text.replace("\r\n", "\n").replace("\x00", ""))
