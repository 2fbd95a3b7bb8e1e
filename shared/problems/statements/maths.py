"""TeX formulas to MathML, so that a page needs no library and no script to show them.

`latex2mathml` reads the TeX; what it makes is not trusted (it passes `\\href` and `\\style` on,
and writes text unescaped). Its tree is written anew: the elements of MathML Core, a few
attributes with plain values, every text escaped. A formula it cannot read is shown as TeX.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

from shared.problems.statements.bounds import names

MAX_FORMULA = 4_000
MAX_DEPTH = 60

ELEMENTS = names(
    "math mrow mi mn mo ms mtext mspace msup msub msubsup mmultiscripts mprescripts munder mover"
    " munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom"
)
ATTRIBUTES = names(
    "accent accentunder columnspan depth displaystyle fence form height largeop linethickness"
    " lspace maxsize minsize movablelimits rowspan rspace scriptlevel separator stretchy symmetric"
    " voffset width"
)
_VALUE = re.compile(r"[A-Za-z0-9.%+-]{1,20}")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_SPACE = re.compile(r"\s+")


class _Unreadable(Exception):
    """The formula has no MathML that we would show."""


def formula(tex: str, *, display: bool, warn: Callable[[str], None]) -> str:
    """One formula as MathML; as its source where that cannot be."""
    tex = _SPACE.sub(" ", tex).strip()
    kind = "block" if display else "inline"
    try:
        body = _mathml(tex, kind)
    except _Unreadable as error:
        warn(f"the formula {tex[:60]!r} is shown as TeX: {error}")
        return f'<code class="math">{html.escape(tex)}</code>'
    return f'<math display="{kind}" alttext="{html.escape(tex)}">{body}</math>'


def _mathml(tex: str, kind: str) -> str:
    if len(tex) > MAX_FORMULA:
        raise _Unreadable(f"it has more than {MAX_FORMULA} characters")
    if _depth(tex) > MAX_DEPTH:
        raise _Unreadable("its braces are nested too deeply")
    try:
        tree = convert_to_element(tex, display=kind)
    except Exception as error:  # the library raises what it likes: IndexError, its own, ...
        raise _Unreadable(type(error).__name__) from None
    return "".join(_write(child, 0) for child in tree)


def _depth(tex: str) -> int:
    """How deep it may nest: braces, and environments and fences of which each takes a word."""
    depth = deepest = 0
    for character in tex:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return max(deepest, tex.count(r"\left"), tex.count(r"\begin"))


def _write(node: Element, depth: int) -> str:
    if depth > 4 * MAX_DEPTH:
        raise _Unreadable("it is nested too deeply")
    inner = _text(node.text) + "".join(
        _write(child, depth + 1) + _text(child.tail) for child in node
    )
    if node.tag not in ELEMENTS:
        return f"<mrow>{inner}</mrow>"
    attributes = "".join(_attribute(*item) for item in node.attrib.items())
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"


def _text(text: str | None) -> str:
    """Text of the library, which writes characters as references, escaped as ours."""
    if not text:
        return ""
    if unknown := _COMMAND.search(text):
        raise _Unreadable(f"{unknown[0]} is not known")
    return html.escape(html.unescape(text))


def _attribute(name: str, value: str) -> str:
    if name == "columnalign" and value in {"left", "right", "center"}:
        return f' class="{value}"'  # MathML Core leaves this to style sheets
    if name == "mathvariant" and value == "normal":
        return ' mathvariant="normal"'
    if name in ATTRIBUTES and _VALUE.fullmatch(value):
        return f' {name}="{value}"'
    return ""
