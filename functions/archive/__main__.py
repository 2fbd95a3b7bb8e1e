"""`python -m functions.archive`: this function alone, configured by its environment."""

from __future__ import annotations

import sys

from functions.archive.app import routes
from shared.serving import main

if __name__ == "__main__":
    sys.exit(main(routes))
