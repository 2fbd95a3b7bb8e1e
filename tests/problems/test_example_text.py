"""The text of an example submission: UTF-8, or as old packages have it."""

from __future__ import annotations

from functions.problems.examples import source_text


def test_a_source_in_latin_1_is_judged_as_well() -> None:
    assert source_text("// Zoë".encode()) == "// Zoë"
    assert source_text("// René".encode("latin-1")) == "// René"
