"""The default comparison: the same tokens, whatever white space is between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.execute.judging.compare import tokens_equal

SPACES = st.text(" \t\r\n\v\f", min_size=1, max_size=4).map(str.encode)
TOKENS = st.lists(st.text("ab0.-€", min_size=1, max_size=4).map(str.encode), max_size=8)


@given(tokens=TOKENS, data=st.data())
def test_white_space_makes_no_difference(tokens: list[bytes], data: st.DataObject) -> None:
    def written() -> bytes:
        gaps = [data.draw(SPACES) for _ in tokens]
        ends = data.draw(SPACES | st.just(b""))
        return ends + b"".join(t + gap for t, gap in zip(tokens, gaps, strict=True)) + ends

    assert tokens_equal(written(), written())


@given(left=TOKENS, right=TOKENS)
def test_other_tokens_are_another_answer(left: list[bytes], right: list[bytes]) -> None:
    assert tokens_equal(b" ".join(left), b"\n".join(right)) == (left == right)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"Yes", b"yes"),
        (b"1.0", b"1"),
        (b"12", b"1 2"),
        (b"a\0b", b"a b"),
        (b"a\xc2\xa0b", b"a b"),  # a space that is none to the format
        (b"", b"0"),
        (b"1 2", b"2 1"),
        (b"1 1", b"1"),
    ],
)
def test_these_are_not_the_same(output: bytes, expected: bytes) -> None:
    assert not tokens_equal(output, expected)


def test_bytes_that_are_no_text_are_compared_all_the_same() -> None:
    assert tokens_equal(b"\xff\xfe \x00\n", b"\xff\xfe\t\x00")
    assert not tokens_equal(b"\xff", b"\xfe")


def test_nothing_is_the_same_as_white_space() -> None:
    assert tokens_equal(b"", b" \n")
