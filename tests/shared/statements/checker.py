"""Judges the HTML of a statement by another parser than the ones that made it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Written here once more, so that a tag that slips into the code's list fails a test.
HTML = _names(
    "a abbr b blockquote br caption code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6"
    " hr i img ins kbd li ol p pre q s samp section small span strong sub sup table tbody td"
    " tfoot th thead tr u ul var"
)
MATHML = _names(
    "math mrow mi mn mo ms mtext mspace msup msub msubsup mmultiscripts mprescripts munder mover"
    " munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom"
)
ATTRIBUTES = _names(
    "class id title href src alt width height rel colspan rowspan start display alttext accent"
    " accentunder columnspan depth displaystyle fence form largeop linethickness lspace"
    " mathvariant maxsize minsize movablelimits rspace scriptlevel separator stretchy"
    " symmetric voffset"
)
VOID = frozenset({"br", "hr", "img"})


class _Checker(HTMLParser):
    def __init__(self, problem_id: str) -> None:
        super().__init__(convert_charrefs=True)
        self.files = f"/problems/{problem_id}/files/"
        self.faults: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HTML | MATHML:
            self.faults.append(f"<{tag}>")
        if tag in MATHML and tag != "math" and "math" not in self.open:
            self.faults.append(f"<{tag}> outside of math")
        if tag in HTML and "math" in self.open:
            self.faults.append(f"<{tag}> in math")
        for name, value in attrs:
            self.attribute(tag, name, value or "")
        if tag == "a" and dict(attrs).get("rel") != "noopener noreferrer nofollow":
            self.faults.append("a link without rel")
        if tag not in VOID:
            self.open.append(tag)

    def attribute(self, tag: str, name: str, value: str) -> None:
        if name not in ATTRIBUTES:
            self.faults.append(f"<{tag} {name}>")
        if name == "src" and not self.is_file(value):
            self.faults.append(f"src={value}")
        if name == "href" and not (tag == "a" and self.may_link(value)):
            self.faults.append(f"<{tag} href={value}>")

    def may_link(self, value: str) -> bool:
        elsewhere = urlsplit(value).scheme in {"http", "https", "mailto"}
        return elsewhere or value.startswith("#fn") or self.is_file(value)

    def is_file(self, value: str) -> bool:
        name = value.removeprefix(self.files)
        return name != value and "/" not in name and not name.startswith(".")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl}")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"declaration {data}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"instruction {data}")


def faults(html: str, problem_id: str = "sum") -> list[str]:
    """What a statement must not have; empty if it is harmless and well formed."""
    checker = _Checker(problem_id)
    checker.feed(html)
    checker.close()
    if checker.open:
        checker.faults.append(f"unclosed {checker.open}")
    if "\ue000" in html or "\ue001" in html:
        checker.faults.append("a mark is left")
    return checker.faults
