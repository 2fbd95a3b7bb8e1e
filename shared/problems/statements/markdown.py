"""Markdown as the package format means it: CommonMark, tables, footnotes, `$` formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from shared.problems.statements.bounds import MAX_SOURCE_BYTES, StatementRefused
from shared.problems.statements.maths import formula
from shared.problems.statements.samples import Samples
from shared.problems.statements.slots import Slots

_CONSTANT = re.compile(r"\{\{([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_]+)?)\}\}")
_ALIGN = re.compile(r"text-align:(left|right|center)")

Warn = Callable[[str], None]


def markdown_html(
    source: str, constants: Mapping[str, str], samples: Samples, slots: Slots, warn: Warn
) -> str:
    """The statement as HTML that still has to be cleaned, with marks for slots."""
    text = _substitute(source, constants, samples, warn)
    return str(_parser(slots, warn).render(text))


def _substitute(source: str, constants: Mapping[str, str], samples: Samples, warn: Warn) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "nextsample":
            return f"\n\n{samples.one()}\n\n"
        if name == "remainingsamples":
            return f"\n\n{samples.rest()}\n\n"
        if name not in constants:
            warn(f"{match[0]} is no constant of this problem")
            return match[0]
        return constants[name]

    text = _CONSTANT.sub(value, source)
    if len(text) > 2 * MAX_SOURCE_BYTES:
        raise StatementRefused("with its constants put in, the statement is too long")
    return text


def _parser(slots: Slots, warn: Warn) -> MarkdownIt:
    """A parser of its own for each statement: its rules know where formulas go."""

    def inline(
        _self: RendererProtocol,
        tokens: Sequence[Token],
        index: int,
        _options: OptionsDict,
        _env: EnvType,
    ) -> str:
        token = tokens[index]
        display = token.type != "math_inline"
        mark = slots.put(formula(token.content, display=display, warn=warn))
        return f"<p>{mark}</p>\n" if token.type == "math_block" else mark

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin)
    parser.use(dollarmath_plugin, allow_labels=False, double_inline=True)
    for kind in ("math_inline", "math_inline_double", "math_block"):
        parser.add_render_rule(kind, inline)
    parser.core.ruler.push("align", _align)
    return parser


def _align(state: Any) -> None:  # noqa: ANN401 - the library's state of a parse
    """Alignment of table cells by class: a strict content policy refuses style attributes."""
    for token in state.tokens:
        if token.type in {"th_open", "td_open"} and "style" in token.attrs:
            found = _ALIGN.fullmatch(str(token.attrs.pop("style")))
            if found:
                token.attrs["class"] = found[1]
