"""The line in plain Python: what the Lua scripts should have made of the same calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.priority import Priority

CLASSES = list(Priority)
LOST_IS_OVER = 3


@dataclass
class Entry:
    """A submission."""

    id: str
    tenant: str
    priority: Priority
    order: int
    #: Whether it waits for its time; and whether that has come without anybody noticing yet.
    is_held_back: bool = False
    is_due: bool = False
    #: Whether it may time out, and whether it is late without anybody noticing yet.
    has_deadline: bool = False
    is_late: bool = False
    in_batch: bool = False
    state: str = "queued"
    verdict: str = ""
    lost: int = 0
    #: The number of the claim that holds it.
    holder: int = 0


@dataclass
class Model:
    """The whole line."""

    entries: dict[str, Entry] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)
    #: Classes that were passed over since they were last served; and those long enough ago.
    passed: set[Priority] = field(default_factory=set)
    aged: set[Priority] = field(default_factory=set)
    orders: int = 0
    claims: int = 0

    def submit(self, entry: Entry) -> None:
        self.orders += 1
        entry.order = self.orders
        self.entries[entry.id] = entry

    def notice(self) -> None:
        """What every claim and every sweep does first."""
        for entry in sorted(self.of_state("queued"), key=lambda it: it.order):
            if entry.is_held_back and entry.is_due:
                entry.is_held_back = False
                entry.order = self.orders
        for entry in self.of_state("queued"):
            if entry.is_late:
                entry.state, entry.verdict = "finished", "queue-timeout"

    def of_state(self, *states: str) -> list[Entry]:
        return [it for it in self.entries.values() if it.state in states]

    def running(self, tenant: str) -> int:
        return sum(it.tenant == tenant for it in self.of_state("preparing"))

    def eligible(self) -> list[Entry]:
        """What a free slot could begin."""
        return [
            it
            for it in self.of_state("queued")
            if not it.is_held_back
            and (not self.caps.get(it.tenant) or self.running(it.tenant) < self.caps[it.tenant])
        ]

    def next_class(self) -> Priority | None:
        """The class to be served; passed ones age only when the test says so."""
        there = [it for it in CLASSES if any(e.priority is it for e in self.eligible())]
        if not there:
            return None
        aged = [it for it in there[1:] if it in self.aged]
        return aged[0] if aged else there[0]

    def claim(self, entry: Entry) -> int:
        there = {it.priority for it in self.eligible()}
        self.passed.discard(entry.priority)
        self.aged.discard(entry.priority)
        first = min(there, key=CLASSES.index)
        self.passed |= there - {entry.priority, first}
        self.claims += 1
        entry.state, entry.holder = "preparing", self.claims
        entry.has_deadline = False
        return self.claims

    def back(self, entry: Entry) -> None:
        entry.state, entry.holder = "queued", 0

    def lose(self, entry: Entry) -> None:
        entry.lost += 1
        if entry.lost >= LOST_IS_OVER:
            entry.state, entry.verdict, entry.holder = "finished", "judge-error", 0
        else:
            self.back(entry)
