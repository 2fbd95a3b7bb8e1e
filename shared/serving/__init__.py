"""How web functions are served: each alone, or all of them by the one-machine host.

    app.py       from functions' routes to one ASGI app: layers, gate, health
    server.py    the server of a process: start, signals, end
    main.py      a process of its own: settings, log, port

A function gives its routes, `routes(services)`, and adds to `services` what it opens, what
runs beside it and what it needs to be ready. It knows nothing of the process around it, so
`python -m functions.submit` and the host serve the very same thing.
"""

from __future__ import annotations

from shared.serving.app import Routes, assemble
from shared.serving.main import main
from shared.serving.server import serve

__all__ = ["Routes", "assemble", "main", "serve"]
