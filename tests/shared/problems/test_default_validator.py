"""The default validator: each flag by example, all of them against a naive model."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.problems.default_validator import Flags, FlagsError, parse_flags, validate

STRICT = Flags(case_sensitive=True, space_change_sensitive=True)
NEAR = Flags(relative_tolerance=1e-6, absolute_tolerance=1e-6)


@pytest.mark.parametrize(
    ("output", "answer", "flags", "accepted"),
    [
        (b"1  2\n", b"1 2", Flags(), True),
        (b"", b" \n", Flags(), True),
        (b"Yes", b"YES", Flags(), True),
        (b"Yes", b"YES", Flags(case_sensitive=True), False),
        (b"\xc3\xa9", b"\xc3\x89", Flags(), False),  # bytes, not Unicode
        (b"a\x1cb", b"a b", Flags(), False),  # a separator of Unicode is no white space
        (b"1 2\r\n", b"1 2\n", Flags(), True),
        (b"1 2\r\n", b"1 2\n", STRICT, False),
        (b"1 2\n", b"1 2\n", STRICT, True),
        (b"1 2", b"1 2\n", STRICT, False),
        (b" 1 2\n", b"1 2\n", STRICT, False),
        (b"yes 1\n", b"YES 1\n", Flags(space_change_sensitive=True), True),
        (b"1 2 3", b"1 2", Flags(), False),
        (b"1", b"1 2", Flags(), False),
        (b"1.0", b"1", Flags(), False),
        (b"1.0000001", b"1", NEAR, True),
        (b"1.00001", b"1", NEAR, False),
        (b"1000000.5", b"1000000", NEAR, True),
        (b"1000000.5", b"1000000", Flags(absolute_tolerance=0.1), False),
        (b"0.0000001", b"0", Flags(relative_tolerance=0.1), False),
        (b"1.", b"1", NEAR, True),
        (b".5e1", b"+5", NEAR, True),
        (b"0x1", b"1", NEAR, False),
        (b"1_0", b"10", NEAR, False),
        (b"nan", b"1", NEAR, False),
        (b"NaN", b"nan", NEAR, True),  # no number in the answer: text
        (b"inf", b"1e999", NEAR, False),
        (b"1e999", b"2e999", NEAR, True),
        (b"-1e999", b"1e999", NEAR, False),
        (b"x 1.0000001", b"X 1", NEAR, True),
        (b"x  1.0000001", b"x 1", Flags(True, True, 1e-6, None), False),
        (b"x 1.0000001", b"x 1", Flags(True, True, 1e-6, None), True),
        (bytes(range(256)), bytes(range(256)), STRICT, True),
    ],
)
def test_each_flag(output: bytes, answer: bytes, flags: Flags, accepted: bool) -> None:
    judged = validate(output, answer, flags)
    assert judged.accepted is accepted
    assert bool(judged.message) is not accepted


@pytest.mark.parametrize(
    ("args", "flags"),
    [
        ([], Flags()),
        (["case_sensitive", "space_change_sensitive"], STRICT),
        (["float_tolerance", "1e-6"], NEAR),
        (["float_absolute_tolerance", "1e-4"], Flags(absolute_tolerance=1e-4)),
        (["float_relative_tolerance", ".5", "case_sensitive"], Flags(True, False, 0.5, None)),
    ],
)
def test_flags_are_read_from_arguments(args: list[str], flags: Flags) -> None:
    assert parse_flags(args) == flags


@pytest.mark.parametrize(
    "args",
    [
        ["float"],
        ["float_tolerance"],
        ["float_tolerance", "x"],
        ["float_tolerance", "-1"],
        ["float_tolerance", "1e999"],
        ["float_tolerance", "nan"],
        ["1e-6"],
    ],
)
def test_flags_that_are_none_are_refused(args: list[str]) -> None:
    with pytest.raises(FlagsError, match=re.escape(args[0])):
        parse_flags(args)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (b"1 2\n3 5", "token 4 (line 2 of the answer): expected '4', got '5'"),
        (b"1 2\n3", "token 4 (line 2 of the answer): expected '4', but the output ends"),
        (b"1 2 3 4 \xff", "the answer is complete, but the output goes on: '\\xff'"),
        (b"1 2 3 " + b"9" * 100, f"got '{'9' * 60}'… (100 bytes)"),
    ],
)
def test_the_message_names_the_first_difference(output: bytes, message: str) -> None:
    assert message in validate(output, b"1 2\n3 4\n", Flags()).message


# A naive model: characters one by one, and exact fractions instead of doubles.


def naive_pieces(text: bytes, keep_spaces: bool) -> list[bytes]:
    pieces: list[bytes] = []
    before: bool | None = None
    for number in text:
        space = number in (0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D)
        if space == before:
            pieces[-1] += bytes([number])
        else:
            pieces.append(bytes([number]))
        before = space
    return [it for it in pieces if keep_spaces or it[0] not in b" \t\n\v\f\r"]


def naive_number(token: bytes) -> Fraction | None:
    try:
        text = token.decode("ascii")
        return Fraction(text if text[-1:] != "." else text + "0") if "/" not in text else None
    except ValueError:
        return None


def naive(output: bytes, answer: bytes, flags: Flags) -> bool:
    got = naive_pieces(output, flags.space_change_sensitive)
    wanted = naive_pieces(answer, flags.space_change_sensitive)
    return len(got) == len(wanted) and all(map(naive_token(flags), got, wanted))


def naive_token(flags: Flags) -> Callable[[bytes, bytes], bool]:
    def right(got: bytes, wanted: bytes) -> bool:
        value = naive_number(wanted)
        if flags.compares_numbers and value is not None:
            said = naive_number(got)
            if said is None:
                return False
            off = abs(said - value)
            by_value = flags.absolute_tolerance is not None and off <= flags.absolute_tolerance
            relative = flags.relative_tolerance
            return by_value or (relative is not None and off <= Fraction(relative) * abs(value))
        if flags.case_sensitive:
            return got == wanted
        upper = bytes(it - 32 if 97 <= it <= 122 else it for it in got)
        return upper == bytes(it - 32 if 97 <= it <= 122 else it for it in wanted)

    return right


# Numbers that doubles hold exactly, so that both sides do the same arithmetic.
_TOKENS = st.sampled_from([b"a", b"A", b"\xc9", b"1", b"1.5", b"1.25", b"+1", b"-1", b"1.", b"3e0"])
_SPACES = st.sampled_from([b" ", b"\n", b"  ", b"\r\n", b"\t", b"\x0b", b"\x0c"])
_TEXTS = st.lists(st.one_of(_TOKENS, _SPACES), max_size=6).map(b"".join)
_FLAGS = st.builds(
    Flags,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 0.0, 0.25, 0.5]),
    st.sampled_from([None, 0.0, 0.25, 0.5]),
)


@settings(max_examples=400, deadline=None)
@given(_TEXTS, _TEXTS, _FLAGS)
def test_it_agrees_with_a_naive_model(output: bytes, answer: bytes, flags: Flags) -> None:
    assert validate(output, answer, flags).accepted is naive(output, answer, flags)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40), _FLAGS)
def test_it_takes_any_bytes(output: bytes, answer: bytes, flags: Flags) -> None:
    assert validate(answer, answer, flags).accepted
    judged = validate(output, answer, flags)
    assert judged.accepted is not bool(judged.message)
    assert judged.message.isprintable()
