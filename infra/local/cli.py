"""The commands of `local_runner.py`; what they take is in infra/local/arguments.py.

A command is a plain function of settings and arguments; what needs installed packages is
imported in it, after `environment.ensure` has made them available.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Final

from infra.local import environment
from infra.local.arguments import PASSED_ON, read
from infra.local.failure import Failure
from infra.local.state import ROOT
from shared.settings import Settings, SettingsError, probably_meant

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
    if argv and argv[0] in PASSED_ON:
        if not {"-h", "--help"} & set(argv):
            return _passed_on(argv)
        argv = [argv[0], "--help"]  # which is told before anything is installed for it
    args = read(argv)
    if args.command in PASSED_ON:
        raise Failure(f"Settings do not apply to {args.command}: put it first.", 2)
    settings = settings_of(args)
    for sentence in probably_meant():
        print(f"Assay: {sentence}", file=sys.stderr)
    environment.ensure(ROOT, dev=False)
    return _COMMANDS[args.command](settings, args)


def _passed_on(argv: Sequence[str]) -> int:
    environment.ensure(ROOT, dev=True)
    _ensure_page()
    return _TOOLS[argv[0]](argv[1:])


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
        as_json=args.json,
    )


def _batch(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local.batch import command

    return command.run(settings, args)


def _account(settings: Settings, args: argparse.Namespace) -> int:
    from infra.local import accounts

    return accounts.main(settings, args)


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
    "batch": _batch,
    "account": _account,
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
