"""The connection between a worker and a keeper: packets stay whole, memory files are sealed."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.execute.engine import wire

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    pair = wire.pair()
    with pair[0], pair[1]:
        yield pair


def kinds() -> list[bytes]:
    return [
        *(wire.REQUEST, wire.STDIN, wire.STDIN_END, wire.KILL),
        *(wire.STDOUT, wire.STDERR, wire.FILES, wire.DONE, wire.BROKEN, wire.READY),
    ]


def test_every_kind_is_one_byte_and_no_two_are_the_same() -> None:
    assert all(len(kind) == 1 for kind in kinds())
    assert len(set(kinds())) == len(kinds())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    packets=st.lists(
        st.tuples(st.sampled_from(kinds()), st.binary(max_size=wire.PACKET_BYTES)), max_size=5
    )
)
def test_packets_arrive_whole_and_in_order(ends: Ends, packets: list[tuple[bytes, bytes]]) -> None:
    for kind, body in packets:
        wire.send(ends[0], kind, body)
    assert [wire.receive(ends[1])[:2] for _ in packets] == packets


def test_the_largest_packet_with_its_kind_is_not_cut(ends: Ends) -> None:
    body = os.urandom(wire.PACKET_BYTES)
    wire.send(ends[0], wire.STDOUT, body)
    assert wire.receive(ends[1]) == (wire.STDOUT, body, [])


def test_an_end_that_is_gone_is_a_packet_without_a_kind(ends: Ends) -> None:
    wire.send(ends[0], wire.KILL)
    ends[0].close()
    assert wire.receive(ends[1]) == (wire.KILL, b"", [])
    assert wire.receive(ends[1]) == (b"", b"", [])


def test_descriptors_travel_and_are_not_inherited(ends: Ends) -> None:
    sent = [wire.memory_file(b"first"), wire.memory_file(b"second")]
    wire.send(ends[0], wire.REQUEST, b"both", sent)
    kind, body, fds = wire.receive(ends[1])
    assert (kind, body) == (wire.REQUEST, b"both")
    assert not any(os.get_inheritable(fd) for fd in fds)
    assert [wire.read_file(fd) for fd in fds] == [b"first", b"second"]
    for fd in sent:
        os.close(fd)


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_000])
def test_a_memory_file_holds_what_it_was_given_from_its_start(size: int) -> None:
    content = os.urandom(size)
    fd = wire.memory_file(content)
    assert os.read(fd, size + 1) == content
    assert wire.read_file(fd) == content
    with pytest.raises(OSError):
        os.fstat(fd)


@pytest.mark.parametrize("change", ["write", "grow", "shrink", "unseal"])
def test_a_memory_file_cannot_be_changed_any_more(change: str) -> None:
    fd = wire.memory_file(b"given")
    changes: dict[str, Callable[[], object]] = {
        "write": lambda: os.pwrite(fd, b"x", 0),
        "grow": lambda: os.ftruncate(fd, 100),
        "shrink": lambda: os.ftruncate(fd, 1),
        "unseal": lambda: fcntl.fcntl(fd, fcntl.F_ADD_SEALS, 0x10),
    }
    with pytest.raises(PermissionError):
        changes[change]()
    assert wire.read_file(fd) == b"given"


def test_a_memory_file_that_was_read_is_still_read_from_its_start() -> None:
    fd = wire.memory_file(b"given")
    os.lseek(fd, 0, os.SEEK_END)
    assert wire.read_file(fd) == b"given"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    head=st.one_of(st.binary(), st.just(b"h" * wire.PACKET_BYTES)),
    content=st.one_of(
        st.binary(), st.sampled_from([wire.PACKET_BYTES - 4, wire.PACKET_BYTES]).map(bytes)
    ),
    others=st.integers(1, 2),
)
def test_a_request_of_any_size_arrives_with_its_descriptors(
    ends: Ends, head: bytes, content: bytes, others: int
) -> None:
    sent = [wire.memory_file(b"%d" % number) for number in range(others)]
    before = set(os.listdir("/proc/self/fd"))
    wire.send_request(ends[0], head, content, sent)
    assert set(os.listdir("/proc/self/fd")) == before
    kind, body, fds = wire.receive(ends[1])
    assert (kind, wire.request(body, fds)) == (wire.REQUEST, (head, content))
    assert [wire.read_file(fd) for fd in fds] == [b"%d" % number for number in range(others)]
    for fd in sent:
        os.close(fd)
