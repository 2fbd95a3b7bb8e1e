"""Taking submissions in: checked, given a place in line, stored.

Here and not in `functions/submit`, for `/socket` takes them, too: each function is a process
of its own, and none asks another.
"""

from __future__ import annotations
