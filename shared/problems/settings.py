"""Settings of test data: `testdata.yaml` (legacy), `test_group.yaml` and `<case>.yaml` (2025-09).

A folder inherits from the one around it, key by key. What comes out are the settings that
apply to the tests in it, and how its own group is scored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from shared.problems.fields import Fields
from shared.problems.model import Grader, Scoring
from shared.problems.tree import Tree
from shared.problems.yamls import load_yaml

_VERDICT_FLAGS = ("worst_error", "first_error", "always_accept")
_SCORE_FLAGS = ("sum", "avg", "min", "max")
_RANGE = re.compile(r"(\S+)\s+(\S+)")


@dataclass(frozen=True)
class CaseSettings:
    """What applies to a test."""

    args: tuple[str, ...] = ()
    output_validator_args: tuple[str, ...] = ()
    input_validator_args: dict[str, tuple[str, ...]] = field(default_factory=dict)
    full_feedback: bool = False
    accept_score: float = 1.0
    reject_score: float = 0.0
    hint: str = ""
    description: str = ""


@dataclass(frozen=True)
class LegacySettings:
    """What applies to a folder of a legacy package."""

    case: CaseSettings = field(default_factory=CaseSettings)
    grader: Grader = field(default_factory=Grader)
    stop_at_reject: bool = True
    score_range: tuple[float, float] | None = None


def load(tree: Tree, path: str, constants: Mapping[str, str]) -> Fields:
    """The keys of a settings file; none if it is not there."""
    content = tree.read(path) if path in tree else b""
    return Fields(load_yaml(substitute(content, constants), path), path)


def substitute(content: bytes, constants: Mapping[str, str]) -> bytes:
    """Replace `{{name}}` by the constant of that name; an unknown name stays as it is."""
    if not constants or b"{{" not in content:
        return content
    return _CONSTANT.sub(
        lambda found: (
            constants[name].encode() if (name := found[1].decode()) in constants else found[0]
        ),
        content,
    )


_CONSTANT = re.compile(rb"\{\{([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_]+)?)\}\}")


def legacy_settings(keys: Fields, above: LegacySettings, flags: tuple[str, ...]) -> LegacySettings:
    """Settings of a folder; `flags` are the package's `validator_flags`."""
    case = above.case
    if "output_validator_flags" in keys:
        own = _flags(keys.raw("output_validator_flags"))
        case = replace(case, output_validator_args=flags + own)
    if "input_validator_flags" in keys:
        value = keys.raw("input_validator_flags")
        named = value if isinstance(value, dict) and "flags" not in value else {"": value}
        case = replace(case, input_validator_args={str(n): _flags(f) for n, f in named.items()})
    case = replace(
        case,
        accept_score=_signed(keys, "accept_score", case.accept_score),
        reject_score=_signed(keys, "reject_score", case.reject_score),
    )
    return LegacySettings(
        case,
        _grader(keys, above.grader),
        _stops(keys, above.stop_at_reject),
        _range(keys, above.score_range),
    )


def _flags(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a text, or {name, flags}
    if isinstance(value, dict):
        value = value.get("flags")
    if isinstance(value, list):
        return tuple(map(str, value))
    return tuple(str(value).split()) if value is not None else ()


def _signed(keys: Fields, key: str, default: float) -> float:
    return keys.number(key, default, least=-1e308)


def _stops(keys: Fields, above: bool) -> bool:
    """`on_reject`; `grade` and `first_error` are the words of an older time."""
    words = ("break", "continue", "first_error", "worst_error", "grade")
    word = keys.choice("on_reject", words, "break" if above else "continue")
    return word in ("break", "first_error")


def _range(keys: Fields, above: tuple[float, float] | None) -> tuple[float, float] | None:
    if "range" not in keys:
        return above
    text = keys.text("range")
    found = _RANGE.fullmatch(text.strip())
    try:
        low, high = (float(found[1]), float(found[2])) if found else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    if not low <= high:
        raise keys.error("range", f"must be two numbers, the lower one first, not {text[:40]!r}")
    return low, high


def _grader(keys: Fields, above: Grader) -> Grader:
    custom = keys.choice("grading", ("default", "custom"), "custom" if above.custom else "default")
    if "grader_flags" not in keys:
        if (custom == "custom") == above.custom:
            return above
        return Grader(custom=custom == "custom")
    flags = _flags(keys.raw("grader_flags"))
    if custom == "custom":
        return Grader(custom=True, flags=flags)
    verdict: Any = "worst_error"
    score: Any = "sum"
    others = set()
    for flag in flags:
        if flag in _VERDICT_FLAGS:
            verdict = flag
        elif flag in _SCORE_FLAGS:
            score = flag
        elif flag in ("ignore_sample", "accept_if_any_accepted"):
            others.add(flag)
        else:
            raise keys.error("grader_flags", f"the default grader has no flag {flag[:40]!r}")
    return Grader(
        verdict=verdict,
        score=score,
        ignore_sample="ignore_sample" in others,
        accept_if_any_accepted="accept_if_any_accepted" in others,
        flags=flags,
    )


def modern_case_settings(keys: Fields, above: CaseSettings) -> CaseSettings:
    """Settings of a test, or of all tests of a group."""
    args, output = keys.words("args"), keys.words("output_validator_args")
    case = replace(
        above,
        args=above.args if args is None else args,
        output_validator_args=above.output_validator_args if output is None else output,
        full_feedback=keys.flag("full_feedback", above.full_feedback),
        hint=keys.text("hint"),
        description=keys.text("description"),
    )
    keys.ignore("input_visualizer_args", "output_visualizer_args")
    if "input_validator_args" not in keys:
        return case
    value = keys.raw("input_validator_args")
    named = value if isinstance(value, dict) else {"": value}
    return replace(case, input_validator_args={str(n): _flags(f) for n, f in named.items()})


def modern_scoring(keys: Fields, group: str) -> Scoring:
    """How a group of 2025-09 is scored."""
    secret = group == "secret"
    kind = keys.choice(
        "score_aggregation", ("pass-fail", "sum", "min"), "sum" if secret else "pass-fail"
    )
    aggregation: Literal["pass-fail", "sum", "min"] = kind  # type: ignore[assignment]
    return Scoring(
        max_score=_max_score(keys, 100 if secret else None),
        aggregation=aggregation,
        require_pass=keys.words("require_pass") or (),
        static_validation_score=_static_score(keys),
        static_validator_args=keys.words("static_validator_args") or (),
        static_validation_of_draft=keys.raw("static_validation") not in (None, False),
    )


def _max_score(keys: Fields, default: int | None) -> int | None:
    if "max_score" not in keys:
        return default
    if keys.raw("max_score") == "unbounded":
        return None
    return keys.whole("max_score", 0, least=0)


def _static_score(keys: Fields) -> int | Literal["pass-fail"] | None:
    if "static_validation_score" not in keys:
        return None
    if keys.raw("static_validation_score") == "pass-fail":
        return "pass-fail"
    return keys.whole("static_validation_score", 0, least=0)
