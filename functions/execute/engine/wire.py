"""Messages between a worker and a keeper: one SOCK_SEQPACKET packet each.

A packet is one kind byte and a body. Large things travel as sealed memory files
(memfd_create(2)) beside a packet, so a packet stays far below the socket's buffer.

worker -> keeper                       keeper -> worker
  R  memory files: stdin, the content    o / e  bytes of stdout / stderr
     of all files, JSON of the request;
     or a pipe for stdin, and before
     the JSON another one for stdout
  i  bytes of stdin                      F      memory files: JSON [[name, size],
  z  end of stdin                               ...], the content of all of them
  s  number of a signal for all of it    D      JSON of the finished run
  K  stop the run now                    X      text: this cell cannot go on
"""

from __future__ import annotations

import fcntl
import os
import socket

REQUEST, STDIN, STDIN_END, SIGNAL, KILL = b"R", b"i", b"z", b"s", b"K"
STDOUT, STDERR, FILES, DONE, BROKEN, READY = b"o", b"e", b"F", b"D", b"X", b"Y"

PACKET_BYTES = 64 * 1024
_MAX_FDS = 4

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a control connection."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:  # room for what is under way when the reader is late
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
    return ends


def send(end: socket.socket, kind: bytes, body: bytes = b"", fds: list[int] | None = None) -> None:
    """Send one packet, with descriptors."""
    if fds:
        socket.send_fds(end, [kind + body], fds)
    else:
        end.send(kind + body)


def receive(end: socket.socket) -> tuple[bytes, bytes, list[int]]:
    """One packet: kind, body, descriptors. The kind is empty when the other end is gone."""
    data, fds, _, _ = socket.recv_fds(end, PACKET_BYTES + 16 * 1024, _MAX_FDS)
    for fd in fds:
        os.set_inheritable(fd, False)
    return data[:1], data[1:], fds


def memory_file(content: bytes, name: str = "assay") -> int:
    """A sealed memory file with this content, read from its start."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def read_file(fd: int) -> bytes:
    """The whole content of a memory file; closes it."""
    try:
        return os.pread(fd, os.fstat(fd).st_size, 0)
    finally:
        os.close(fd)
