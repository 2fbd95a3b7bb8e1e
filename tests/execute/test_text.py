"""Output on its way to JSON: no byte is lost, and no character is ever cut."""

from __future__ import annotations

import base64
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.execute.text import Encoded, LiveText, encode_output

BINARY = st.binary(max_size=200)
#: Every length of a character in UTF-8 comes often.
TEXT = st.text(st.sampled_from("a\0\né߿ࠀ€￿𐀀🙂"), max_size=60)


def decoded(encoded: Encoded) -> bytes:
    text, encoding = encoded
    json.dumps(text).encode()  # no lone surrogate: it can be said in JSON
    return base64.b64decode(text) if encoding == "base64" else text.encode()


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(data=BINARY)
def test_a_whole_output_comes_back_byte_by_byte(data: bytes) -> None:
    assert decoded(encode_output(data)) == data
    assert encode_output(data)[1] == ("utf-8" if is_text(data) else "base64")


@given(text=TEXT)
def test_what_is_text_is_said_as_text(text: str) -> None:
    assert encode_output(text.encode()) == (text, "utf-8")


@given(text=TEXT, cut=st.integers(0, 240))
def test_a_cut_output_loses_at_most_the_character_that_was_cut(text: str, cut: int) -> None:
    data = text.encode()[:cut]
    said, encoding = encode_output(data, cut=True)
    assert encoding == "utf-8"
    assert text.startswith(said)
    assert 0 <= len(data) - len(said.encode()) <= 3


@given(data=BINARY)
def test_a_cut_output_that_is_no_text_loses_nothing_but_its_end(data: bytes) -> None:
    back = decoded(encode_output(data, cut=True))
    assert data.startswith(back)
    assert len(data) - len(back) <= 3


def test_the_beginning_of_a_character_is_left_out_only_where_it_was_cut() -> None:
    beginning = "x🙂".encode()[:-1]
    assert encode_output(beginning, cut=True) == ("x", "utf-8")
    assert encode_output(beginning) == (base64.b64encode(beginning).decode(), "base64")


@given(text=TEXT, cuts=st.lists(st.integers(0, 240)))
def test_live_text_never_cuts_a_character_and_is_whole_in_the_end(
    text: str, cuts: list[int]
) -> None:
    live, data = LiveText(), text.encode()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [live.piece(data[a:b]) for a, b in itertools.pairwise(places)]
    assert all(encoding == "utf-8" for _, encoding in pieces)
    assert "".join(said for said, _ in pieces) == text
    assert live.rest() is None


@given(pieces=st.lists(BINARY))
def test_live_pieces_and_the_rest_are_every_byte_in_order(pieces: list[bytes]) -> None:
    live = LiveText()
    said = [live.piece(data) for data in pieces]
    rest = live.rest()
    back = b"".join(decoded(piece) for piece in [*said, *([rest] if rest else [])])
    assert back == b"".join(pieces)


@given(pieces=st.lists(BINARY))
def test_after_the_first_byte_that_is_no_text_all_is_base64(pieces: list[bytes]) -> None:
    live = LiveText()
    encodings = [live.piece(data)[1] for data in pieces]
    assert encodings == sorted(encodings, reverse=True)


@pytest.mark.parametrize("data", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xff"])
def test_what_only_looks_like_utf_8_is_base64(data: bytes) -> None:
    assert encode_output(data)[1] == "base64"
    assert encode_output(data + b"x", cut=True)[1] == "base64"
    assert LiveText().piece(data)[1] == "base64"
