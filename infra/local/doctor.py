"""`doctor`: what this machine gives, in words, without starting anything that stays."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator

from functions.execute import discovery, toolchains
from functions.execute.engine import advice, probe
from infra.local import external, summary, terminal
from infra.local.failure import Failure
from infra.local.state import read_runner, state_folder
from infra.local.valkey import binary
from shared.languages import known
from shared.settings import Settings


def main(settings: Settings) -> int:
    """Print the facts; 0 if Assay can serve here, 1 if not."""
    # The probe forks and unshares, so it goes first, while there is one thread only.
    facts = probe.facts()
    with terminal.shown("Assay: trying the languages ..."):
        found = discovery.discover()
    for name, value in _lines(settings, facts, found):
        print(_wrapped(name, value))
    for sentence in advice.towards_full(facts):
        print(_wrapped("", f"- {sentence}"))
    lacks = list(_lacks(facts, found))
    for sentence in lacks:
        print(terminal.bad(sentence, sink=sys.stdout))
    if not lacks:
        print(terminal.good("Assay can serve here.", sink=sys.stdout))
    return min(len(lacks), 1)


def _wrapped(name: str, value: str) -> str:
    """A line; at a terminal it is broken between words, below where it begins."""
    line = f"  {name:<13}{value}"
    if not sys.stdout.isatty():
        return line  # whoever searches finds it in one
    width = max(60, min(shutil.get_terminal_size().columns, 100))
    return textwrap.fill(line, width, subsequent_indent=" " * 15, break_on_hyphens=False)


def _lines(
    settings: Settings, facts: probe.Facts, found: list[toolchains.Toolchain]
) -> Iterator[tuple[str, str]]:
    system = platform.uname()
    yield "system", f"{system.system} {system.release}, {system.machine}"
    yield "slots", f"{settings.slot_count} programs at the same time (--slots)"
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "store", _store(settings)
    yield "state", _state(settings)
    yield "isolation", facts.level
    rest = {name: value for name, value in facts.document().items() if name != "level"}
    yield "", ", ".join(f"{summary.words(it)} {summary.word(rest[it])}" for it in rest)
    best = {toolchain.language.name: toolchain for toolchain in reversed(found)}
    yield "languages", summary.languages([best[name].facts() for name in sorted(best)])
    if away := sorted(set(known()) - set(best)):
        yield "not here", ", ".join(away)
        yield "", f"`doctor --install {away[0]}` says how to bring one of them"


def _store(settings: Settings) -> str:
    try:
        if settings.redis_url:
            name, warnings = external.check(settings.redis_url)
            return ". ".join([name, *warnings])
        said = subprocess.run(
            [binary(), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
        # `Valkey server v=9.1.2 sha=00000000:0 malloc=libc bits=64 build=...`
        version = said.stdout.partition("v=")[2].split()[0]
        return f"embedded Valkey {version}"
    except Failure as failure:
        return str(failure)
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        return f"the embedded Valkey does not run here ({error}): set REDIS_URL"


def _state(settings: Settings) -> str:
    folder = state_folder(settings)
    url = read_runner(folder).get("url")
    return f"{folder}, in use by the Assay on {url}" if url else str(folder)


def _lacks(facts: probe.Facts, found: list[toolchains.Toolchain]) -> Iterator[str]:
    if facts.level == "none":
        yield (
            "Programs cannot be isolated here: allow unprivileged user namespaces, "
            "or start as root."
        )
    if not found:
        yield "No language was found."
