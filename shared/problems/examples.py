"""Example submissions, and what must become of each.

Who says it, in this order: `submissions.yaml` (2025-09), the folder a submission lies in,
and for other folders DOMjudge's `@EXPECTED_RESULTS@` in the source. `@EXPECTED_SCORE@` and
`@EXPECTED_GRADES@` count wherever they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import structs

from shared.problems import globs
from shared.problems.fields import Fields
from shared.problems.model import Example, Format, PackageError, Program, Rule
from shared.problems.programs import language_named, program_at
from shared.problems.tree import Tree
from shared.problems.yamls import load_yaml
from shared.verdicts import Verdict

FOLDER = "submissions"
_YAML = f"{FOLDER}/submissions.yaml"
_JSON = (f"{FOLDER}/submissions.json", "submissions.json")
_NOT_PROGRAMS = (".md", ".txt", ".yaml", ".json", ".pdf")

_AC = frozenset({Verdict.ACCEPTED})
_WA = frozenset({Verdict.WRONG_ANSWER})
_TLE = frozenset({Verdict.TIME_LIMIT})
#: Kattis knows no other way to fail: running out of memory, or writing too much, is a crash.
_RTE = frozenset({Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT})
_CE = frozenset({Verdict.COMPILE_ERROR})
_CODES = {"AC": _AC, "WA": _WA, "TLE": _TLE, "RTE": _RTE}

#: The folders of 2025-09: permitted and required of each test.
_MODERN = {
    "accepted": (_AC, None),
    "rejected": (None, _RTE | _TLE | _WA),
    "wrong_answer": (_AC | _WA, _WA),
    "time_limit_exceeded": (_AC | _TLE, _TLE),
    "run_time_error": (_AC | _RTE, _RTE),
    "brute_force": (_AC | _RTE | _TLE, _RTE | _TLE),
}
#: The folders of legacy: a slow submission may also be wrong, a crashing one both.
_LEGACY = {
    "accepted": (_AC, None),
    "wrong_answer": (_AC | _WA, _WA),
    "time_limit_exceeded": (_AC | _WA | _TLE, _TLE),
    "run_time_error": (_AC | _WA | _TLE | _RTE, _RTE),
}
_COMPILE_ERROR = ("compiler_error", "compile_error", "compilation_error")

#: DOMjudge's words for final verdicts, and the ones it takes for the same.
_RESULTS = {
    "CORRECT": _AC,
    "ACCEPTED": _AC,
    "WRONG-ANSWER": _WA,
    "WRONG_ANSWER": _WA,
    "NO-OUTPUT": _WA,
    "NO_OUTPUT": _WA,
    "TIMELIMIT": _TLE,
    "TIME_LIMIT_EXCEEDED": _TLE,
    "RUN-ERROR": frozenset({Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT}),
    "RUN_TIME_ERROR": frozenset({Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT}),
    "MEMORY-LIMIT": frozenset({Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT}),
    "OUTPUT-LIMIT": frozenset({Verdict.OUTPUT_LIMIT}),
    "OUTPUT_LIMIT": frozenset({Verdict.OUTPUT_LIMIT}),
    "COMPILER-ERROR": _CE,
    "COMPILER_ERROR": _CE,
}
_CHECK_MANUALLY = "CHECK-MANUALLY"
_TAG = re.compile(rb"@EXPECTED_(RESULTS|SCORE|GRADES)@:?[ \t]*([^\r\n]*)")
_GRADES = {"AC": Verdict.ACCEPTED, "WA": Verdict.WRONG_ANSWER, "TLE": Verdict.TIME_LIMIT}
_GRADES |= {"RTE": Verdict.RUNTIME_ERROR, "MLE": Verdict.MEMORY_LIMIT}
_Use = Literal["lower", "upper"] | None


@dataclass(frozen=True)
class _Entry:
    """One pattern of `submissions.yaml`."""

    pattern: str
    rules: tuple[Rule, ...]
    language: str | None
    entry_point: str
    authors: tuple[str, ...]
    model_solution: bool


def read_examples(tree: Tree, format: Format, scoring: bool) -> tuple[list[Example], list[str]]:
    """The example submissions, and warnings."""
    warnings: list[str] = []
    modern = not format.is_legacy
    entries = _entries(tree, warnings) if modern else []
    details = _details(tree)
    examples = []
    for directory in tree.children(FOLDER):
        for name in tree.children(f"{FOLDER}/{directory}"):
            path = f"{FOLDER}/{directory}/{name}"
            if path in tree and name.endswith(_NOT_PROGRAMS):
                continue
            own = [it for it in entries if globs.matches(it.pattern, f"{directory}/{name}")]
            language = next((it.language for it in reversed(own) if it.language), None)
            example = Example(program=program_at(tree, path, language), directory=directory)
            example = _tagged(tree, example, modern, scoring, warnings)
            example = _detailed(_told(example, own), details)
            if example.program.language is None:
                warnings.append(f"{path} is in no language that is known here")
            examples.append(example)
    return examples, warnings


def _tagged(
    tree: Tree, example: Example, modern: bool, scoring: bool, warnings: list[str]
) -> Example:
    """With what its folder and the tags in its source say."""
    defaults = _MODERN if modern else _LEGACY
    tags = _tags(tree, example.program, warnings)
    if example.directory in defaults:
        if example.directory == "accepted" and scoring and not modern:
            example = structs.replace(example, final=_AC, rules=(_by_time_only(),))
        else:
            permitted, required = defaults[example.directory]
            source = f"{example.directory}/"
            rule = Rule(permitted=permitted, required=required, source=source)
            # In legacy only what is accepted says how slow a submission may be.
            use = None if not modern and permitted == _AC | _WA else time_use(rule)
            rule = structs.replace(rule, use_for_time_limit=use)
            example = structs.replace(example, rules=(rule,))
    elif example.directory in _COMPILE_ERROR:
        example = structs.replace(example, final=_CE)
    elif example.directory == "partially_accepted":
        example = structs.replace(example, final=_AC, partial=True)
    if "RESULTS" in tags and example.directory not in defaults:
        example = structs.replace(example, final=_results(tags["RESULTS"], example, warnings))
    if "SCORE" in tags and (number := _score(tags["SCORE"])) is not None:
        rule = Rule(score=(number, number), source="@EXPECTED_SCORE@")
        example = structs.replace(example, rules=(*example.rules, rule))
    if grades := tuple(_GRADES[it] for it in tags.get("GRADES", "").split() if it in _GRADES):
        # They say group by group what the folder says of the whole.
        example = structs.replace(example, group_verdicts=grades, final=None, rules=())
    return example


def _by_time_only() -> Rule:
    """legacy scoring: accepted is what the graders say, not what each test says."""
    return Rule(use_for_time_limit="lower", source="accepted/")


def _results(text: str, example: Example, warnings: list[str]) -> frozenset[Verdict] | None:
    found: frozenset[Verdict] = frozenset()
    for word in re.split(r"[,\s]+", text.upper().strip(" */-#")):
        if word == _CHECK_MANUALLY:
            return None
        if word in _RESULTS:
            found |= _RESULTS[word]
        elif word:
            warnings.append(f"{example.program.path}: @EXPECTED_RESULTS@: {word[:40]} is not known")
    return found or None


def _tags(tree: Tree, program: Program, warnings: list[str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for file in program.files.values():
        for name, value in _TAG.findall(tree.read(file.path)):
            tags.setdefault(name.decode(), value.decode(errors="replace").strip(" */-#"))
    return tags


def _score(text: str) -> float | None:
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return None


def time_use(rule: Rule) -> _Use:
    """How the format derives it: may not be too slow, or must be."""
    if rule.required == _TLE:
        return "upper"
    if rule.permitted is not None and not rule.permitted & _TLE:
        return "lower"
    return None


def _told(example: Example, entries: Iterable[_Entry]) -> Example:
    """With what `submissions.yaml` says; its words on the folder itself replace the defaults."""
    for entry in entries:
        rules = example.rules
        if entry.pattern.rstrip("/") == example.directory and entry.rules:
            whole = entry.rules[0]
            base = next((it for it in rules if not it.cases), None)
            if base is not None and not whole.cases:
                rules = tuple(it for it in rules if it is not base)
                merged = structs.replace(
                    whole,
                    permitted=whole.permitted or base.permitted,
                    required=whole.required or base.required,
                    use_for_time_limit=whole.use_for_time_limit,
                )
                rules = (*rules, merged, *entry.rules[1:])
            else:
                rules = (*rules, *entry.rules)
        else:
            rules = (*rules, *entry.rules)
        program = example.program
        if entry.entry_point:
            program = structs.replace(program, entry_point=entry.entry_point)
        example = structs.replace(
            example,
            program=program,
            rules=rules,
            authors=entry.authors or example.authors,
            model_solution=entry.model_solution or example.model_solution,
        )
    return example


def _entries(tree: Tree, warnings: list[str]) -> list[_Entry]:
    if _YAML not in tree:
        return []
    whole = Fields(load_yaml(tree.read(_YAML), _YAML), _YAML)
    entries = []
    for pattern in whole.keys():  # noqa: SIM118 - not a mapping
        keys = whole.inner(pattern)
        try:
            globs.expand(pattern)
        except ValueError as error:
            raise PackageError(_YAML, pattern[:100], str(error)) from None
        language = keys.text("language")
        entry = _Entry(
            pattern=pattern,
            language=language_named(language) if language else None,
            entry_point=keys.text("entrypoint"),
            authors=_people(keys.raw("authors")),
            model_solution=keys.flag("model_solution"),
            rules=(_rule(keys, "", pattern), *_case_rules(keys, pattern, warnings)),
        )
        empty = structs.replace(entry.rules[0], source="") == Rule()
        entries.append(
            entry
            if not empty
            else _Entry(
                pattern,
                entry.rules[1:],
                entry.language,
                entry.entry_point,
                entry.authors,
                entry.model_solution,
            )
        )
    return entries


def _case_rules(keys: Fields, pattern: str, warnings: list[str]) -> list[Rule]:
    known = {"language", "entrypoint", "authors", "model_solution", "permitted", "required"}
    known |= {"score", "message", "use_for_time_limit"}
    rules = []
    for cases in keys.keys():  # noqa: SIM118 - not a mapping
        if cases not in known:
            inner = keys.inner(cases)
            rules.append(_rule(inner, cases, pattern))
            warnings += inner.unknown()
    return rules


def _rule(keys: Fields, cases: str, pattern: str) -> Rule:
    rule = Rule(
        cases=cases,
        permitted=_verdicts(keys, "permitted"),
        required=_verdicts(keys, "required"),
        score=_score_range(keys),
        message=keys.text("message"),
        source=f"submissions.yaml: {pattern}",
    )
    use = keys.raw("use_for_time_limit")
    if use is None or use is True:
        return structs.replace(rule, use_for_time_limit=time_use(rule))
    if use is False:
        return rule
    if use not in ("lower", "upper"):
        raise keys.error("use_for_time_limit", "must be true, false, lower or upper")
    if use == "lower":
        permitted = (rule.permitted or (_AC | _WA | _RTE)) & (_AC | _WA | _RTE)
        return structs.replace(rule, permitted=permitted, use_for_time_limit="lower")
    return structs.replace(rule, required=_TLE, use_for_time_limit="upper")


def _verdicts(keys: Fields, key: str) -> frozenset[Verdict] | None:
    words = keys.words(key)
    if words is None:
        return None
    found: frozenset[Verdict] = frozenset()
    for word in words:
        if word not in _CODES:
            raise keys.error(key, f"{word[:40]!r} is none of {', '.join(_CODES)}")
        found |= _CODES[word]
    return found


def _score_range(keys: Fields) -> tuple[float, float] | None:
    value: Any = keys.raw("score")
    if value is None:
        return None
    pair = value if isinstance(value, list) and len(value) == 2 else [value, value]
    if not all(isinstance(it, int | float) and not isinstance(it, bool) for it in pair):
        raise keys.error("score", "must be a number, or a list of the lowest and the highest")
    return float(pair[0]), float(pair[1])


def _people(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a person, or several
    people = value if isinstance(value, list) else [value]
    names = [each.get("name") if isinstance(each, dict) else each for each in people]
    return tuple(str(name).partition("<")[0].strip() for name in names if name)


def _details(tree: Tree) -> dict[str, Any]:
    """DOMjudge's `submissions.json`: a file's name -> its details, or a list with `filename`."""
    for path in _JSON:
        if path in tree:
            try:
                found = json.loads(tree.text(path))
            except (ValueError, RecursionError) as error:
                raise PackageError(path, "", f"is not JSON: {str(error)[:100]}") from None
            if isinstance(found, list):
                found = {it.get("filename"): it for it in found if isinstance(it, dict)}
            if not isinstance(found, dict):
                raise PackageError(path, "", "must be a list or a mapping of submissions")
            return {str(key): it for key, it in found.items() if isinstance(it, dict)}
    return {}


def _detailed(example: Example, details: dict[str, Any]) -> Example:
    found = details.get(example.name) or details.get(example.program.name) or {}
    entry_point = found.get("entry_point")
    if not entry_point:
        return example
    return structs.replace(
        example, program=structs.replace(example.program, entry_point=str(entry_point))
    )
