"""Where set-up puts what npm brings: the page's bundle, and esbuild, which TypeScript needs too.

`infra/local/assets.py` fills the folder; everybody else only reads there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]

FOLDER: Final = _ROOT / ".web"
#: The page as it is served, and in `stamp` a digest of everything it was made of.
PAGE: Final = FOLDER / "built"


def esbuild() -> str:
    """The binary out of its npm package; empty where it is not installed."""
    found = sorted((FOLDER / "node_modules" / "@esbuild").glob("*/bin/esbuild"))
    return str(found[0]) if found else ""
