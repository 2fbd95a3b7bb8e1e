"""The LaTeX that statements are written in, to HTML.

It is no TeX: it knows the words of `tex_words`, macros of the simple kind, and what a page can
show. An unknown command degrades to the text of its arguments, with a warning. What is made
is *rough* HTML, in which `<p>` opens a paragraph and nothing closes one: `clean` parses it as
a browser does, and so closes what is open.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping

from shared.problems.statements import tex_words as words
from shared.problems.statements.maths import formula
from shared.problems.statements.samples import Samples
from shared.problems.statements.slots import Slots
from shared.problems.statements.tex_pictures import caption_html, picture_html
from shared.problems.statements.tex_reader import Reader, fill

MAX_DEPTH = 40

_TOKEN = re.compile(
    r"(?P<comment>%[^\n]*(?:\n[ \t]*)?)"
    r"|(?P<paragraph>[ \t]*\n[ \t]*(?:\n\s*)+)"
    r"|(?P<command>\\)"
    r"|(?P<dollars>\$\$?)"
    r"|(?P<brace>[{}&])"
    r"|(?P<quote>``|''|---?|<<|>>|[`'~])"
    r"|(?P<text>[^%\\${}&`'~\n<>-]+|.|\n)",
    re.DOTALL,
)
_QUOTES = {
    "``": "“", "''": "”", "---": "—", "--": "–", "-": "-", "<<": "«", ">>": "»", "`": "‘",
    "'": "’", "~": "\u00a0",
}  # fmt: skip
_CONSTANT = re.compile(r"\\constant\s*\{([A-Za-z0-9_.]+)\}")
_MACRO = re.compile(r"\\([A-Za-z]+)")
_PLAIN_NAME = re.compile(r"^%+\s*plainproblemname:\s*(.+)$", re.MULTILINE)
_COMMENTS = re.compile(r"(?<!\\)%[^\n]*\n?")
_TAG = re.compile(r"<[^>]*>")


class Tex:
    """One statement; `html()` may be called once, `title` is known after it."""

    def __init__(
        self,
        source: str,
        *,
        constants: Mapping[str, str],
        samples: Samples,
        slots: Slots,
        warn: Callable[[str], None],
        files: Collection[str] = (),
    ) -> None:
        self._reader = Reader(source, warn)
        self._constants = constants
        self._samples = samples
        self._slots = slots
        self._warn = warn
        self._files = files
        self._footnotes: list[str] = []
        plain = _PLAIN_NAME.search(source)
        self.title = plain[1].strip()[:200] if plain else None

    def html(self) -> str:
        """The statement as rough HTML with marks for slots."""
        parts = ["<p>"]
        while self._reader.at < len(self._reader.source):
            parts.append(self._until(None, 0))  # what stopped it closes nothing: go on
        if self._footnotes:
            notes = "".join(f"<li>{note}</li>" for note in self._footnotes)
            parts.append(f'<section class="footnotes"><ol>{notes}</ol></section>')
        return "".join(parts)

    def _until(self, stop: str | None, depth: int) -> str:
        """Everything up to a stop: "}", "cell" (one of `&`, `\\\\`, `\\end`), "end", or the end."""
        parts: list[str] = []
        closers: list[str] = []
        reader = self._reader
        while (token := self._token()) is not None:
            kind, text = token
            if kind == "brace":
                if text == "}" and stop == "}":
                    break
                if text == "&" and stop == "cell":
                    reader.at -= 1
                    break
                parts.append(self._group(depth) if text == "{" else "")
            elif kind == "command":
                place = reader.at - 1
                word = reader.word()
                if _ends(word, stop):
                    reader.at = place
                    break
                if word in words.SWITCHES and stop is not None:
                    parts.append(f"<{words.SWITCHES[word]}>")
                    closers.append(f"</{words.SWITCHES[word]}>")
                else:
                    parts.append(self._command(word, depth))
            else:
                parts.append(self._plain(kind, text))
        return "".join(parts + closers[::-1])

    def _token(self) -> tuple[str, str] | None:
        found = self._reader.match(_TOKEN)
        return (str(found.lastgroup), found[0]) if found else None

    def _plain(self, kind: str, text: str) -> str:
        if kind == "paragraph":
            return "\n<p>"
        if kind == "quote":
            return _QUOTES[text]
        if kind == "dollars":
            tex = self._reader.dollars(text)
            return text if tex is None else self._formula(tex, display=text == "$$")
        return "" if kind == "comment" else html.escape(text)

    def _group(self, depth: int) -> str:
        """What `{` opens. Too deep, its braces count for nothing and the text goes on."""
        if depth >= MAX_DEPTH:
            self._warn("groups are nested too deeply")
            return ""
        return self._until("}", depth + 1)

    def _argument(self, depth: int) -> str:
        """An argument as HTML."""
        if self._reader.opens():
            self._reader.at += 1
            return self._group(depth)
        return html.escape(self._reader.argument())

    def _formula(self, tex: str, *, display: bool) -> str:
        tex = _COMMENTS.sub("", tex)
        tex = _CONSTANT.sub(lambda found: self._constants.get(found[1], found[0]), tex)
        for _ in range(5):  # macros in macros
            changed = _MACRO.sub(self._simple_macro, tex)
            if changed == tex or len(changed) > 4_000:
                break
            tex = changed
        return self._slots.put(formula(tex, display=display, warn=self._warn))

    def _simple_macro(self, found: re.Match[str]) -> str:
        count, body = self._reader.macros.get(found[1], (-1, ""))
        return f"{{{fill(body, [])}}}" if count == 0 else found[0]

    def _command(self, word: str, depth: int) -> str:
        if self._reader.expand(word):
            return ""
        if action := _ACTIONS.get(word):
            return action(self, depth)
        word = word.removesuffix("*")
        if word in words.SYMBOLS:
            return html.escape(words.SYMBOLS[word])
        if word in words.WRAPPERS:
            return self._wrapped(word, depth)
        if word in words.HEADINGS:
            tag = words.HEADINGS[word]
            return f"<{tag}>{self._argument(depth)}</{tag}><p>"
        if word in words.ACCENTS:
            return self._accent(words.ACCENTS[word])
        if word in words.SWITCHES:
            return ""  # until the end of the statement: a slip of the author
        if word in words.IGNORED:
            return self._ignored(words.IGNORED[word])
        self._warn(f"\\{word} is not known: its text is kept")
        self._reader.option()
        return ""

    def _wrapped(self, word: str, depth: int) -> str:
        if word in {"textcolor", "scalebox"}:
            self._reader.argument()
        tag, inner = words.WRAPPERS[word], self._argument(depth)
        return f"<{tag}>{inner}</{tag}>" if tag else inner

    def _accent(self, mark: str) -> str:
        letter = self._reader.argument().replace("\\i", "i").replace("\\j", "j")
        return html.escape(unicodedata.normalize("NFC", letter[:1] + mark) + letter[1:])

    def _ignored(self, arguments: int) -> str:
        if arguments:
            self._reader.option()
        for _ in range(arguments):
            self._reader.argument()
        return ""

    # What has a rule of its own. Each takes what belongs to it and answers HTML.

    def _name(self, depth: int) -> str:
        if self._reader.opens():
            name = html.unescape(_TAG.sub("", self._argument(depth)))
            if name.strip() and self.title is None:
                self.title = " ".join(name.split())[:200]
        return "<p>"

    def _begin(self, depth: int) -> str:
        name = self._reader.argument().strip()
        if name in words.VERBATIM:
            return self._verbatim(name)
        if name in words.FORMULAS:
            return self._formulas(name)
        self._reader.option()
        for _ in range(words.ENVIRONMENT_ARGUMENTS.get(name, 0)):
            self._reader.argument()
            self._reader.option()
        if depth >= MAX_DEPTH:
            self._warn("environments are nested too deeply")
            return ""
        if name in words.TABLES:
            return self._table(depth + 1)
        if name not in words.ENVIRONMENTS:
            self._warn(f"the environment {name[:40]} is not known: its text is kept")
        opening, closing = words.ENVIRONMENTS.get(name, ("<p>", "<p>"))
        inner = self._until("end", depth + 1)
        self._end(depth)
        return opening + inner + closing

    def _end(self, _depth: int) -> str:
        if self._reader.source.startswith("\\end", self._reader.at):
            self._reader.at += 1
            self._reader.word()
        if self._reader.opens():
            self._reader.argument()
        return ""

    def _verbatim(self, name: str) -> str:
        self._reader.option()
        text = self._reader.until(f"\\end{{{name}}}")
        return "" if text is None else f"<pre>{html.escape(text)}</pre><p>"

    def _formulas(self, name: str) -> str:
        text = self._reader.until(f"\\end{{{name}}}")
        if text is None:
            return ""
        if name.startswith(("align", "eqnarray", "gather", "multline")):
            text = f"\\begin{{align*}}{text}\\end{{align*}}"
        return self._formula(text, display=True)

    def _display(self, _depth: int) -> str:
        tex = self._reader.until("\\]")
        return "" if tex is None else self._formula(tex, display=True)

    def _inline(self, _depth: int) -> str:
        tex = self._reader.until("\\)")
        return "" if tex is None else self._formula(tex, display=False)

    def _table(self, depth: int) -> str:
        rows: list[list[str]] = [[]]
        reader = self._reader
        while True:
            rows[-1].append(self._until("cell", depth))
            if reader.source.startswith("&", reader.at):
                reader.at += 1
            elif reader.source.startswith("\\\\", reader.at):
                reader.at += 2
                reader.option()
                rows.append([])
            else:
                break
        self._end(depth)
        return _rows_html(rows)

    def _multicolumn(self, depth: int) -> str:
        self._reader.argument()
        self._reader.argument()
        return self._argument(depth)

    def _verb(self, _depth: int) -> str:
        delimiter = self._reader.source[self._reader.at : self._reader.at + 1]
        self._reader.at += 1
        line = self._reader.until(delimiter) if delimiter.strip() else None
        return f"<code>{html.escape(line or '')}</code>"

    def _href(self, depth: int) -> str:
        target = _address(self._reader.argument())
        return f'<a href="{target}">{self._argument(depth)}</a>'

    def _url(self, _depth: int) -> str:
        target = _address(self._reader.argument())
        return f'<a href="{target}">{target}</a>'

    def _footnote(self, depth: int) -> str:
        note = self._argument(depth)
        self._footnotes.append(note)
        return f'<sup class="footnote-ref">{len(self._footnotes)}</sup>'

    def _item(self, _depth: int) -> str:
        label = self._reader.option()
        return f"<li><strong>{html.escape(label)}</strong> " if label else "<li>"

    def _constant(self, _depth: int) -> str:
        name = self._reader.argument().strip()
        if name not in self._constants:
            self._warn(f"{name[:40]} is no constant of this problem")
        return html.escape(self._constants.get(name, name))

    def _picture(self, _depth: int) -> str:
        options = self._reader.option() or ""
        return picture_html(self._reader.argument(), options, self._files)

    def _illustration(self, depth: int) -> str:
        width = self._reader.argument()
        picture = picture_html(self._reader.argument(), f"width={width}\\textwidth", self._files)
        caption = caption_html(self._argument(depth))
        return f'<figure class="illustration">{picture}{caption}</figure><p>'

    def _caption(self, depth: int) -> str:
        self._reader.option()
        return caption_html(self._argument(depth))

    def _epigraph(self, depth: int) -> str:
        quote, source = self._argument(depth), self._argument(depth)
        return f"<blockquote><p>{quote}<p>— {source}</blockquote><p>"

    def _define(self, _depth: int) -> str:
        self._reader.define()
        return ""

    def _def(self, _depth: int) -> str:
        name = self._reader.argument().removeprefix("\\")
        if self._reader.opens():
            self._reader.macros[name] = (0, self._reader.argument())
        return ""


def _ends(word: str, stop: str | None) -> bool:
    """Whether this command ends what is being read."""
    return (stop in {"end", "cell"} and word == "end") or (stop == "cell" and word == "\\")


def _address(text: str) -> str:
    for character in "%#&_~":
        text = text.replace(f"\\{character}", character)
    return html.escape(text.strip())


def _rows_html(rows: list[list[str]]) -> str:
    if len(rows) > 1 and not "".join(rows[-1]).strip():
        rows.pop()  # after the last `\\`
    body = "".join(
        "<tr>" + "".join(f"<td>{cell.strip()}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tbody>{body}</tbody></table><p>"


_ACTIONS: dict[str, Callable[[Tex, int], str]] = {
    "problemname": Tex._name, "begin": Tex._begin, "end": Tex._end, "[": Tex._display,
    "(": Tex._inline, "verb": Tex._verb, "lstinline": Tex._verb, "href": Tex._href,
    "url": Tex._url, "footnote": Tex._footnote, "item": Tex._item, "constant": Tex._constant,
    "includegraphics": Tex._picture, "illustration": Tex._illustration, "caption": Tex._caption,
    "epigraph": Tex._epigraph, "newcommand": Tex._define, "renewcommand": Tex._define,
    "providecommand": Tex._define, "newcommand*": Tex._define, "def": Tex._def,
    "multicolumn": Tex._multicolumn, "multirow": Tex._multicolumn,
    "nextsample": lambda tex, _depth: f"<p>{tex._samples.one()}<p>",
    "remainingsamples": lambda tex, _depth: f"<p>{tex._samples.rest()}<p>",
    "\\": lambda tex, _depth: "<br>", "newline": lambda tex, _depth: "<br>",
}  # fmt: skip
