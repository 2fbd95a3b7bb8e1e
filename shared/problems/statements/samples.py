"""Samples as HTML: appended to a statement, or put where it asks for them."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.problems.statements.slots import Slots

#: Of one text of a sample the page shows so many characters; all of it can be fetched.
MAX_SHOWN = 16 * 1024


@dataclass(frozen=True)
class Sample:
    """One sample as a contestant sees it: input and output, or an interaction."""

    input: str = ""
    output: str = ""
    #: Lines that begin with "<" (the judge says) or ">" (the program says); "---" parts passes.
    interaction: str | None = None
    description: str = ""


class Samples:
    """Gives samples out in their order, each one once."""

    def __init__(
        self, samples: Sequence[Sample], slots: Slots, warn: Callable[[str], None]
    ) -> None:
        self._samples = samples
        self._slots = slots
        self._warn = warn
        self._next = 0

    def one(self) -> str:
        """The mark of the next sample."""
        if self._next == len(self._samples):
            self._warn("the statement asks for more samples than there are")
            return ""
        self._next += 1
        shown = sample_html(self._next, self._samples[self._next - 1])
        return self._slots.put(shown, block=True)

    def rest(self) -> str:
        """The mark of all samples that were not given out."""
        return self._slots.put(self.rest_html(), block=True)

    def rest_html(self) -> str:
        """The same, as HTML."""
        first = self._next
        self._next = len(self._samples)
        shown = enumerate(self._samples[first:], first + 1)
        return "".join(sample_html(number, sample) for number, sample in shown)


def sample_html(number: int, sample: Sample) -> str:
    """One sample; its texts stand in `pre`, from which a page may copy them unchanged."""
    parts = [f'<section class="sample"><h3>Sample {number}</h3>']
    if sample.interaction is not None:
        parts.append(_interaction(sample.interaction))
    else:
        parts.append(_pre("Input", "sample-input", sample.input))
        parts.append(_pre("Output", "sample-output", sample.output))
    if sample.description:
        parts.append(f"<p>{html.escape(sample.description[:MAX_SHOWN])}</p>")
    return "".join([*parts, "</section>"])


def _pre(title: str, name: str, text: str) -> str:
    # A parser drops the first line break in `pre`: with one of ours the text keeps its own.
    text, left = text[:MAX_SHOWN], len(text) - MAX_SHOWN
    more = f"<p>… and {left} more characters</p>" if left > 0 else ""
    return f'<h4>{title}</h4><pre class="{name}">\n{html.escape(text)}</pre>{more}'


def _interaction(text: str) -> str:
    lines = []
    for line in text[:MAX_SHOWN].splitlines():
        kind = {"<": "reads", ">": "writes"}.get(line[:1], "pass")
        shown = line if kind == "pass" else line[1:].removeprefix(" ")
        lines.append(f'<span class="{kind}">{html.escape(shown)}</span>\n')
    return (
        "<h4>Interaction</h4>"
        '<p class="legend">Your program <span class="reads">reads</span> and'
        ' <span class="writes">writes</span>:</p>'
        f'<pre class="sample-interaction">\n{"".join(lines)}</pre>'
    )
