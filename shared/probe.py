"""`python -m shared.probe [path]`: ask the process of this container how it is; for HEALTHCHECK.

Exit code 0 for an answer of 200. The port is the one of the environment, as for the process.
"""

from __future__ import annotations

import http.client
import os
import sys

_PATIENCE_S = 4.0


def main(path: str = "/healthz") -> int:
    """Ask; gives the exit code."""
    port = int(os.environ.get("ASSAY_PORT") or os.environ.get("PORT") or 3000)
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        asking.request("GET", path)
        status = asking.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    finally:
        asking.close()
    if status != 200:
        print(f"{path}: {status}", file=sys.stderr)
    return int(status != 200)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
