"""`doctor --install LANG...`: the command that brings toolchains. It is printed, never run."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence

from functions.execute import discovery
from infra.local.failure import Failure
from shared.languages import Language, find, known

#: How packages are installed, by the ID of /etc/os-release. Language files name packages
#: by the same ID; what is like one of these is taken for it.
_COMMANDS = {"debian": "apt-get install -y --no-install-recommends"}


def main(names: Sequence[str]) -> int:
    """Print what brings these languages; 0 if that is all of them.

    Raises:
        Failure: one of the names is no language.
    """
    missing = []
    for language in map(_language, names):
        versions = [it.version for it in discovery.discover({language.name: language})]
        if versions:
            print(f"{language.title} is here already: {versions[0]}.")
        else:
            missing.append(language)
    if not missing:
        return 0
    system = _system()
    packages = [package for it in missing for package in it.install.get(system, "").split()]
    if packages:
        print("This brings what is missing; Assay offers it after its next start:")
        print(f"  {_command(system, packages)}")
    return min(_tell_rest(missing, system), 1)


def _language(name: str) -> Language:
    language = find(name)
    if language is None:
        raise Failure(f"{name!r} is no language; there are {', '.join(sorted(known()))}.")
    return language


def _system() -> str:
    """The kind of distribution this is; empty if it is none we know packages of."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    kinds = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((kind for kind in kinds if kind in _COMMANDS), "")


def _command(system: str, packages: Sequence[str]) -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}{_COMMANDS[system]} {shlex.join(dict.fromkeys(packages))}"


def _tell_rest(missing: Sequence[Language], system: str) -> int:
    rest = [language for language in missing if not language.install.get(system)]
    for language in rest:
        print(
            f"No package of this system is known to bring {language.title}: install it in any "
            f"other way, so that {_binary(language)} is found on PATH."
        )
    return len(rest)


def _binary(language: Language) -> str:
    named = language.locate or language.binary
    first = named if isinstance(named, str) else named[0]
    return "node" if first == "{node}" else first
