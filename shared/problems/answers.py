"""The wire models of installed problems: a line of the list, and a whole page."""

from __future__ import annotations

from typing import Any

from shared.answers import Answer


class ProblemEntry(Answer, kw_only=True):
    """One line of the list of problems; also what the index holds."""

    id: str
    #: Of the manifest: a submission is judged by the package of this digest.
    digest: str
    name: str
    names: dict[str, str]
    difficulty: str
    tags: list[str]
    #: pass-fail or scoring; interactive, multi-pass, function beside it.
    type: list[str]
    #: Those that may be submitted; null: all that are installed.
    languages: list[str] | None
    #: Null: neither given nor derived yet.
    time_limit_ms: int | None = None
    memory_bytes: int = 0
    #: What a submission's code may have at most; 0: as any submission's.
    code_bytes: int = 0
    tests: int = 0
    samples: int = 0
    warnings: int = 0
    created_ms: int = 0
    updated_ms: int = 0


class ListedProblem(ProblemEntry, kw_only=True):
    """A line of the list, as a caller is told it."""

    #: Whether the caller has solved it.
    solved: bool = False
    #: Verdicts that were given, and those that were `accepted`.
    submissions: int = 0
    accepted: int = 0


class ProblemList(Answer, kw_only=True):
    """The answer of `GET /problems`."""

    problems: list[ListedProblem]
    #: Every tag of any problem, with how many have it.
    tags: dict[str, int]


class SampleAnswer(Answer, kw_only=True):
    """One sample as a contestant sees it; long texts are cut, and whole as files."""

    name: str
    input: str | None = None
    output: str | None = None
    #: Lines that begin with `<` (the judge says) or `>` (the program says).
    interaction: str | None = None
    description: str = ""
    truncated: bool = False
    #: Where the whole texts are: `input`, `output`, `interaction`.
    links: dict[str, str]


class ProblemPage(ListedProblem, kw_only=True):
    """The answer of `GET /problems/{id}`: what a contestant may know."""

    #: The language of the statement that follows, and the others there are.
    language: str | None = None
    statement_languages: list[str]
    title: str
    #: Clean HTML with MathML; null where there is only a file to be shown as it is.
    statement: str | None = None
    #: A PDF or a text, to be shown as it is.
    statement_file: str | None = None
    sample_texts: list[SampleAnswer]
    #: As they are enforced: cpuTimeMs, memoryBytes, outputBytes, codeBytes.
    limits: dict[str, int]
    #: What an editor shows first, by language.
    starters: dict[str, str]
    #: The block `function` of a function problem.
    function: dict[str, Any] | None = None
    #: Names for `GET /problems/{id}/files/{name}`.
    attachments: list[str]
    authors: list[str]
    source: str = ""
    license: str = ""


class ProblemInstalled(Answer, kw_only=True):
    """The answer of `POST /problems`."""

    problem: ProblemEntry
    #: False: one of this id was there, and is replaced.
    created: bool
    #: What was not understood, or looks wrong, and does not hinder judging.
    warnings: list[str]


class ProblemDeleted(Answer, kw_only=True):
    """The answer of `DELETE /problems/{id}`."""

    id: str
