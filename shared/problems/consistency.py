"""Whether a package that was read makes sense as a whole; what it cannot mean is refused."""

from __future__ import annotations

from msgspec import structs

from shared.languages import find
from shared.problems.default_validator import FlagsError, parse_flags
from shared.problems.model import Group, Package, PackageError, Scoring
from shared.problems.programs import language_named


def check(package: Package) -> Package:
    """The package, with warnings added.

    Raises:
        PackageError: it cannot be judged as it is.
    """
    if not any(not case.sample for case in package.cases):
        raise PackageError("data/secret", "", "holds no test")
    _check_validation(package)
    _check_include(package)
    warnings = [*package.warnings, *_group_warnings(package)]
    if not package.statements:
        warnings.append("there is no statement")
    if not any(example.directory == "accepted" for example in package.examples):
        warnings.append("submissions/accepted: there is no accepted submission")
        if package.time_limit.explicit_ms is None:
            warnings.append("there is no time limit, and nothing to derive it from")
    if package.static_validator is not None:
        warnings.append("static_validator: no group asks for it; it is never run")
    if package.format.is_legacy and package.format == "legacy-icpc":
        for what, there in (("include", package.include), ("graders", package.grader)):
            if there:
                raise PackageError(what, "", "does not exist in legacy-icpc")
    return structs.replace(package, warnings=tuple(dict.fromkeys(warnings)))


#: What is compiled of several files that one may be a driver of.
_WITH_DRIVERS = {"c", "cpp17", "cpp20", "java"}


def _check_include(package: Package) -> None:
    """A driver that would stand where the program itself does can only be linked with it."""
    for name, files in package.include.items():
        language = find(language_named(name) or "")
        if language and language.name not in _WITH_DRIVERS and language.file in files:
            reason = "drivers are known in C, C++ and Java only: here it is the program's own place"
            raise PackageError(f"include/{name}/{language.file}", "", reason)


def _check_validation(package: Package) -> None:
    if not package.validation.is_default:
        if len(package.validation.validators) > 1 and (package.interactive or package.multi_pass):
            reason = "an interactive or multi-pass problem has exactly one validator"
            raise PackageError("output_validators", "", reason)
        return
    for kind, there in (("interactive", package.interactive), ("multi-pass", package.multi_pass)):
        if there:
            raise PackageError("problem.yaml", "type", f"{kind} needs a validator of its own")
    checked: set[tuple[str, ...]] = set()
    for case in package.cases:
        if case.output_validator_args in checked:
            continue
        checked.add(case.output_validator_args)
        try:
            parse_flags(case.output_validator_args)
        except FlagsError as error:
            raise PackageError(f"data/{case.name}.in", "output validator", str(error)) from None


def _group_warnings(package: Package) -> list[str]:
    groups = {group.name: group for group in package.groups}
    warnings: list[str] = []
    for group in package.groups:
        if group.grader is not None and group.grader.custom and package.grader is None:
            raise PackageError(f"data/{group.name}", "grading", "is custom, but there is no grader")
        if group.scoring is not None and group.name:
            _check_scoring(package, group, group.scoring, groups, warnings)
    return warnings


def _check_static(file: str, scoring: Scoring) -> None:
    """Nobody would look at the source: a package that counts on that is refused."""
    for key, asked in (
        ("static_validation_score", scoring.static_validation_score is not None),
        ("static_validator_args", bool(scoring.static_validator_args)),
        ("static_validation", scoring.static_validation_of_draft),
    ):
        if asked:
            raise PackageError(file, key, "static validators are not run here")


def _check_scoring(
    package: Package,
    group: Group,
    scoring: Scoring,
    groups: dict[str, Group],
    warnings: list[str],
) -> None:
    """The rules of 2025-09 for scored groups."""
    file = f"data/{group.name}/test_group.yaml"
    _check_static(file, scoring)
    for name in scoring.require_pass:
        if name not in groups:
            raise PackageError(file, "require_pass", f"there is no group {name[:80]!r}")
        if name >= group.name:
            raise PackageError(file, "require_pass", f"{name} does not come before {group.name}")
        other = groups[name].scoring
        if other and other.aggregation != "pass-fail":
            raise PackageError(file, "require_pass", f"{name} is not pass-fail")
    if not package.scoring:
        return
    secret = groups["secret"].scoring
    inner = group.name.startswith("secret/")
    bounded = secret is not None and secret.max_score is not None
    if inner and scoring.max_score is None and (bounded or scoring.aggregation == "pass-fail"):
        raise PackageError(file, "max_score", "must be given, as the whole has a maximum")
    if group.name == "secret" and scoring.max_score is not None:
        inside = [groups[name].scoring for name in group.children if name in groups]
        total = sum(it.max_score or 0 for it in inside if it)
        if scoring.aggregation == "sum" and inside and total != scoring.max_score:
            warnings.append(
                f"{file}: max_score is {scoring.max_score}, but the groups have {total} together"
            )
