"""`python -m functions.admin`: this function alone, configured by its environment."""

from __future__ import annotations

import sys

from functions.admin.app import routes
from shared.serving import main

if __name__ == "__main__":
    sys.exit(main(routes))
