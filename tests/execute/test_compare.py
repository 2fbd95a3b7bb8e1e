"""The comparisons: what makes a difference in each mode, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.execute.judging.compare import comparer, difference
from shared.models import Comparison

tokens_equal = comparer(Comparison())

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


@pytest.mark.parametrize(
    ("comparison", "output", "expected", "equal"),
    [
        (Comparison(mode="exact"), b"a\n", b"a\n", True),
        (Comparison(mode="exact"), b"a", b"a\n", False),
        (Comparison(mode="exact", case_sensitive=False), b"A\n", b"a\n", True),
        (Comparison(mode="lines"), b"a b \r\nc\n\n", b"a b\nc", True),
        (Comparison(mode="lines"), b"a  b\n", b"a b\n", False),
        (Comparison(mode="lines"), b"a\n\nb\n", b"a\nb\n", False),
        (Comparison(mode="lines"), b" a\n", b"a\n", False),
        (Comparison(case_sensitive=False), b"YES no", b"yes NO", True),
        (Comparison(mode="floats"), b"0.1000000000001 x", b"1e-1 x", True),
        (Comparison(mode="floats"), b"3", b"3.0", True),
        (Comparison(mode="floats"), b"3.1", b"3", False),
        (Comparison(mode="floats"), b"3.0 4", b"3.0", False),
        (Comparison(mode="floats", absolute_tolerance=0.5), b"1000.4", b"1000", True),
        (Comparison(mode="floats", absolute_tolerance=0.5), b"1000.6", b"1000", False),
        (Comparison(mode="floats", relative_tolerance=0.01), b"1009", b"1000", True),
        (Comparison(mode="floats", relative_tolerance=0.01), b"0.001", b"0", False),
        (Comparison(mode="floats", relative_tolerance=1.0), b"1", b"1e999", False),
        (Comparison(mode="floats", absolute_tolerance=1e9), b"nan", b"1", False),
        (Comparison(mode="floats", absolute_tolerance=1e9), b"inf", b"1", False),
        (Comparison(mode="floats", absolute_tolerance=1e9), b"0x1", b"1", False),
        (Comparison(mode="floats", absolute_tolerance=1e9), b"1_0", b"1", False),
        (Comparison(mode="floats"), b"nan", b"nan", True),
    ],
)
def test_each_mode(comparison: Comparison, output: bytes, expected: bytes, equal: bool) -> None:
    assert comparer(comparison)(output, expected) is equal


@pytest.mark.parametrize(
    ("output", "expected", "found"),
    [
        (b"1\n2\n3\n", b"1\n2\n4\n", (3, "4", "3")),
        (b"1\n", b"1\n2\n", (2, "2", "")),
        (b"1 \n5", b"1\n2", (2, "2", "5")),
        (b"\xff", b"a", (1, "a", "\ufffd")),
        (b"x" * 1000, b"y", (1, "y", "x" * 200 + "…")),
        (b"a\nb", b"a b", (1, "a b", "a")),
    ],
)
def test_the_first_difference_is_a_line(
    output: bytes, expected: bytes, found: tuple[int, str, str]
) -> None:
    where = difference(output, expected, tokens_equal)
    assert where is not None
    assert (where.line, where.expected, where.got) == found
