"""What a problem package says, read and checked once: typed, immutable, encodable as JSON.

A `Package` holds no test data. A `File` names content by its SHA-256; whoever has the
content (a folder, a zip, the blob store, a worker's cache) opens it by that. Encoded,
the package is its own manifest: a worker that holds it can fetch one test alone.

Everything inherited or defaulted by the format is resolved here: a test's arguments and
flags are those that apply to it. Times are milliseconds and sizes are bytes. Constants
of the package are already replaced in the files that the format says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec

from shared.verdicts import Verdict


class PackageError(Exception):
    """A package that cannot be honoured: which file, which key, and why."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        self.file, self.key, self.reason = file, key, reason
        where = f"{file}: {key}" if key else file
        super().__init__(f"{where}: {reason}" if where else reason)


class Model(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Base of all parts of a package."""


class Format(StrEnum):
    """The version of the format, which decides how scoring and directories are meant."""

    LEGACY = "legacy"
    LEGACY_ICPC = "legacy-icpc"
    #: A mixture: 2025-09 that also knows the names of legacy.
    V2023_07 = "2023-07"
    V2025_09 = "2025-09"

    @property
    def is_legacy(self) -> bool:
        """Whether `problem.yaml` and the folders are meant as in legacy.

        How groups are scored is told by `Group.grader` and `Group.scoring` alone: packages
        of 2023-07 come with either.
        """
        return self in (Format.LEGACY, Format.LEGACY_ICPC)


class File(Model, frozen=True, kw_only=True):
    """Content, by its digest; `path` says where in the package it was found."""

    path: str
    size: int
    #: SHA-256 in hexadecimal.
    digest: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class Program(Model, frozen=True, kw_only=True):
    """A submission, a validator or a grader: one file, or a folder of them.

    With `build` or `run`, these scripts decide how it is built and started: `build` runs
    in a copy of the folder and leaves `run` there. Else it is of one language.
    """

    #: Its file or folder in the package, as `submissions/accepted/sol.py`.
    path: str
    #: Name within the program's folder (with slashes) -> content.
    files: dict[str, File]
    #: The name of one of shared/languages; None if none of ours fits.
    language: str | None = None
    #: The file it starts with, where it is clear; as submissions.yaml says it (for Java and
    #: Kotlin a class), where it does.
    entry_point: str | None = None
    #: The names of `files` to be given to the compiler; headers are not among them.
    sources: tuple[str, ...] = ()
    has_build: bool = False
    has_run: bool = False
    #: The names in `files` that have the executable bit.
    executable: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called within the package."""
        return self.path.rpartition("/")[2]


class TimeLimit(Model, frozen=True, kw_only=True):
    """The limit of one run (one pass), or how to derive it from the example submissions."""

    #: The limit, if the package says one; else it has to be derived (`shared/problems/timing.py`).
    explicit_ms: int | None = None
    #: Where it was said: problem.yaml, domjudge-problem.ini, .timelimit; empty if nowhere.
    source: str = ""
    #: legacy: `time_multiplier`; 2025-09: `ac_to_time_limit`.
    accepted_factor: float = 5.0
    #: legacy: `time_safety_margin`; 2025-09: `time_limit_to_tle`.
    too_slow_factor: float = 2.0
    #: The limit is a whole multiple of it.
    resolution_ms: int = 1000


class PackageLimits(Model, frozen=True, kw_only=True):
    """Every limit of the format but the time limit, defaults filled in."""

    memory_bytes: int
    #: Of stdout and stderr together.
    output_bytes: int
    code_bytes: int
    compilation_time_ms: int
    compilation_memory_bytes: int
    validation_time_ms: int
    validation_memory_bytes: int
    validation_output_bytes: int
    #: Runs of a multi-pass problem at most; 1 for any other.
    passes: int = 1


class Statement(Model, frozen=True, kw_only=True):
    """The problem's text in one language."""

    language: str
    kind: Literal["tex", "md", "pdf", "html", "txt"]
    file: File


class SampleText(Model, frozen=True, kw_only=True):
    """What is shown of a sample: a pair of texts, or an interaction (`<` judge, `>` team)."""

    name: str
    input: File | None = None
    output: File | None = None
    interaction: File | None = None
    #: For download; the files of the test itself unless the package says otherwise.
    download_input: File | None = None
    download_output: File | None = None
    description: str = ""


class Case(Model, frozen=True, kw_only=True):
    """One test. The tests of a package are listed in the order they are judged in."""

    #: Path below `data/` without extension: `secret/group1/3`.
    name: str
    #: The innermost group it belongs to, by name: `secret/group1`.
    group: str
    sample: bool
    input: File
    answer: File
    #: The command line of the submission.
    args: tuple[str, ...] = ()
    #: Placed in the submission's work folder; name with slashes -> content.
    files: dict[str, File] = {}
    #: Flags for the output validators (the default one included).
    output_validator_args: tuple[str, ...] = ()
    #: By the validator's name; "" for all that have no entry.
    input_validator_args: dict[str, tuple[str, ...]] = {}
    #: Whether a contestant who fails it may see input, answer and output.
    full_feedback: bool = False
    hint: str = ""
    description: str = ""
    illustration: File | None = None
    #: legacy: the score of a test that is accepted or not, if the validator gives none.
    accept_score: float = 1.0
    reject_score: float = 0.0


class Grader(Model, frozen=True, kw_only=True):
    """legacy: how a group's verdict and score come from its parts."""

    verdict: Literal["worst_error", "first_error", "always_accept"] = "worst_error"
    score: Literal["sum", "avg", "min", "max"] = "sum"
    #: The root only: samples count neither for the verdict nor for the score.
    ignore_sample: bool = False
    accept_if_any_accepted: bool = False
    #: `grading: custom`: the package's own grader (`Package.grader`) decides, with these flags.
    custom: bool = False
    flags: tuple[str, ...] = ()


class Scoring(Model, frozen=True, kw_only=True):
    """2025-09: how a group's score comes from its tests or groups."""

    #: None: unbounded.
    max_score: int | None = None
    aggregation: Literal["pass-fail", "sum", "min"] = "pass-fail"
    #: Names of earlier groups (or `sample`) that must be passed, else this one is not run.
    require_pass: tuple[str, ...] = ()
    static_validation_score: int | Literal["pass-fail"] | None = None
    static_validator_args: tuple[str, ...] = ()
    #: The same, as drafts of the format said it.
    static_validation_of_draft: bool = False


class Group(Model, frozen=True, kw_only=True):
    """A folder of tests below `data/`. Exactly one of `grader` and `scoring` is there."""

    #: "" for the root, then `sample`, `secret`, `secret/group1`.
    name: str
    #: Names of its tests and groups in judging order.
    children: tuple[str, ...] = ()
    grader: Grader | None = None
    scoring: Scoring | None = None
    #: legacy: `on_reject: break`, stop the group at its first test that is not accepted.
    stop_at_reject: bool = False
    #: legacy: the score of the whole group must lie in it.
    score_range: tuple[float, float] | None = None
    #: legacy: scores of an accepted or rejected test below it.
    accept_score: float = 1.0
    reject_score: float = 0.0

    @property
    def parent(self) -> str | None:
        """The name of the group around it; None for the root."""
        return self.name.rpartition("/")[0] if self.name else None


class Validation(Model, frozen=True, kw_only=True):
    """How the output is judged: by the default validator if `validators` is empty."""

    #: All must accept; 2025-09 has one at most.
    validators: tuple[Program, ...] = ()
    #: Whether a custom validator may give a score (`score.txt`).
    gives_score: bool = False

    @property
    def is_default(self) -> bool:
        """Whether our own comparison decides, not a program of the package."""
        return not self.validators


class Rule(Model, frozen=True, kw_only=True):
    """What an example submission must do on some of the tests."""

    #: A pattern of test or group names below `data/`; "" for all tests.
    cases: str = ""
    #: Each verdict must be one of them; None permits all.
    permitted: frozenset[Verdict] | None = None
    #: One verdict at least must be one of them; None requires nothing.
    required: frozenset[Verdict] | None = None
    #: Inclusive range of the score (of the group that `cases` names, or of all).
    score: tuple[float, float] | None = None
    #: Must occur in the judge message of one test at least.
    message: str = ""
    #: "lower": its time is below the limit, "upper": above it; None: not used for it.
    use_for_time_limit: Literal["lower", "upper"] | None = None
    #: Where the rule comes from, for people: `accepted/`, `@EXPECTED_RESULTS@`, ...
    source: str = ""


class Example(Model, frozen=True, kw_only=True):
    """A submission that comes with the package, and what must become of it."""

    program: Program
    #: The folder it lies in: accepted, wrong_answer, ...
    directory: str
    rules: tuple[Rule, ...] = ()
    #: The final verdicts that are right, where the package speaks of these (DOMjudge's
    #: tags, `compiler_error`, `partially_accepted`); None if only `rules` speak.
    final: frozenset[Verdict] | None = None
    #: legacy `partially_accepted`: accepted, with less than the full score.
    partial: bool = False
    #: `@EXPECTED_GRADES@`: one verdict for each group below `secret`, in order.
    group_verdicts: tuple[Verdict, ...] = ()
    model_solution: bool = False
    authors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As people call it: `accepted/sol.py`."""
        return self.program.path.removeprefix("submissions/")


class Extension(Model, frozen=True, kw_only=True):
    """`assay.yaml`, which only we read."""

    difficulty: Literal["", "easy", "medium", "hard"] = ""
    tags: tuple[str, ...] = ()
    #: The block `function:` as it is written; shared/signatures understands it.
    function: dict[str, Any] | None = None


class Package(Model, frozen=True, kw_only=True):
    """A problem package, whole. `cases` are in judging order, `groups` parents first."""

    format: Format
    #: The problem's id.
    short_name: str
    #: Language -> title; never empty.
    names: dict[str, str]
    #: False: pass-fail.
    scoring: bool = False
    interactive: bool = False
    multi_pass: bool = False
    #: legacy `objective: min`: a smaller score is better.
    minimise: bool = False
    #: Whether contestants may see the results of groups.
    show_groups: bool = True
    time_limit: TimeLimit
    limits: PackageLimits
    cases: tuple[Case, ...]
    groups: tuple[Group, ...]
    validation: Validation = Validation()
    input_validators: tuple[Program, ...] = ()
    #: legacy: the custom grader.
    grader: Program | None = None
    #: 2025-09: decides on the source code alone.
    static_validator: Program | None = None
    #: Language of the format's table (or `default`) -> name -> content; see `includes_for`.
    include: dict[str, dict[str, File]] = {}
    statements: tuple[Statement, ...] = ()
    #: Images and the like that statements refer to, by their path beside the statement.
    statement_files: dict[str, File] = {}
    samples: tuple[SampleText, ...] = ()
    attachments: dict[str, File] = {}
    examples: tuple[Example, ...] = ()
    #: Names of our languages that may be submitted; None: all.
    languages: tuple[str, ...] | None = None
    allow_file_writing: bool = False
    constants: dict[str, str] = {}
    keywords: tuple[str, ...] = ()
    uuid: str = ""
    version: str = ""
    authors: tuple[str, ...] = ()
    source: str = ""
    source_url: str = ""
    license: str = ""
    rights_owner: str = ""
    embargo_until: str = ""
    extension: Extension = Extension()
    #: What was not understood or looks wrong, and does not hinder judging.
    warnings: tuple[str, ...] = ()

    def group(self, name: str) -> Group:
        """A group by its name; "" is the root."""
        return next(group for group in self.groups if group.name == name)

    def case(self, name: str) -> Case:
        """A test by its name."""
        return next(case for case in self.cases if case.name == name)

    def name_in(self, language: str) -> str:
        """The title in a language, else in English, else in any."""
        return self.names.get(language) or self.names.get("en") or next(iter(self.names.values()))

    def includes_for(self, *languages: str) -> dict[str, File]:
        """Files placed beside a submission; those of a language win over `default`.

        Give every name the language has in the format, most special last.
        """
        placed: dict[str, File] = {}
        for language in ("default", *languages):
            placed |= self.include.get(language, {})
        return placed

    def files(self) -> dict[str, File]:
        """Every file that the package refers to, by digest."""
        found: dict[str, File] = {}
        _collect(self, found)
        return found


def _collect(value: object, found: dict[str, File]) -> None:
    if isinstance(value, File):
        found.setdefault(value.digest, value)
    elif isinstance(value, Model):
        for field in value.__struct_fields__:
            _collect(getattr(value, field), found)
    elif isinstance(value, dict):
        for each in value.values():
            _collect(each, found)
    elif isinstance(value, tuple):
        for each in value:
            _collect(each, found)


def encode(package: Package) -> bytes:
    """The manifest: the same package gives the same bytes."""
    return msgspec.json.encode(package, order="deterministic")


def decode(manifest: bytes) -> Package:
    """A package from its manifest."""
    return msgspec.json.decode(manifest, type=Package)
