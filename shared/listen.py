"""The listening socket: opened by the process that serves, or by the one that starts it.

On one machine the supervisor opens it first, and hands it to the host by its descriptor. A
busy port is thus told before anything is started, port 0 has a number at once, and while a
host that died is started again new connections wait in the backlog instead of being refused.
"""

from __future__ import annotations

import os
import socket

from shared.failure import Failure
from shared.settings import Settings

LISTEN_FD = "ASSAY_LISTEN_FD"
_BACKLOG = 2048


def listener_of(settings: Settings) -> socket.socket:
    """The socket that was handed to us, else one of our own.

    Raises:
        Failure: as `listen`.
    """
    inherited = os.environ.pop(LISTEN_FD, "")
    if inherited:
        return socket.socket(fileno=int(inherited))
    return listen(settings.host, settings.port)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Whether others may reach it is the host's business.

    Raises:
        Failure: the address is not known here, or the port is taken.
    """
    family, address = _resolved(host)
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Failure(
            f"Port {port} on {host} cannot be used ({error.strerror}): "
            "give another one with --port or PORT, or 0 for any."
        ) from None
    return listener


def _resolved(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Failure(f"The address {host!r} is not known: use --host 127.0.0.1.") from None
    addresses = [(family, str(sockaddr[0])) for family, _, _, _, sockaddr in found]
    # `localhost` is both; curl and browsers try IPv4 as well.
    return min(addresses, key=lambda found: found[0] != socket.AF_INET)


def url_of(listener: socket.socket) -> str:
    """The base URL of a listening socket."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
