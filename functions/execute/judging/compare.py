"""Comparison of what a program wrote with what was expected."""

from __future__ import annotations


def tokens_equal(output: bytes, expected: bytes) -> bool:
    """Whether both hold the same tokens: white space between them and at the ends is free.

    This is the default of the ICPC problem package format, case-sensitive.
    """
    return output.split() == expected.split()
