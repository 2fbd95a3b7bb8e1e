"""Program output on its way to JSON: text where it is UTF-8, base64 where not."""

from __future__ import annotations

import base64
import codecs
from typing import Literal

Encoded = tuple[str, Literal["utf-8", "base64"]]


def encode_output(data: bytes, *, cut: bool = False) -> Encoded:
    """A whole output; when it was cut inside a character, that one is left out."""
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError as error:
        # At most 3 bytes at the very end, and only because the limit came between.
        if cut and error.end == len(data) and error.reason == "unexpected end of data":
            return data[: error.start].decode(), "utf-8"
        return base64.b64encode(data).decode(), "base64"


class LiveText:
    """One output in pieces: a character is never cut between two of them."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._binary = False

    def piece(self, data: bytes) -> Encoded:
        """The next piece. From the first byte that is no UTF-8, pieces are base64."""
        if not self._binary:
            held = self._decoder.getstate()[0]
            try:
                return self._decoder.decode(data), "utf-8"
            except UnicodeDecodeError:
                self._binary = True
                data = held + data
        return base64.b64encode(data).decode(), "base64"

    def rest(self) -> Encoded | None:
        """What the pieces held back: the beginning of a character whose end never came."""
        held = b"" if self._binary else self._decoder.getstate()[0]
        return (base64.b64encode(held).decode(), "base64") if held else None
