"""Bodies are read within a limit, and what is wrong with one is said by name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.asgi import ClientGone, Message, Scope
from shared.body import decode, read_json
from shared.errors import AssayError, InvalidField, InvalidRequest, NotJson, TooLarge
from shared.models import SubmitRequest

LIMIT = 100
JSON = [(b"content-type", b"application/json")]


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Arrays, and objects that have fields of ours by chance."""
    name = st.sampled_from(["cpuTimeMs", "limits", "files", "encoding", "name"]) | st.text()
    return st.lists(inner, max_size=3) | st.dictionaries(name, inner, max_size=3)


class Caller:
    """Sends its pieces one by one, and counts those that were taken."""

    def __init__(self, *pieces: bytes, leaves: bool = False) -> None:
        self.pieces = pieces
        self.leaves = leaves
        self.taken = 0

    async def __call__(self) -> Message:
        if self.taken == len(self.pieces):
            assert self.leaves, "asked for more than there is"
            return {"type": "http.disconnect"}
        piece = self.pieces[self.taken]
        self.taken += 1
        more = self.leaves or self.taken < len(self.pieces)
        return {"type": "http.request", "body": piece, "more_body": more}


def read(caller: Caller, headers: Sequence[tuple[bytes, bytes]] = JSON) -> dict[str, int]:
    """Read a body as the functions do."""
    scope: Scope = {"type": "http", "headers": list(headers)}
    return asyncio.run(read_json(scope, caller, dict[str, int], limit_bytes=LIMIT))


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", "application/json; charset=utf-8"]
)
def test_json_is_read_in_any_number_of_pieces(kind: str) -> None:
    headers = [(b"content-type", kind.encode())]
    assert read(Caller(b'{"a"', b":", b"", b"1}"), headers) == {"a": 1}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"multipart/form-data; boundary=x")],
        [(b"content-type", b"application/jsonp")],
        [(b"content-type", b"text/plain; application/json")],
        [*JSON, (b"content-type", b"text/plain")],
        [*JSON, (b"content-encoding", b"gzip")],
    ],
)
def test_only_json_is_taken_and_nothing_else_is_read(headers: list[tuple[bytes, bytes]]) -> None:
    caller = Caller(b"{}")
    with pytest.raises(NotJson):
        read(caller, headers)
    assert caller.taken == 0


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert read(Caller(b"{}".ljust(LIMIT))) == {}
    with pytest.raises(TooLarge):
        read(Caller(b"{}".ljust(LIMIT + 1)))


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    caller = Caller(b"{}")
    with pytest.raises(TooLarge):
        read(caller, [*JSON, (b"content-length", b"101")])
    assert caller.taken == 0


def test_a_body_that_does_not_say_is_read_up_to_the_limit() -> None:
    caller = Caller(*[b" " * 30] * 1000)
    with pytest.raises(TooLarge):
        read(caller)
    assert caller.taken == 4


def test_a_caller_that_leaves_in_the_middle_is_noticed() -> None:
    with pytest.raises(ClientGone):
        read(Caller(b'{"a":', leaves=True))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b'{"code":"\xff","language":"python"}',
        b'{"code":"\\ud800","language":"python"}',
        b'{"code":"a\nb","language":"python"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"limits":' * 100_000,
        b"[]",
        b"null",
        b'"text"',
        b"NaN",
    ],
)
def test_what_is_not_json_of_the_right_shape_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(body, SubmitRequest)
    assert refused.value.status == 400
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "code"),
        ('{"code":"","language":"p","colour":1}', "colour"),
        ('{"code":1}', "code"),
        ('{"code":"","language":null}', "language"),
        ('{"code":"","language":"p","limits":[]}', "limits"),
        ('{"code":"","language":"p","limits":{"cpuTimeMs":true}}', "limits.cpuTimeMs"),
        ('{"code":"","language":"p","limits":{"cpuTimeMs":1.0}}', "limits.cpuTimeMs"),
        ('{"code":"","language":"p","limits":{"cpuTimeMs":"1"}}', "limits.cpuTimeMs"),
        ('{"code":"","language":"p","limits":{"cpu_time_ms":1}}', "limits.cpu_time_ms"),
        ('{"code":"","language":"p","args":["a",2]}', "args[1]"),
        ('{"code":"","language":"p","files":[{"name":"a"}]}', "files[0].content"),
        (
            '{"code":"","language":"p","files":[{"name":"a","content":"","encoding":"hex"}]}',
            "files[0].encoding",
        ),
        ('{"code":"","language":"p","a - at `$.limits`":1}', "a - at `$.limits`"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(body: str, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        decode(body.encode(), SubmitRequest)
    assert refused.value.field == field


LISTED = (
    ('"code":1', "code must be a string, not a whole number"),
    (
        '"priority":"fast"',
        "priority must be one of contest, interactive, default, bulk, not 'fast'",
    ),
    ('"priority":4', "priority must be one of contest, interactive, default, bulk, not a whole"),
    (
        '"files":[{"name":"a","content":"","encoding":"hex"}]',
        "files[0].encoding must be one of base64, utf-8, not 'hex'",
    ),
    (
        '"comparison":{"mode":"fuzzy"}',
        "comparison.mode must be one of exact, floats, lines, tokens",
    ),
    (
        '"tests":[{"limits":{"cpuTimeMs":"1"}}]',
        "tests[0].limits.cpuTimeMs must be a whole number or null, not a string",
    ),
    (
        '"limits":{"processes":1.5}',
        "limits.processes must be a whole number or null, not a number w",
    ),
    ('"limits":{"processes":1e999}', "limits.processes"),
    ('"interactive":"yes"', "interactive must be true or false, not a string"),
    ('"args":"a"', "args must be an array, not a string"),
    ('"stdIn":"1"', "did you mean stdin?"),
    (
        '"limits":{"cpuTime":1}',
        "limits.cpuTime is not known; known are cpuTimeMs, memoryBytes, outputBytes, processes, "
        "wallTimeMs; did you mean cpuTimeMs?",
    ),
)


@pytest.mark.parametrize(("fields", "said"), LISTED)
def test_what_is_wrong_with_a_field_is_told_with_what_it_may_be(fields: str, said: str) -> None:
    with pytest.raises(InvalidField) as refused:
        decode(f'{{"code":"","language":"p",{fields}}}'.encode(), SubmitRequest)
    assert said in refused.value.detail
    assert refused.value.field in refused.value.detail


def test_a_missing_field_and_a_body_of_another_kind_are_told_apart() -> None:
    with pytest.raises(InvalidField, match=r"^language is missing$"):
        decode(b'{"code":""}', SubmitRequest)
    with pytest.raises(InvalidRequest, match=r"^the body must be an object, not an array$"):
        decode(b"[]", SubmitRequest)


@pytest.mark.parametrize("body", [b"nope", b'{"code":}', b"[]", b"\xff", b"[" * 10_000])
def test_what_is_wrong_as_a_whole_is_called_what_it_is(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^the item ") as refused:
        decode(body, SubmitRequest, what="the item")
    assert "malformed" not in refused.value.detail


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), _nested))
@settings(max_examples=150, deadline=None)
def test_any_json_is_taken_or_refused_in_words(value: object) -> None:
    body = json.dumps({"code": "", "language": "p", "limits": value, "tests": value}).encode()
    try:
        decode(body, SubmitRequest)
    except InvalidRequest as refused:
        assert "`" not in refused.detail or "`" in body.decode()
        assert refused.field in refused.detail


def test_a_caller_s_words_come_back_but_not_megabytes_of_them() -> None:
    with pytest.raises(AssayError) as refused:
        decode(b'{"%s":1}' % (b"x" * 1_000_000), SubmitRequest)
    assert len(refused.value.detail) + len(refused.value.field) < 500
