"""Whatever an author writes, a statement runs nothing and fetches nothing foreign."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.problems.statements import (
    MAX_SOURCE_BYTES,
    Sample,
    StatementRefused,
    render,
)
from tests.shared.statements.checker import faults
from tests.shared.statements.vectors import HOSTILE

Kind = Literal["md", "tex", "html", "txt"]
KINDS: tuple[Kind, ...] = ("md", "tex", "html", "txt")
HOSTILE_SAMPLE = Sample(input="<script>alert(1)</script>", output="</pre><img src=x onerror=x>")

#: Pieces that mean something to one of the parsers, to be put together at random.
PIECES = [
    *HOSTILE,
    *"<>&\"'`$\\{}[]()|*_~^#%!:;=/-\n\t ",
    *("$$", "\n\n", "\\\\", "{{n}}", "{{nextsample}}", "{{remainingsamples}}", "&#xE000;1&#xE001;"),
    *("\\begin{tabular}{c}", "\\end{tabular}", "\\begin{itemize}", "\\end{itemize}", "\\item "),
    *("\\begin{", "\\end{", "\\[", "\\]", "\\(", "\\)", "\\bf ", "\\emph", "\\frac", "\\text{"),
    *("\\newcommand{\\x}", "\\x", "\\nextsample", "\\problemname{", "<table>", "<td>", "</table>"),
    *(
        "<math>",
        "</math>",
        "<svg>",
        "<p>",
        "</p>",
        "<b>",
        "</i>",
        "<!--",
        "-->",
        "<a href=",
        "a.png",
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", HOSTILE)
def test_no_known_attack_gets_through(kind: Kind, source: str) -> None:
    for text in (
        source,
        f"before $x$ {source}\n\nafter",
        f"* {source}",
        f"| a |\n|--|\n| {source}",
    ):
        shown = render(text.encode(), kind, problem_id="sum", samples=[HOSTILE_SAMPLE])
        assert faults(shown.html) == []
        assert "<script" not in shown.html


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25))
def test_anything_put_together_is_harmless_and_well_formed(kind: Kind, parts: list[str]) -> None:
    source = "".join(parts).encode("utf-8", "surrogatepass")
    try:
        source.decode()
    except UnicodeDecodeError:
        with pytest.raises(StatementRefused):
            render(source, kind, problem_id="sum")
        return
    shown = render(
        source, kind, problem_id="sum", samples=[HOSTILE_SAMPLE], constants={"n": "<script>"}
    )
    assert faults(shown.html) == []
    assert shown.html.count("Sample 1") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "piece",
    [
        *("[", "*a_", "![", "](", "<", "<b>", "> ", "`", "$", "$$", "\\[", "\\(", "{", "{}", "}"),
        *("\\begin{itemize}", "\\begin{tabular}{c}", "\\begin{verbatim}", "\\end{x}", "\\verb|"),
        *(
            "\\bf ",
            "\\emph{",
            "\\emph",
            "\\'",
            "$a",
            "$a$",
            "[^1]",
            "[^1]: x\n",
            "|a",
            "- ",
            "<!--",
        ),
        *("$\\left($", "$\\frac{1}{2}$", "&#xE000;1&#xE001;", "{{nextsample}}", "\\nextsample "),
        *(
            "\\newcommand{\\x}{\\x\\x}\\x",
            "\\footnote{",
            "\\\\",
            "&",
            "\n\n",
            "%",
            "<svg>",
            "<table>",
        ),
    ],
)
def test_repetition_neither_hangs_nor_overflows(kind: Kind, piece: str) -> None:
    source = (piece * (20_000 // len(piece))).encode()
    shown = render(source, kind, problem_id="sum", samples=[HOSTILE_SAMPLE])
    assert faults(shown.html) == []
    assert len(shown.html) < 100 * len(source)


def test_growth_by_constants_and_macros_is_bounded() -> None:
    with pytest.raises(StatementRefused, match="too long"):
        render(b"{{a}}" * 1000, "md", problem_id="sum", constants={"a": "x" * 1000})
    macros = "".join(
        f"\\newcommand{{\\{chr(98 + i)}}}{{\\{chr(97 + i)}\\{chr(97 + i)}}}" for i in range(24)
    )
    bomb = render(f"{macros}\\y $\\y$".encode(), "tex", problem_id="sum")
    assert len(bomb.html) < 1_000_000
    assert any("expand to too much" in warning for warning in bomb.warnings)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_statement_is_refused_with_the_reason(kind: Kind) -> None:
    with pytest.raises(StatementRefused, match="at most"):
        render(b"x" * (MAX_SOURCE_BYTES + 1), kind, problem_id="sum")
    with pytest.raises(StatementRefused, match="UTF-8 at byte 2"):
        render(b"ab\xff", kind, problem_id="sum")
