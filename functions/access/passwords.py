"""Passwords: how they are checked, hashed and compared, never on the event loop.

argon2id with the least memory that OWASP asks for (19 MiB, two passes, one lane), two at a
time: a class that signs in at once waits, and does not use up the memory. Whoever compares
waits for his turn first and does within it all that belongs to it, so what he counts for that
is counted while he is compared and not while he waits. A hash carries its parameters, so they
can be changed without invalidating what is stored.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import InvalidField, Overloaded

#: Whether a password is the one of which this is stored. Where nothing is stored it costs as
#: much, and is not.
Matches = Callable[[str, str], Awaitable[bool]]

LEAST, MOST = 10, 256
_AT_ONCE = 2
#: More are sent away: a lecture hall may sign in at once, a flood may not.
_MOST_WAITING = 300
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_password(password: str, *, name: str) -> str:
    """A password that may be set.

    Raises:
        InvalidField: it may not.
    """
    if not LEAST <= len(password) <= MOST:
        raise InvalidField(f"a password has {LEAST} to {MOST} characters", field="password")
    if name.lower() in password.lower() and len(password) < len(name) + LEAST:
        why = "the name and little more is no password"
        raise InvalidField(why, field="password")
    if len(set(password)) < 4:
        raise InvalidField("a password has at least 4 different characters", field="password")
    return password


class Passwords:
    """For one event loop."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is stored of it. Raises as `turn`."""
        async with self.turn():
            return await asyncio.to_thread(lambda: _HASHER.hash(_bytes(password)))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Matches]:
        """Wait until there is room; gives what compares, within it.

        Raises:
            Overloaded: too many wait for theirs.
        """
        if self._waiting >= _MOST_WAITING:
            raise Overloaded("too many sign in at this moment", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._room:
                yield _compare
        finally:
            self._waiting -= 1


async def _compare(stored: str, password: str) -> bool:
    return await asyncio.to_thread(_matches, stored, password)


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode()


def _matches(stored: str, password: str) -> bool:
    try:
        fits = _HASHER.verify(stored or _decoy(), _bytes(password[:MOST]))
    except (VerificationError, InvalidHashError):
        return False
    return fits and bool(stored) and len(password) <= MOST


@cache
def _decoy() -> str:
    """The hash of a password that nobody has."""
    return _HASHER.hash(secrets.token_bytes(32))
