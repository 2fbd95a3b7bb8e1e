"""What became of a batch, counted while its results come, and as a table at the end."""

from __future__ import annotations

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from infra.local import terminal

GOOD = ("accepted", "completed")
REFUSED = "refused"


class Tally:
    """How often each verdict was given, and what it took."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self._cpu_ms: dict[str, list[float]] = defaultdict(list)
        self._memory: dict[str, int] = defaultdict(int)

    def add(self, line: Mapping[str, Any]) -> str:
        """One more line; gives its verdict."""
        word = verdict_of(line)
        result = line.get("result") or {}
        self.verdicts[word] += 1
        if result.get("cpuTimeMs") is not None:
            self._cpu_ms[word].append(result["cpuTimeMs"])
        if result.get("peakMemoryBytes") is not None:
            self._memory[word] = max(self._memory[word], result["peakMemoryBytes"])
        return word

    @property
    def count(self) -> int:
        """Lines so far."""
        return self.verdicts.total()

    @property
    def is_good(self) -> bool:
        """Whether there is no other verdict than accepted and completed."""
        return not set(self.verdicts) - set(GOOD)

    def progress(self) -> str:
        """The verdicts so far, the most frequent first."""
        return ", ".join(f"{count} {word}" for word, count in self.verdicts.most_common(4))

    def table(self, sink: TextIO = sys.stdout) -> Iterator[str]:
        """A line for each verdict, the most frequent first."""
        width = max([len(word) for word in self.verdicts], default=0)
        width = max(width, len("verdict"))
        yield f"{'verdict':{width}}  programs      %  cpu ms (median, most)  memory (most)"
        for word, count in self.verdicts.most_common():
            share = 100 * count / self.count
            painted = terminal.verdict(word, sink=sink) + " " * (width - len(word))
            yield f"{painted}  {count:>8}  {share:>5.1f}  {self._figures(word)}".rstrip()

    def _figures(self, word: str) -> str:
        cpu_ms = self._cpu_ms[word]
        if not cpu_ms:
            return ""
        times = f"{statistics.median(cpu_ms):.1f}, {max(cpu_ms):.1f}"
        memory = f"{self._memory[word] / 2**20:.1f} MiB" if self._memory[word] else ""
        return f"{times:>21}  {memory:>13}"


def verdict_of(line: Mapping[str, Any]) -> str:
    """The verdict of a line; a word of ours where there is none."""
    if line.get("error"):
        return REFUSED
    result = line.get("result")
    if not result:
        return "not kept"
    return str(result.get("verdict") or result["status"])
