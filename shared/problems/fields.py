"""Reading the keys of a mapping from YAML: each by its type, the unknown ones told at the end.

A key whose value is null counts as missing: templates are full of these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from shared.problems.model import PackageError


class Fields:
    """The keys of one mapping in one file. Each method takes a key, once."""

    def __init__(self, values: Mapping[str, Any], file: str, prefix: str = "") -> None:
        self._values = {key: value for key, value in values.items() if value is not None}
        self._unread = set(values)
        self.file = file
        self._prefix = prefix

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str, reason: str) -> PackageError:
        """What is wrong with a key, to be raised."""
        return PackageError(self.file, f"{self._prefix}{key}", reason)

    def raw(self, key: str) -> Any:  # noqa: ANN401 - whatever YAML gave
        """The value as it is; None if it is missing."""
        self._unread.discard(key)
        return self._values.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text; a number or a date is taken as it was probably written."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, list | dict):
            raise self.error(key, "must be a text")
        return _text(value)

    def number(self, key: str, default: float, *, least: float = 0.0, above: bool = False) -> float:
        """A number that is at least `least`, or `above` it."""
        value = self.raw(key)
        if value is None:
            return float(default)
        number = _number(value)
        if number is None:
            raise self.error(key, f"must be a number, not {_shown(value)}")
        if number < least or (above and number == least):
            raise self.error(key, f"must be {'more than' if above else 'at least'} {least:g}")
        return number

    def whole(self, key: str, default: int, *, least: int = 1) -> int:
        """A whole number."""
        number = self.number(key, default, least=least)
        if number != int(number):
            raise self.error(key, f"must be a whole number, not {number:g}")
        return int(number)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {_shown(value)}")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of several words."""
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, f"must be one of {', '.join(choices)}, not {_shown(value)}")
        return value

    def words(self, key: str, *, split: bool = False) -> tuple[str, ...] | None:
        """A list of texts; one text alone is a list of one, or is `split` at spaces."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, list | dict):
            return tuple(_text(value).split()) if split else (_text(value),)
        if isinstance(value, dict) or any(isinstance(each, list | dict) for each in value):
            raise self.error(key, "must be a list of texts")
        return tuple(_text(each) for each in value)

    def inner(self, key: str) -> Fields:
        """A mapping within this one; an empty one if it is missing."""
        value = self.raw(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.error(key, "must be a mapping of keys to values")
        inner = {str(name): each for name, each in value.items()}
        return Fields(inner, self.file, f"{self._prefix}{key}.")

    def keys(self) -> list[str]:
        """The keys that have a value, in the file's order."""
        return list(self._values)

    def ignore(self, *keys: str) -> None:
        """Keys that are known, and of no use here."""
        self._unread.difference_update(keys)

    def unknown(self) -> list[str]:
        """A warning for each key that nobody asked for."""
        return [
            f"{self.file}: {self._prefix}{key}: this key is not known; it is ignored"
            for key in sorted(self._unread)
        ]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(value: object) -> float | None:
    """A finite number, also one that YAML takes for a text, as 1e-6."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shown(value: object) -> str:
    return repr(value)[:60]
