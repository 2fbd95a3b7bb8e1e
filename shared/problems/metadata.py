"""`problem.yaml` in both of its forms, DOMjudge's `.ini` and `.timelimit`, and `assay.yaml`.

What is wrong is refused with file, key and reason; what is unknown is a warning. A limit
that this service cannot honour is refused, too: limits of a package are hard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from shared.limits import KIB, LIMITS, MIB
from shared.problems.fields import Fields
from shared.problems.model import Extension, Format, PackageError, PackageLimits, TimeLimit
from shared.problems.programs import language_named
from shared.problems.tree import DOT_TIMELIMIT, Tree
from shared.problems.yamls import load_yaml

PROBLEM_YAML = "problem.yaml"
ASSAY_YAML = "assay.yaml"
_DOMJUDGE_INI = "domjudge-problem.ini"
#: With `validation: custom multi-pass` and no number.
_DEFAULT_PASSES = 2
_MOST_PASSES = 100
_LONGEST_VALIDATION_S = 600
_CONSTANT = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
#: `limits:` of both forms; the third column is the format's default.
_LIMITS = (
    ("memory", MIB, 2048),
    ("output", MIB, 8),
    ("code", KIB, 128),
    ("compilation_time", 1000, 60),
    ("compilation_memory", MIB, 2048),
    ("validation_time", 1000, 60),
    ("validation_memory", MIB, 2048),
    ("validation_output", MIB, 8),
)


@dataclass
class Metadata:
    """What `problem.yaml` and its companions say, as keywords of a `Package`."""

    format: Format
    names: dict[str, str] = field(default_factory=dict)
    scoring: bool = False
    interactive: bool = False
    multi_pass: bool = False
    #: legacy `validation: custom`: then there must be a validator.
    custom: bool = False
    gives_score: bool = False
    #: legacy `validator_flags`.
    validator_flags: tuple[str, ...] = ()
    #: legacy: the deprecated `grading` keys of problem.yaml, as of the root `testdata.yaml`.
    grading: dict[str, Any] = field(default_factory=dict)
    time_limit: TimeLimit = field(default_factory=TimeLimit)
    limits: PackageLimits | None = None
    #: Everything else, ready to be passed on.
    plain: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_metadata(tree: Tree) -> Metadata:
    """Everything of the package's root that is not test data, text or program."""
    if PROBLEM_YAML not in tree and _DOMJUDGE_INI not in tree:
        raise PackageError(PROBLEM_YAML, "", "is missing")
    values = load_yaml(tree.read(PROBLEM_YAML), PROBLEM_YAML) if PROBLEM_YAML in tree else {}
    keys = Fields(values, PROBLEM_YAML)
    format = _format(keys)
    meta = _legacy(keys, format) if format.is_legacy else _modern(keys, format)
    meta.plain |= {"extension": _extension(tree, meta.warnings)}
    _domjudge(tree, meta)
    _check_limits(meta)
    meta.warnings += keys.unknown()
    return meta


def _format(keys: Fields) -> Format:
    version = keys.text("problem_format_version", "legacy").strip()
    if version in ("2023-07-draft", "2023-07"):
        return Format.V2023_07
    try:
        return Format(version)
    except ValueError:
        known = "legacy, legacy-icpc, 2023-07 and 2025-09"
        raise keys.error(
            "problem_format_version", f"{version[:40]!r} is not read here; {known} are"
        ) from None


def _legacy(keys: Fields, format: Format) -> Metadata:
    meta = Metadata(format)
    kind = keys.choice("type", ("pass-fail", "scoring"), "pass-fail")
    meta.scoring = kind == "scoring"
    if meta.scoring and format is Format.LEGACY_ICPC:
        raise keys.error("type", "legacy-icpc has no scoring")
    meta.names = _names(keys)
    _validation(keys, meta)
    meta.validator_flags = keys.words("validator_flags", split=True) or ()
    grading = keys.inner("grading")
    minimise = grading.choice("objective", ("max", "min"), "max") == "min"
    meta.plain = {
        "languages": _languages(keys),
        "minimise": minimise,
        "show_groups": grading.flag("show_test_data_groups", not meta.scoring) or not meta.scoring,
        "keywords": keys.words("keywords", split=True) or (),
        "authors": tuple(it for it in re.split(r",|\band\b", keys.text("author")) if it.strip()),
        "source": keys.text("source"),
        "source_url": keys.text("source_url"),
        "uuid": keys.text("uuid"),
        "license": keys.text("license"),
        "rights_owner": keys.text("rights_owner"),
    }
    meta.plain["authors"] = tuple(name.strip() for name in meta.plain["authors"])
    old = ("accept_score", "reject_score", "range", "on_reject", "custom_scoring")
    meta.grading = {key: grading.raw(key) for key in old if key in grading}
    meta.gives_score |= bool(meta.grading.pop("custom_scoring", False))
    limits = keys.inner("limits")
    meta.time_limit = TimeLimit(
        explicit_ms=_time_ms(limits, "time_limit"),
        source=PROBLEM_YAML if "time_limit" in limits else "",
        accepted_factor=limits.number("time_multiplier", 5, above=True),
        too_slow_factor=limits.number("time_safety_margin", 2, least=1),
    )
    _limits(limits, meta)
    keys.ignore("problem_format_version", "libraries", "color", "version")
    meta.warnings += grading.unknown() + limits.unknown()
    return meta


def _validation(keys: Fields, meta: Metadata) -> None:
    """`default`, or `custom` with what it can do; one text or a list."""
    words = [word for each in keys.words("validation") or () for word in each.split()]
    known = {"default", "custom", "interactive", "score", "multi-pass"}
    for word in words:
        if word not in known:
            raise keys.error("validation", f"{word[:40]!r} is not known")
    meta.custom = "custom" in words
    if not meta.custom and len(words) > 1:
        raise keys.error("validation", "only a custom validator can do more than compare")
    meta.interactive = "interactive" in words
    meta.multi_pass = "multi-pass" in words
    meta.gives_score = "score" in words


def _modern(keys: Fields, format: Format) -> Metadata:
    meta = Metadata(format)
    kinds = {word for each in keys.words("type") or ("pass-fail",) for word in each.split()}
    known = {"pass-fail", "scoring", "interactive", "multi-pass"}
    if "submit-answer" in kinds:
        raise keys.error("type", "submit-answer is not supported: only programs are judged here")
    if wrong := sorted(kinds - known):
        raise keys.error("type", f"{wrong[0][:40]!r} is not known")
    if {"pass-fail", "scoring"} <= kinds:
        raise keys.error("type", "pass-fail and scoring exclude each other")
    meta.scoring, meta.interactive = "scoring" in kinds, "interactive" in kinds
    meta.multi_pass = "multi-pass" in kinds
    meta.gives_score = meta.scoring
    meta.names = _names(keys)
    if format is Format.V2023_07:  # drafts had legacy's keys
        _validation(keys, meta) if "validation" in keys else None
        meta.validator_flags = keys.words("validator_flags", split=True) or ()
    meta.plain = {
        "languages": _languages(keys),
        "allow_file_writing": keys.flag("allow_file_writing"),
        "constants": _constants(keys),
        "keywords": keys.words("keywords", split=True) or (),
        "authors": _authors(keys, meta),
        "uuid": keys.text("uuid"),
        "version": keys.text("version"),
        "license": keys.text("license"),
        "rights_owner": keys.text("rights_owner"),
        "embargo_until": keys.text("embargo_until"),
    } | _source(keys.raw("source"))
    if not meta.plain["uuid"]:
        meta.warnings.append(f"{PROBLEM_YAML}: uuid: is missing")
    limits = keys.inner("limits")
    factors = limits.inner("time_multipliers")
    meta.time_limit = TimeLimit(
        explicit_ms=_time_ms(limits, "time_limit"),
        source=PROBLEM_YAML if "time_limit" in limits else "",
        accepted_factor=factors.number("ac_to_time_limit", 2, least=1),
        too_slow_factor=factors.number("time_limit_to_tle", 1.5, least=1),
        resolution_ms=_time_ms(limits, "time_resolution") or 1000,
    )
    _limits(limits, meta)
    keys.ignore("problem_format_version")
    meta.warnings += factors.unknown() + limits.unknown()
    return meta


def _names(keys: Fields) -> dict[str, str]:
    name = keys.raw("name")
    if isinstance(name, dict):
        return {str(language): str(each) for language, each in name.items() if each is not None}
    return {"en": keys.text("name").strip()} if keys.text("name").strip() else {}


def _languages(keys: Fields) -> tuple[str, ...] | None:
    asked = keys.words("languages", split=True)
    if asked is None or asked == ("all",):
        return None
    ours = tuple(sorted({name for each in asked if (name := language_named(each))}))
    if not ours:
        raise keys.error("languages", f"none of {', '.join(asked)[:100]} is offered here")
    # A C++ is a C++: the format does not say which standard.
    return tuple(sorted({*ours, "cpp17"})) if "cpp20" in ours else ours


def _constants(keys: Fields) -> dict[str, str]:
    constants: dict[str, str] = {}
    inner = keys.inner("constants")
    for name in inner.keys():  # noqa: SIM118 - not a mapping
        if not _CONSTANT.fullmatch(name):
            raise inner.error(name, "is no name for a constant")
        value = inner.raw(name)
        variants = value if isinstance(value, dict) else {"value": value}
        for variant, text in variants.items():
            if isinstance(text, list | dict) or text is None:
                raise inner.error(name, "must be a number or a text")
            constants[name if variant == "value" else f"{name}.{variant}"] = str(text)
    return constants


def _authors(keys: Fields, meta: Metadata) -> tuple[str, ...]:
    """Names only: of `credits`, or of the drafts' `author`."""
    value = keys.raw("credits")
    if not isinstance(value, dict):
        value = {"authors": value or keys.raw("author")}
    people = value.get("authors")
    people = people if isinstance(people, list) else [people]
    names = [each.get("name") if isinstance(each, dict) else each for each in people]
    keys.ignore("author")
    return tuple(str(name).partition("<")[0].strip() for name in names if name)


def _source(value: Any) -> dict[str, str]:  # noqa: ANN401 - a text, a mapping or a list of these
    entries = value if isinstance(value, list) else [value]
    pairs = [each if isinstance(each, dict) else {"name": each} for each in entries if each]
    return {
        "source": ", ".join(str(each["name"]) for each in pairs if each.get("name")),
        "source_url": next((str(each["url"]) for each in pairs if each.get("url")), ""),
    }


def _time_ms(keys: Fields, key: str) -> int | None:
    """Seconds as milliseconds; at least one, since none would be no limit."""
    seconds = keys.number(key, 0, above=True) if key in keys else None
    return None if seconds is None else max(1, round(seconds * 1000))


def _limits(keys: Fields, meta: Metadata) -> None:
    values = {}
    for key, unit, default in _LIMITS:
        name = f"{key}_ms" if key.endswith("_time") else f"{key}_bytes"
        values[name] = round(keys.number(key, default, above=True) * unit)
    passes = keys.whole("validation_passes", _DEFAULT_PASSES, least=1)
    if passes > _MOST_PASSES:
        raise keys.error("validation_passes", f"{passes} passes; {_MOST_PASSES} are allowed")
    meta.limits = PackageLimits(**values, passes=passes if meta.multi_pass else 1)


def _check_limits(meta: Metadata) -> None:
    """Refuse what cannot be honoured here."""
    assert meta.limits is not None
    most = {
        "memory": (meta.limits.memory_bytes, LIMITS["memoryBytes"].most),
        "output": (meta.limits.output_bytes, LIMITS["outputBytes"].most),
        "validation_memory": (meta.limits.validation_memory_bytes, LIMITS["memoryBytes"].most),
        "validation_time": (meta.limits.validation_time_ms, _LONGEST_VALIDATION_S * 1000),
    }
    for key, (value, limit) in most.items():
        if value > limit:
            unit, name = (1000, "s") if key.endswith("time") else (MIB, "MiB")
            reason = f"{value // unit} {name} cannot be given here; {limit // unit} {name} can"
            raise PackageError(PROBLEM_YAML, f"limits.{key}", reason)
    time_ms = meta.time_limit.explicit_ms
    if time_ms is not None and time_ms > (longest := LIMITS["cpuTimeMs"].most):
        reason = f"{time_ms / 1000:g} s cannot be given here; {longest // 1000} s can"
        raise PackageError(meta.time_limit.source, "time limit", reason)


def _domjudge(tree: Tree, meta: Metadata) -> None:
    """Name and time limit of DOMjudge, where problem.yaml does not say them."""
    values: dict[str, str] = {}
    if _DOMJUDGE_INI in tree:
        for line in tree.text(_DOMJUDGE_INI).splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.lstrip().startswith((";", "#", "[")):
                values[key.strip().lower()] = value.strip().strip("'\"")
    if values.get("name") and not meta.names:
        meta.names = {"en": values["name"]}
    limits = [(_DOMJUDGE_INI, values["timelimit"])] if values.get("timelimit") else []
    if DOT_TIMELIMIT in tree:
        limits.append((DOT_TIMELIMIT, tree.text(DOT_TIMELIMIT).strip()))
    if meta.time_limit.explicit_ms is None and limits:
        file, text = limits[0]
        keys = Fields({"timelimit": text}, file)
        old = meta.time_limit
        meta.time_limit = TimeLimit(
            explicit_ms=_time_ms(keys, "timelimit"),
            source=file,
            accepted_factor=old.accepted_factor,
            too_slow_factor=old.too_slow_factor,
            resolution_ms=old.resolution_ms,
        )
    if values.get("special_run") or values.get("special_compare"):
        meta.warnings.append(f"{_DOMJUDGE_INI}: executables of DOMjudge's own are not used")


def _extension(tree: Tree, warnings: list[str]) -> Extension:
    if ASSAY_YAML not in tree:
        return Extension()
    keys = Fields(load_yaml(tree.read(ASSAY_YAML), ASSAY_YAML), ASSAY_YAML)
    difficulty = keys.choice("difficulty", ("", "easy", "medium", "hard"), "")
    tags = keys.words("tags") or ()
    function = keys.raw("function")
    if function is not None and not isinstance(function, dict):
        raise keys.error("function", "must be a mapping of keys to values")
    warnings += keys.unknown()
    return Extension(difficulty=difficulty, tags=tags, function=function)  # type: ignore[arg-type]
