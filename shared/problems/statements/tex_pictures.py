"""Pictures of LaTeX statements."""

from __future__ import annotations

import html
import re
from collections.abc import Collection

from shared.problems.statements.clean import IMAGE_SUFFIXES

_FRACTION = re.compile(
    r"\bwidth\s*=\s*([0-9]*\.?[0-9]+)\s*\\(?:textwidth|linewidth|columnwidth|hsize)"
)
_SCALE = re.compile(r"\bscale\s*=\s*([0-9]*\.?[0-9]+)")


def picture_html(name: str, options: str, files: Collection[str]) -> str:
    """`\\includegraphics`: a picture; a link where a browser has no picture of that kind."""
    name = _known(name.strip(), files)
    escaped = html.escape(name)
    if name.lower().endswith(IMAGE_SUFFIXES):
        return f'<img src="{escaped}" alt=""{_width(options)}>'
    return f'<a href="{escaped}">{escaped}</a>'


def caption_html(text: str) -> str:
    """A caption, if there is one."""
    return f"<figcaption>{text}</figcaption>" if text.strip() else ""


def _known(name: str, files: Collection[str]) -> str:
    """The file that a name means: LaTeX leaves the suffix out."""
    if name in files:
        return name
    return next((name + it for it in (*IMAGE_SUFFIXES, ".pdf") if name + it in files), name)


def _width(options: str) -> str:
    found = _FRACTION.search(options) or _SCALE.search(options)
    if not found:
        return ""
    return f' width="{min(max(round(float(found[1][:8]) * 100), 1), 100)}%"'
