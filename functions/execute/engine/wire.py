"""Messages between a worker and a keeper: one SOCK_SEQPACKET packet each.

A packet is one kind byte and a body. Large things travel as sealed memory files
(memfd_create(2)) beside a packet, so a packet stays far below the socket's buffer.

worker -> keeper                       keeper -> worker
  R  JSON of the request and the         o / e  bytes of stdout / stderr
     content of all files (what is       F      memory files: JSON [[name, size],
     large, in memory files instead);           ...], the content of all of them
     a memory file or a pipe for         D      JSON of the finished run
     stdin, maybe a pipe for stdout      X      text: this cell cannot go on
  i  bytes of stdin
  z  end of stdin
  s  number of a signal for all of it
  K  stop the run now
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct

REQUEST, STDIN, STDIN_END, SIGNAL, KILL = b"R", b"i", b"z", b"s", b"K"
STDOUT, STDERR, FILES, DONE, BROKEN, READY = b"o", b"e", b"F", b"D", b"X", b"Y"

PACKET_BYTES = 64 * 1024
_FDS_BYTES = socket.CMSG_SPACE(4 * 4)
_MOST_BYTES = PACKET_BYTES + 16 * 1024
_HEAD = struct.Struct("=I")  # of a request: how long its JSON is

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


def send_request(end: socket.socket, head: bytes, content: bytes, fds: list[int]) -> None:
    """Send a request; the descriptors stay the caller's."""
    if _HEAD.size + len(head) + len(content) <= PACKET_BYTES:
        send(end, REQUEST, _HEAD.pack(len(head)) + head + content, fds)
        return
    large = [memory_file(content, "files"), memory_file(head, "request")]
    try:
        send(end, REQUEST, b"", [*fds, *large])
    finally:
        for fd in large:
            os.close(fd)


def request(body: bytes, fds: list[int]) -> tuple[bytes, bytes]:
    """JSON and the content of all files, of a packet; leaves the other descriptors in `fds`."""
    if not body:
        return read_file(fds.pop()), read_file(fds.pop())
    begin = _HEAD.size
    end = begin + _HEAD.unpack_from(body)[0]
    return body[begin:end], body[end:]


def receive(end: socket.socket) -> tuple[bytes, bytes, list[int]]:
    """One packet: kind, body, descriptors. The kind is empty when the other end is gone."""
    # recv_fds() of the library would not pass the flag on, and one call for each descriptor then.
    data, told, _, _ = end.recvmsg(_MOST_BYTES, _FDS_BYTES, socket.MSG_CMSG_CLOEXEC)
    fds = [fd for _, _, raw in told for fd in memoryview(raw).cast("i")]
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
