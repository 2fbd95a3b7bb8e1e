"""The HTML that a statement may have: a list of tags, a list of attributes, checked values.

`nh3` parses as browsers do and writes what it kept anew, so that nothing depends on how the
source was spelt. Addresses are decided here: a picture is a file of the package, a link goes
to a file of the package, to a place in the statement, or by http(s) or mailto elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import nh3

from shared.problems.statements.bounds import names
from shared.problems.statements.slots import without_marks

TAGS = names(
    "a abbr b blockquote br caption code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6"
    " hr i img ins kbd li ol p pre q s samp section small span strong sub sup table tbody td"
    " tfoot th thead tr u ul var"
)
#: Of these not even the text is kept.
_DROPPED = names(
    "script style title textarea template noscript noembed noframes iframe object embed svg"
    " math xmp plaintext select option form head"
)
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
    "*": frozenset({"class", "id", "title"}),
}
CLASSES = names(
    "left right center illustration footnotes footnotes-list footnotes-sep footnote-item"
    " footnote-ref footnote-backref"
)
FILE_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".svg", ".gif")
_NUMBER = re.compile(r"[0-9]{1,4}%?")
_FOOTNOTE = re.compile(r"fn(ref)?[0-9]{1,4}(:[0-9]{1,4})?")
_ELSEWHERE = re.compile(r"(https?://|mailto:)[^\s\\\x00-\x20]{1,2000}", re.IGNORECASE)

Warn = Callable[[str], None]


def clean(html: str, problem_id: str, warn: Warn) -> str:
    """Keep of this HTML what a statement may have."""

    def decide(tag: str, attribute: str, value: str) -> str | None:
        value = without_marks(value)
        if attribute == "src":
            return _picture(problem_id, value, warn)
        if attribute == "href":
            return _link(problem_id, value, warn)
        if attribute == "class":
            return " ".join(name for name in value.split() if name in CLASSES) or None
        if attribute == "id":
            return value if _FOOTNOTE.fullmatch(value) else None
        if attribute in {"width", "height", "colspan", "rowspan", "start"}:
            return value if _NUMBER.fullmatch(value) else None
        return value

    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={tag: set(allowed) for tag, allowed in ATTRIBUTES.items()},
        attribute_filter=decide,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def address(problem_id: str, name: str) -> str:
    """Where a file of the statement is served."""
    return f"/problems/{quote(problem_id, safe='')}/files/{quote(name, safe='')}"


def _picture(problem_id: str, value: str, warn: Warn) -> str | None:
    name = value.removeprefix("./")
    if FILE_NAME.fullmatch(name) and name.lower().endswith(IMAGE_SUFFIXES):
        return address(problem_id, name)
    warn(f"a picture must be a file beside the statement: {value[:80]!r} was left out")
    return None


def _link(problem_id: str, value: str, warn: Warn) -> str | None:
    if value.startswith("#") and _FOOTNOTE.fullmatch(value[1:]):
        return value
    if _ELSEWHERE.fullmatch(value):
        return value
    name = value.removeprefix("./")
    if FILE_NAME.fullmatch(name):
        return address(problem_id, name)
    warn(f"the link to {value[:80]!r} was left out")
    return None
