"""How many streams and sockets a process holds open: in all, and for one tenant."""

from __future__ import annotations

from collections import Counter

from shared.errors import Overloaded, TooMany

_RETRY_AFTER_S = 5


class Seats:
    """Counted, never waited for: who finds none is told when to come back."""

    def __init__(self, most: int, most_of_a_tenant: int) -> None:
        self._most = most
        self._most_of_a_tenant = most_of_a_tenant
        self._taken: Counter[str] = Counter()
        #: Seats taken now.
        self.taken = 0

    def take(self, tenant: str, own_most: int = 0) -> None:
        """One more for a tenant, which may have a limit of its own.

        Raises:
            Overloaded: the process has no more.
            TooMany: this tenant has all it may have.
        """
        if self.taken >= self._most:
            raise Overloaded("too many streams are open", retry_after_s=_RETRY_AFTER_S)
        most = own_most or self._most_of_a_tenant
        if self._taken[tenant] >= most:
            why = f"{most} streams of yours are open, which is the limit"
            raise TooMany(why, retry_after_s=_RETRY_AFTER_S)
        self._taken[tenant] += 1
        self.taken += 1

    def give(self, tenant: str) -> None:
        """The opposite of `take`."""
        self.taken -= 1
        self._taken[tenant] -= 1
        if not self._taken[tenant]:
            del self._taken[tenant]
