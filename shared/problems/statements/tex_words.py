"""The words of LaTeX that statements use: tables, no logic. See `tex`."""

from __future__ import annotations

from shared.problems.statements.bounds import names

#: `\word{...}`: the argument in this HTML element; "" keeps the argument alone.
WRAPPERS = {
    "textbf": "strong", "textit": "em", "emph": "em", "textsl": "em", "texttt": "code",
    "underline": "u", "uline": "u", "sout": "s", "textsuperscript": "sup", "textsubscript": "sub",
    "t": "code", "textsc": "", "textrm": "", "textsf": "", "textup": "", "textmd": "",
    "textnormal": "", "mbox": "", "hbox": "", "fbox": "", "ensuremath": "", "centerline": "",
    "scalebox": "", "title": "", "textcolor": "",
}  # fmt: skip
#: `\word`: until the end of the group.
SWITCHES = {
    "bf": "strong", "bfseries": "strong", "it": "em", "itshape": "em", "em": "em", "sl": "em",
    "tt": "code", "ttfamily": "code",
}  # fmt: skip
#: `\word`: this text.
SYMBOLS = {
    "ldots": "…", "dots": "…", "textellipsis": "…", "textbackslash": "\\", "textasciitilde": "~",
    "textasciicircum": "^", "textless": "<", "textgreater": ">", "textbar": "|", "quad": "\u2003",
    "textquotedbl": '"', "textquotesingle": "'", "textendash": "–", "textemdash": "—",
    "qquad": "\u2003\u2003", "LaTeX": "LaTeX", "TeX": "TeX", "S": "§", "P": "¶", "dag": "†",
    "copyright": "©", "pounds": "£", "euro": "€", "texteuro": "€", "ss": "ß", "ae": "æ",
    "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł",
    "L": "Ł", "i": "ı", "slash": "/", "textdegree": "°", "degree": "°", "textbullet": "•",
    "textunderscore": "_", "textdollar": "$", "lbrack": "[", "rbrack": "]", "guillemotleft": "«",
    "guillemotright": "»", "thinspace": "\u2009", "textperiodcentered": "·", "checkmark": "✓",
    "textregistered": "®", "texttrademark": "™", "space": " ", "today": "",
    # one character that is no letter
    " ": " ", "\n": " ", ",": "\u2009", ";": "\u2005", ":": "\u2005", "!": "", "/": "", "-": "",
    "@": "", "%": "%", "#": "#", "&": "&", "_": "_", "{": "{", "}": "}", "$": "$",
}  # fmt: skip
#: `\'e` and its like: a combining character after the letter.
ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328",
    "r": "\u030a", "d": "\u0323",
}  # fmt: skip
#: `\word` that a page has no use for, and how many arguments go with it.
IGNORED = {
    "noindent": 0, "indent": 0, "par": 0, "smallskip": 0, "medskip": 0, "bigskip": 0,
    "newpage": 0, "clearpage": 0, "pagebreak": 0, "centering": 0, "raggedright": 0, "hfill": 0,
    "vfill": 0, "protect": 0, "tiny": 0, "scriptsize": 0, "footnotesize": 0, "small": 0,
    "normalsize": 0, "large": 0, "Large": 0, "LARGE": 0, "huge": 0, "Huge": 0, "rm": 0, "sf": 0,
    "sc": 0, "hline": 0, "toprule": 0, "midrule": 0, "bottomrule": 0, "relax": 0, "null": 0,
    "normalfont": 0, "rmfamily": 0, "sffamily": 0, "scshape": 0, "upshape": 0, "linebreak": 0,
    "vspace": 1, "hspace": 1, "label": 1, "ref": 1, "pageref": 1, "cline": 1, "cmidrule": 1,
    "usepackage": 1, "documentclass": 1, "pagestyle": 1, "thispagestyle": 1, "color": 1,
    "vskip": 0, "setlength": 2, "addtolength": 2, "setcounter": 2, "hyphenation": 1,
    "graphicspath": 1, "lstset": 1, "phantom": 1,
}  # fmt: skip
#: `\section{...}` and its like: the element of its heading.
HEADINGS = {
    "section": "h2", "subsection": "h3", "subsubsection": "h4", "paragraph": "h4",
    "chapter": "h2",
}  # fmt: skip
#: `\begin{word}`: opening and closing HTML.
ENVIRONMENTS = {
    "Input": ("<h2>Input</h2><p>", "<p>"),
    "Output": ("<h2>Output</h2><p>", "<p>"),
    "Interaction": ("<h2>Interaction</h2><p>", "<p>"),
    "itemize": ("<ul>", "</ul><p>"),
    "enumerate": ("<ol>", "</ol><p>"),
    "description": ("<ul>", "</ul><p>"),
    "quote": ("<blockquote><p>", "</blockquote><p>"),
    "quotation": ("<blockquote><p>", "</blockquote><p>"),
    "center": ('<div class="center"><p>', "</div><p>"),
    "flushleft": ("<div><p>", "</div><p>"),
    "flushright": ('<div class="right"><p>', "</div><p>"),
    "figure": ("<figure>", "</figure><p>"),
    "wrapfigure": ('<figure class="illustration">', "</figure><p>"),
    "table": ("<figure>", "</figure><p>"),
    "minipage": ("<div><p>", "</div><p>"),
    "document": ("<p>", "<p>"),
}
#: How many `{...}` follow `\begin{word}`.
ENVIRONMENT_ARGUMENTS = {"wrapfigure": 2, "minipage": 1, "tabular": 1, "tabularx": 2, "tabular*": 2}
TABLES = frozenset({"tabular", "tabularx", "tabular*"})
VERBATIM = frozenset({"verbatim", "verbatim*", "lstlisting", "Verbatim", "alltt"})
#: Environments of formulas; those of several lines are read as a whole.
FORMULAS = names(
    "math displaymath equation equation* align align* gather gather* eqnarray eqnarray*"
    " multline multline*"
)
