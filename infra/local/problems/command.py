"""The subcommands of `local_runner.py problem`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.local.api import Api
from infra.local.benches.served import service
from infra.local.client import local_url
from infra.local.failure import Failure
from infra.local.problems import table
from infra.local.problems.new import new
from infra.local.problems.sending import install, packages_in
from infra.local.problems.verify import Verifier, check_there, languages_of
from infra.local.state import read_runner, state_folder
from shared.problems.model import Package, PackageError
from shared.problems.reader import read_package
from shared.problems.timing import Derived
from shared.settings import Settings


def run(settings: Settings, args: argparse.Namespace) -> int:
    """One subcommand; the exit code.

    Raises:
        Failure: it could not be done (exit code 2).
    """
    if args.action == "new":
        print(f"{new(args.name, Path.cwd())} is there; next: problem verify {args.name}")
        return 0
    if args.action == "list":
        return _list(Api(args.url or local_url(settings)))
    if args.action == "import":
        return _import(Api(args.url or local_url(settings)), packages_in(args.places))
    return _verify(settings, packages_in(args.places), args.url)


def _list(api: Api) -> int:
    problems = api.json("GET", "/problems")["problems"]
    width = max((len(it["id"]) for it in problems), default=0)
    for it in problems:
        limit = f"{it['timeLimitMs'] / 1000:g} s" if it["timeLimitMs"] else "no time limit"
        facts = [", ".join(it["type"]), f"{it['tests']} tests", limit, it["difficulty"]]
        print(f"{it['id']:{width}}  {it['name']}  ({', '.join(filter(None, facts))})")
    if not problems:
        _tell("no problems are installed")
    return 0


def _import(api: Api, paths: Sequence[Path]) -> int:
    """Install each; the others, too, where one is refused."""
    refused = 0
    for path in paths:
        try:
            answer = install(api, path)
        except Failure as failure:
            refused += 1
            _tell(f"{path.name}: {failure}")
            continue
        problem = answer["problem"]
        print(f"{problem['id']}: {problem['name']} ({'new' if answer['created'] else 'replaced'})")
        for warning in answer["warnings"]:
            _tell(f"{problem['id']}: {warning}")
        if problem["timeLimitMs"] is None:
            _derive(api, path, problem["id"])
    return 1 if refused else 0


def _derive(api: Api, path: Path, problem_id: str) -> None:
    """Give an installed package that names no time limit the one that its submissions show."""
    try:
        found = Verifier(api).time_limit(read_package(path), path)
        if found.limit_ms is not None:
            install(api, path, problem_id, found.limit_ms)
    except (Failure, PackageError) as error:
        found = Derived(None, str(error))
    if found.limit_ms is None:
        _tell(f"{problem_id}: it has no time limit: {found.problem}")
        return
    print(f"{problem_id}: time limit {found.limit_ms / 1000:g} s (derived)")


def _verify(settings: Settings, paths: Sequence[Path], url: str | None) -> int:
    """Judge all examples: 0 if each does what its package says, 1 if one does not."""
    packages: list[tuple[Path, Package]] = []
    bad = 0
    for path in paths:
        try:
            package = read_package(path)
            check_there(package)
            packages.append((path, package))
        except (PackageError, Failure) as error:
            bad += 1
            print(f"{path.name}: refused: {error}")
    if packages:
        with _api(settings, url, [package for _, package in packages]) as api:
            verifier = Verifier(api)
            for path, package in packages:
                report = verifier.verify(package, path)
                bad += not report.is_good
                print("\n".join(table.lines(report)), flush=True)
    return 1 if bad else 0


@contextmanager
def _api(settings: Settings, url: str | None, packages: Sequence[Package]) -> Iterator[Api]:
    """The service that was named, or runs here; else one for the moment."""
    if url or read_runner(state_folder(settings)):
        yield Api(url or local_url(settings))
        return
    _tell("no Assay is running here; one is started to verify with")
    with service(languages=",".join(languages_of(packages))) as own:
        yield Api(own.url, is_own=True)


def _tell(text: str) -> None:
    print(f"Assay: {text}", file=sys.stderr, flush=True)
