"""Where each run's own tmpfs is attached, and what of it appears where.

Apart from root.py, which a nursery must not load: what it loads is copied for every run.
"""

from __future__ import annotations

BOX = "/box"
BOX_VIEWS = {"work": "/work", "tmp": "/tmp", "shm": "/dev/shm"}
