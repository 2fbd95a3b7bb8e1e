"""Where a webhook may be sent, and what counts as its answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.notify.post import Undelivered, post
from shared.addresses import is_private_as_written, is_public
from shared.errors import InvalidField
from shared.webhooks import check_url
from tests.notify.following import run


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:a00:1::", "2001:db8::1"),
        *("", "x", "1.2.3"),
    ],
)
def test_an_address_that_is_not_public_is_known_as_such(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_known_as_such(address: str) -> None:
    assert is_public(address)


def test_a_name_is_resolved_once_and_all_its_addresses_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:  # noqa: ANN401
        asked.append(host)
        rows = [("1.1.1.1", port), ("10.0.0.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", row) for row in rows]

    async def main() -> None:
        async def resolve(host: str, port: int, **how: Any) -> list[Any]:  # noqa: ANN401
            return answer(host, port, **how)

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        with pytest.raises(Undelivered, match="not public"):
            await post("http://two.example/", b"", {}, anywhere=False, timeout_s=20)

    run(main())
    assert asked == ["two.example"]


@contextmanager
def answering(*pieces: bytes, hang: bool = False) -> Iterator[str]:
    """A server that says exactly this to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                for piece in pieces:
                    try:
                        connection.sendall(piece)
                    except OSError:
                        return
                if hang:
                    over.wait(60)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((), "closed"),
        ((b"SSH-2.0-hello\r\n\r\n",), "not HTTP"),
        ((b"HTTP/1.1 2x0 OK\r\n\r\n",), "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\n",), "closed"),
        ((b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 20_000,) * 5, "too long"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n",) * 20, "never came"),
    ],
)
def test_an_answer_that_is_none_is_told_as_such(pieces: tuple[bytes, ...], why: str) -> None:
    with answering(*pieces) as url, pytest.raises(Undelivered, match=why):
        run(post(url, b"{}", {}, anywhere=True, timeout_s=20))


def test_an_answer_after_others_that_were_none_counts_and_its_body_is_left_alone() -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n" + b"x" * 1_000_000
    with answering(said) as url:
        assert run(post(url, b"{}", {}, anywhere=True, timeout_s=20)) == 201


def test_a_server_that_says_nothing_is_given_up() -> None:
    with answering(hang=True) as url, pytest.raises(Undelivered, match="no answer within"):
        run(post(url, b"{}", {}, anywhere=True, timeout_s=0.2))


def test_nobody_there_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(Undelivered, match="connection failed"):
        run(post(url, b"{}", {}, anywhere=True, timeout_s=20))


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://a/", "//a/", "http://", "https:///x", "http://u:p@a/", "http://a/#f"),
        *("http://a:0/", "http://a:99999/", "http://a/\r\nX: y", "http://a/ b", "http://ä/"),
        *("http://[::1/", "javascript:alert(1)", "http://a/" + "x" * 2048),
    ],
)
def test_a_url_that_cannot_be_called_back_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_url(url)
    assert caught.value.field == "callbackUrl"


@pytest.mark.parametrize("url", ["https://a.example", "http://a:8080/x?y=z", "https://[2606::1]/"])
def test_a_url_that_can_be_called_back_is_taken_as_it_is(url: str) -> None:
    assert check_url(url) == url


INSIDE = (
    *("127.0.0.1", "127.0.0.1.", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "10.0.0.8"),
    *("192.168.1.5:8080", "169.254.169.254", "0", "[::1]", "[fe80::1%25eth0]", "[fd00::1]:3000"),
    *("[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "localhost", "LOCALHOST:3000", "a.localhost."),
)


@pytest.mark.parametrize("host", INSIDE)
def test_a_host_that_is_private_as_it_is_written_is_refused_at_once(host: str) -> None:
    url = f"http://{host}/hook"
    with pytest.raises(InvalidField, match="ASSAY_WEBHOOKS_TO=anywhere") as caught:
        check_url(url, anywhere=False)
    assert caught.value.field == "callbackUrl"
    assert check_url(url, anywhere=True) == url


@pytest.mark.parametrize(
    "host",
    ["a.example", "1.1.1.1", "16843009", "[2606:4700::1111]", "127.0.0.1.nip.io", "1.2.3.4.5"],
)
def test_a_name_is_left_to_the_moment_when_it_is_resolved(host: str) -> None:
    url = f"https://{host}/"
    assert check_url(url, anywhere=False) == url
    assert not is_private_as_written(host.strip("[]"))
