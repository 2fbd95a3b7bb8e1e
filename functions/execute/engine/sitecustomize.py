"""Imported by the `site` module of a nursery, and of nothing else: see nursery.py."""

from __future__ import annotations

import sys


def _hatch() -> None:
    """Import what programs share, then what only we need, and keep apart which is which."""
    plain_paths = set(sys.path_importer_cache)
    from functions.execute.engine.start_mode import PREIMPORTED

    for name in PREIMPORTED:
        __import__(name)
    shared = set(sys.modules)
    from functions.execute.engine import nursery

    nursery.settle(shared, plain_paths)


_hatch()
