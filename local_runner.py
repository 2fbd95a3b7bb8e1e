#!/usr/bin/env python3
"""Assay on one machine, in one command; `python3 local_runner.py --help` says what it can do.

The work is in infra/local/. This file is kept in words that every Python since 2.7 can
read, so that an old one can say what is wrong instead of failing at a line it does not know.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is the check itself
    sys.stderr.write(
        "Assay needs Python 3.11 or newer, and this is Python " + sys.version.split()[0] + ": "
        "install a newer one and start it by its name, as in `python3.11 local_runner.py`.\n"
    )
    sys.exit(2)
if not sys.platform.startswith("linux"):
    sys.stderr.write(
        "Assay runs programs in Linux namespaces, and this system is " + sys.platform + ": "
        "start it on Linux, in WSL2, or in a Linux container or virtual machine.\n"
    )
    sys.exit(2)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from infra.local import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
