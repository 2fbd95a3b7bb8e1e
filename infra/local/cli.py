"""The command line of `local_runner.py`: settings as flags, and the subcommands.

Flags are made from the fields of `shared.settings.Settings`. A command is a plain
function of settings and arguments; what needs installed packages is imported in it,
after `environment.ensure` has made them available.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, fields, replace
from typing import Any, Final

from infra.local import environment
from infra.local.failure import Failure
from infra.local.key_flags import add_command as add_key
from infra.local.state import ROOT
from shared.settings import Settings, SettingsError, env_names, parse

#: These take their arguments as they are: the tool behind them knows what they mean.
_PASSED_ON: Final = ("test", "check", "bench")

_CHECKS: Final = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code. A `Failure` becomes its sentence on stderr."""
    try:
        return _main(argv)
    except Failure as failure:
        print(f"Assay: {failure}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return 130


def _main(argv: Sequence[str]) -> int:
    if argv and argv[0] in _PASSED_ON:
        environment.ensure(ROOT, dev=True)
        _ensure_page()
        return _TOOLS[argv[0]](argv[1:])
    args = parser().parse_args(argv)
    if args.command in _PASSED_ON:
        raise Failure(f"Settings do not apply to {args.command}: put it first.", 2)
    settings = settings_of(args)
    environment.ensure(ROOT, dev=False)
    return _COMMANDS[args.command](settings, args)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    flags = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = flags.add_argument_group("settings")
    for spec in fields(Settings):
        _add_flag(group, spec)
    top = argparse.ArgumentParser(
        prog="local_runner.py",
        usage="local_runner.py [settings] [command] ...",
        description="Assay on one machine. Without a command it serves until Ctrl-C.",
        parents=[flags],
        allow_abbrev=False,  # else --tenant of a command is taken for half a setting
    )
    top.set_defaults(command="serve")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for name, text in (
        ("test", "run the tests; arguments go to pytest"),
        ("check", "run ruff and mypy"),
        ("bench", "measure latency, throughput and CPU per submission"),
    ):
        commands.add_parser(name, help=text).set_defaults(command=name)
    _add_submit(commands.add_parser("submit", help="judge a file and wait", parents=[flags]))
    text = "print a line for each finished submission"
    commands.add_parser("watch", help=text, parents=[flags]).set_defaults(command="watch")
    _add_problem(commands.add_parser("problem", help="look after problems"), flags)
    text = "make, list and revoke API keys"
    add_key(commands.add_parser("key", help=text, parents=[flags], allow_abbrev=False))
    for name, text in (
        ("backup", "write all that is stored into one file, also while it runs"),
        ("restore", "put back what a backup has, into an empty store"),
    ):
        command = commands.add_parser(name, help=text, parents=[flags], allow_abbrev=False)
        command.set_defaults(command=name)
        command.add_argument("file", metavar="FILE")
        command.add_argument("--force", action="store_true", help="replace what is there")
    text = "bring the store of an older version up to date"
    commands.add_parser("migrate", help=text, parents=[flags]).set_defaults(command="migrate")
    doctor = commands.add_parser("doctor", help="say what this machine gives", parents=[flags])
    doctor.set_defaults(command="doctor")
    doctor.add_argument(
        "--install",
        nargs="+",
        metavar="LANG",
        help="print the command that installs these languages; nothing is run",
    )
    return top


def _add_submit(command: argparse.ArgumentParser) -> None:
    command.usage = "local_runner.py submit FILE [options] [settings]"
    command.description = (
        "Exit code: 0 accepted or completed, 1 any other verdict, 2 it could not be judged."
    )
    command.set_defaults(command="submit")
    command.add_argument("file", metavar="FILE", help="the program; - reads it from stdin")
    command.add_argument("--language", help="its language; guessed from the file's name")
    command.add_argument("--stdin", metavar="F", help="a file with its input")
    command.add_argument("--problem", metavar="P", help="the problem it is for")
    command.add_argument("--url", metavar="U", help="where Assay serves; found by itself if local")


def _add_problem(command: argparse.ArgumentParser, flags: argparse.ArgumentParser) -> None:
    command.set_defaults(command="problem")
    actions = command.add_subparsers(title="actions", metavar="ACTION", dest="action")
    actions.required = True
    for name, text in (
        ("import", "install packages: folders, zips, or folders of them"),
        ("verify", "judge every example submission of packages; exit code 1 if one surprises"),
    ):
        action = actions.add_parser(name, help=text, parents=[flags])
        action.add_argument("places", metavar="DIR|ZIP", nargs="+")
        action.add_argument("--url", metavar="U", help="where Assay serves")
    listing = actions.add_parser("list", help="the installed problems", parents=[flags])
    listing.add_argument("--url", metavar="U", help="where Assay serves")
    template = actions.add_parser("new", help="a template that verifies", parents=[flags])
    template.add_argument("name", metavar="NAME", help="lower-case letters and digits")


def _add_flag(group: argparse._ArgumentGroup, spec: Field[Any]) -> None:
    names = " or ".join(env_names(spec))
    shown = f"default {spec.default}, " if spec.default != "" else ""

    def convert(text: str) -> int | str:
        try:
            return parse(spec, text, source=spec.name)
        except SettingsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    group.add_argument(
        f"--{spec.name.replace('_', '-')}",
        dest=spec.name,
        metavar=_metavar(spec),
        type=convert,
        help=f"{spec.metadata['help']} ({shown}environment {names})".replace("%", "%%"),
    )


def _metavar(spec: Field[Any]) -> str:
    if spec.metadata["choices"]:
        return "|".join(spec.metadata["choices"])
    return "N" if isinstance(spec.default, int) else spec.name.rpartition("_")[2].upper()


def settings_of(args: argparse.Namespace) -> Settings:
    """Environment first, flags over it.

    Raises:
        Failure: a variable of the environment has a value that cannot be honoured.
    """
    given = {spec.name: getattr(args, spec.name) for spec in fields(Settings) if spec.name in args}
    try:
        return replace(Settings.from_env(), **given)
    except SettingsError as error:
        raise Failure(f"{error}.", 2) from None


def _serve(settings: Settings, _args: argparse.Namespace) -> int:
    from infra.local.supervisor import Supervisor

    _ensure_page()
    return Supervisor(settings).run()


def _ensure_page() -> None:
    from infra.local import assets

    try:
        assets.ensure()
    except Failure as failure:  # the API is there all the same
        print(f"Assay: {failure}", file=sys.stderr)


def _submit(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local import client

    return client.submit(
        settings,
        file=args.file,
        language=args.language,
        stdin_file=args.stdin,
        problem=args.problem,
        url=args.url,
    )


def _problem(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local.problems import command

    return command.run(settings, args)


def _watch(settings: Settings, _args: argparse.Namespace) -> int:
    from infra.local import console

    return console.watch(settings)


def _key(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local import keyring

    return keyring.main(settings, args)


def _migrate(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local import migrate

    return migrate.main(settings, args)


def _backup(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local.backup import making

    return making.backup(settings, args)


def _restore(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local.backup import restoring

    return restoring.restore(settings, args)


def _doctor(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local import doctor, install

    if args.install:
        return install.main(args.install)
    return doctor.main(settings)


def _test(argv: Sequence[str]) -> int:
    from infra.local import suite

    return suite.run(argv)


def _check(_argv: Sequence[str]) -> int:
    failed = 0
    for command in _CHECKS:
        print("$", *command, flush=True)
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
        failed += done.returncode != 0
    return min(failed, 1)


def _bench(argv: Sequence[str]) -> int:
    from infra.local import bench

    return bench.main(argv)


_COMMANDS: Final[dict[str, Callable[[Settings, argparse.Namespace], int]]] = {
    "serve": _serve,
    "submit": _submit,
    "problem": _problem,
    "watch": _watch,
    "key": _key,
    "doctor": _doctor,
    "migrate": _migrate,
    "backup": _backup,
    "restore": _restore,
}
_TOOLS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "test": _test,
    "check": _check,
    "bench": _bench,
}
