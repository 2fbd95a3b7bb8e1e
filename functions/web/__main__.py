"""`python -m functions.web`: this function alone, configured by its environment."""

from __future__ import annotations

import sys

from functions.web.app import routes
from shared.serving import main

if __name__ == "__main__":
    sys.exit(main(routes))
