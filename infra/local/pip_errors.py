"""What pip's log means for somebody who only wanted to start Assay."""

from __future__ import annotations

from typing import Final

#: Signs in the log, and what they mean. The first match counts.
_CAUSES: Final = (
    (
        ("DO NOT MATCH THE HASHES",),
        "a package is not the one that the lock file names: somebody changed it, or the "
        "package index serves another",
    ),
    (("No space left on device",), "the disk is full: make room and start again"),
    (
        (
            "NewConnectionError",
            "Failed to establish a new connection",
            "name resolution",
            "Name or service not known",
            "Network is unreachable",
            "ConnectTimeout",
            "ReadTimeout",
            "ProxyError",
            "SSLError",
            "Connection refused",
        ),
        "no package index could be reached: connect this machine to the network, or name a "
        "mirror in PIP_INDEX_URL, and start again",
    ),
    (
        ("No matching distribution found",),
        "the package index has no build for this Python and system: Assay needs Linux with "
        "glibc on x86-64 or arm64",
    ),
    (("Permission denied", "Read-only file system"), "the checkout cannot be written to"),
)


def explain(log: str) -> str:
    """The cause of a failed installation, from pip's own words."""
    for signs, meaning in _CAUSES:
        if any(sign in log for sign in signs):
            return meaning
    return f"pip says: {last_line(log)}"


def last_line(text: str) -> str:
    """The last line that speaks of an error, or else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["nothing"])[-1].removesuffix(".")
