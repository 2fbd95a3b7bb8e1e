"""How the command line is read and how it helps: one shape of help, and of mistakes.

Help says what a command does, what it takes, its examples and its exit codes. A command lists
only the settings that matter to it; it takes all of them. A mistake is told in one sentence, with
what was probably meant and where to read on.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any, Final, NoReturn

from shared.settings import Settings, SettingsError, env_names, parse

PROGRAM: Final = "local_runner.py"
#: What every command may end with; a command says what 1 means for it.
EXIT_CODES: Final = """exit codes:
  0    done
  1    {one}
  2    it could not be asked: wrong usage, a wrong setting, a file, nobody there
  130  interrupted by Ctrl-C"""
_USUAL_ONE: Final = "it cannot be done as things are here; the sentence says why"


class Parser(argparse.ArgumentParser):
    """One command. Settings are taken by all, and shown where they matter."""

    def __init__(
        self,
        *,
        prog: str = PROGRAM,
        usage: str = "",
        description: str = "",
        examples: Sequence[str] = (),
        one: str = "",
    ) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} {usage}".rstrip(),
            description=description,
            epilog=_epilog(prog, examples, one),
            formatter_class=_Formatter,
            allow_abbrev=False,  # else --tenant of a command is taken for half a setting
            add_help=False,
        )
        self.set_defaults(parser=self)
        self.add_argument("-h", "--help", action="help", help="show this and end")

    def add_settings(self, *shown: str) -> None:
        """Take all of them; only those in `shown` are in the help. None: all are."""
        rest = f"The others are taken, too: {PROGRAM} --help lists them." if shown else ""
        group = self.add_argument_group("settings", rest)
        for spec in fields(Settings):
            _add_setting(group, spec, hidden=bool(shown) and spec.name not in shown)

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and where help is; the exit code is 2."""
        hint = self._hint(message)
        usage = self.format_usage().replace("usage:", "Usage:", 1).rstrip()
        message = re.sub(r"^argument (-\S+): (?=must )", r"\1 ", message)
        sentence = message[:1].upper() + message[1:]
        sys.stderr.write(f"Assay: {sentence.removesuffix('.')}.{hint}\n")
        sys.stderr.write(f"{usage}\n{self.prog} --help says more.\n")
        sys.exit(2)

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Tell of arguments that nobody knows."""
        self.error(f"unrecognized arguments: {' '.join(unknown)}")

    def _hint(self, message: str) -> str:
        """What was probably meant by a flag or a word that is unknown."""
        if flag := re.search(r"unrecognized arguments: (--[\w-]+)", message):
            known = [it for action in self._actions for it in action.option_strings]
            near = difflib.get_close_matches(flag[1], known, 1)
        elif word := re.search(r"invalid choice: '?([\w-]+)'? \(choose from (.*)\)", message):
            near = difflib.get_close_matches(word[1], re.findall(r"[\w-]+", word[2]), 1)
        else:
            near = []
        return f" Did you mean {near[0]}?" if near else ""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """As wide as it is pleasant, with room for the longest flags."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=96)


def _epilog(name: str, examples: Sequence[str], one: str) -> str:
    parts = []
    if examples:
        parts.append("examples:\n" + "\n".join(f"  {name} {it}".rstrip() for it in examples))
    parts.append(EXIT_CODES.format(one=one or _USUAL_ONE))
    return "\n\n".join(parts)


def _add_setting(
    group: argparse._ArgumentGroup,  # argparse has no public name for it
    spec: Field[Any],
    *,
    hidden: bool,
) -> None:
    names = " or ".join(env_names(spec))
    shown = f"default {spec.default}, " if spec.default != "" else ""
    flag = f"--{spec.name.replace('_', '-')}"

    def convert(text: str) -> int | str:
        try:
            return parse(spec, text, source=flag)
        except SettingsError as error:
            # argparse names the flag itself
            said = str(error).removeprefix(f"{flag} ")
            raise argparse.ArgumentTypeError(said) from None

    told = f"{spec.metadata['help']} ({shown}environment {names})".replace("%", "%%")
    group.add_argument(
        flag,
        dest=spec.name,
        metavar=_metavar(spec),
        type=convert,
        default=argparse.SUPPRESS,  # what is not given comes from the environment
        help=argparse.SUPPRESS if hidden else told,
    )


def _metavar(spec: Field[Any]) -> str:
    if spec.metadata["choices"]:
        return "|".join(spec.metadata["choices"])
    return "N" if isinstance(spec.default, int) else spec.name.rpartition("_")[2].upper()
