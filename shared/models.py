"""The wire models: what callers send and what they are told. JSON is camelCase.

Times are milliseconds, memory is bytes; the unit is in the name. Wrong types and
unknown fields are refused by msgspec; ranges are checked in `shared/taking`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from shared.priority import Priority
from shared.verdicts import State, Verdict


class Wire(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=False):
    """Base of everything that comes in from a caller."""


class Stored(msgspec.Struct, rename="camel", omit_defaults=True):
    """Base of what we write ourselves: unknown fields of a newer version are skipped."""


class LimitsRequest(Wire, kw_only=True):
    """Limits asked for; what is missing comes from the language, then from the table."""

    cpu_time_ms: int | None = None
    wall_time_ms: int | None = None
    memory_bytes: int | None = None
    output_bytes: int | None = None
    processes: int | None = None


class FileRequest(Wire, kw_only=True):
    """A file placed beside the program."""

    name: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class CaseRequest(Wire, kw_only=True):
    """One of `tests`: a run of the program. What is missing is as for the submission."""

    name: str | None = None
    stdin: str = ""
    expected_output: str | None = None
    args: list[str] | None = None
    #: Placed beside the program and the submission's own files.
    files: list[FileRequest] = []
    limits: LimitsRequest = msgspec.field(default_factory=LimitsRequest)
    points: float | None = None


class Comparison(Wire, kw_only=True):
    """How an output is compared with what was expected; checked, it is stored as it came."""

    mode: Literal["exact", "tokens", "lines", "floats"] = "tokens"
    case_sensitive: bool = True
    #: Of mode `floats`, which takes 1e-9 for both if neither is given.
    relative_tolerance: float | None = None
    absolute_tolerance: float | None = None


class CheckerRequest(Wire, kw_only=True):
    """A program that says whether an output is right, by the convention of the ICPC."""

    language: str
    code: str
    #: Headers and the like, placed beside it.
    files: list[FileRequest] = []
    #: It talks to the program instead of reading its output afterwards.
    interactive: bool = False
    #: How often the program may be run for one test, if the checker asks for it.
    passes: int = 1


class CallCaseRequest(Wire, kw_only=True):
    """One of `call.tests`: arguments, and the value that is right or one of several."""

    args: list[msgspec.Raw] = []
    #: Unset: there is nothing to compare with. Null is a value.
    expected: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    any_of: list[msgspec.Raw] = []
    name: str | None = None
    limits: LimitsRequest = msgspec.field(default_factory=LimitsRequest)
    points: float | None = None


class CallRequest(Wire, kw_only=True):
    """A function that is called, rather than a program that reads and writes."""

    function: str
    tests: list[CallCaseRequest]
    #: The block `function` of a package, see docs/functions.md; may leave its `name` out.
    signature: dict[str, Any] | None = None


class SubmitRequest(Wire, kw_only=True):
    """The body of `POST /submit`."""

    code: str
    language: str
    problem_id: str | None = None
    stdin: str = ""
    args: list[str] = []
    files: list[FileRequest] = []
    #: Names of files to bring back from the work folder, if the program leaves them there.
    collect: list[str] = []
    limits: LimitsRequest = msgspec.field(default_factory=LimitsRequest)
    expected_output: str | None = None
    #: Instead of `stdin` and `expectedOutput`: many runs of the program, compiled once.
    tests: list[CaseRequest] = []
    #: Whether the first test that fails is the last one that is run.
    stop_on_failure: bool = True
    comparison: Comparison = msgspec.field(default_factory=Comparison)
    #: Code that is appended to the program and must be passed to its end.
    assertions: str = ""
    #: Decides instead of a comparison; only with `tests`.
    checker: CheckerRequest | None = None
    #: Instead of `tests`: a function of the code is called for each.
    call: CallRequest | None = None
    #: Its stdin stays open: more is sent over `/socket` while it runs.
    interactive: bool = False
    #: Told of the end: a signed webhook.
    callback_url: str | None = None
    #: The class of the line it waits in.
    priority: Priority | None = None
    #: Not before this time, ISO 8601 with offset.
    run_at: str | None = None
    #: How long it may wait in line; then its verdict is `queue-timeout`.
    queue_timeout_ms: int | None = None


class BatchItem(SubmitRequest, kw_only=True):
    """One submission of a batch."""

    #: The caller's own name for it; comes back with its id, its end and its result.
    client_id: str | None = None


class BatchRequest(Wire, kw_only=True):
    """The body of `POST /batch` as JSON; each item is checked by itself."""

    submissions: list[msgspec.Raw]


class Limits(Stored, kw_only=True):
    """Limits as they are enforced: complete, checked."""

    cpu_time_ms: int
    wall_time_ms: int
    memory_bytes: int
    output_bytes: int
    processes: int


class Case(Stored, kw_only=True):
    """A checked test."""

    name: str | None = None
    stdin: str = ""
    expected_output: str | None = None
    args: list[str] | None = None
    files: dict[str, bytes] = {}
    limits: Limits | None = None
    points: float | None = None


class Checker(Stored, kw_only=True):
    """A checked checker."""

    language: str
    code: str
    files: dict[str, bytes] = {}
    interactive: bool = False
    passes: int = 1


class Call(Stored, kw_only=True):
    """A checked call: its cases are the submission's tests, in JSON."""

    function: str
    signature: dict[str, Any] | None = None


class Spec(Stored, kw_only=True):
    """What `execute` needs to know of a submission; stored as the field `spec`."""

    code: str
    language: str
    problem_id: str | None = None
    stdin: str = ""
    args: list[str] = []
    files: dict[str, bytes] = {}
    collect: list[str] = []
    limits: Limits
    expected_output: str | None = None
    tests: list[Case] = []
    stop_on_failure: bool = True
    comparison: Comparison = msgspec.field(default_factory=Comparison)
    checker: Checker | None = None
    assertions: str = ""
    #: The digest of the problem package that it is judged by, instead of tests of its own.
    package: str = ""
    #: Whether its tests are shown whole: to who may see the package itself.
    reveal: bool = False
    #: Of a program in several files: which is `code`, and what the compiler is given.
    entry: str = ""
    sources: list[str] = []
    call: Call | None = None
    interactive: bool = False
    #: Of the request that sent it, where traces are on: what is done for it belongs to that.
    traceparent: str = ""


class FileResult(Stored, omit_defaults=False, kw_only=True):
    """A file that a program left in its work folder."""

    name: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class RunFigures(Stored, omit_defaults=False, kw_only=True):
    """What was measured of one run. `None` means: not measured."""

    exit_code: int | None = None
    signal: str | None = None
    cpu_time_ms: float | None = None
    wall_time_ms: float | None = None
    wait_time_ms: float | None = None
    peak_memory_bytes: int | None = None
    #: Which limit ended the run: cpuTimeMs, wallTimeMs, memoryBytes, outputBytes.
    limit: str | None = None
    start_mode: str | None = None
    message: str | None = None
    truncated: bool = False


class Difference(Stored, omit_defaults=False, kw_only=True):
    """Where an output first differs from what was expected."""

    line: int
    expected: str
    got: str


class CaseResult(Stored, omit_defaults=False, kw_only=True):
    """How one test went. Of a hidden test there is verdict, time, memory and points."""

    index: int
    name: str | None = None
    group: str | None = None
    sample: bool = False
    verdict: Verdict
    points: float | None = None
    message: str | None = None
    #: What a checker said to the judges: for who brought the checker, not for contestants.
    judge_message: str | None = None
    cpu_time_ms: float | None = None
    wall_time_ms: float | None = None
    wait_time_ms: float | None = None
    peak_memory_bytes: int | None = None
    exit_code: int | None = None
    signal: str | None = None
    limit: str | None = None
    #: What both sides of an interaction said, `<` the checker, `>` the program.
    interaction: str | None = None
    difference: Difference | None = None
    #: What a function that was called handed back, as JSON.
    result: str | None = None
    stdout: str | None = None
    stdout_encoding: Literal["utf-8", "base64"] = "utf-8"
    stderr: str | None = None
    stderr_encoding: Literal["utf-8", "base64"] = "utf-8"
    truncated: bool = False


class GroupResult(Stored, omit_defaults=False, kw_only=True):
    """How a group of a problem's tests went; no verdict: none of it was run."""

    name: str
    verdict: Verdict | None = None
    score: float | None = None


class PastVerdict(Stored, omit_defaults=False, kw_only=True):
    """What a submission got before it was judged again."""

    verdict: Verdict
    finished_ms: int


class Result(Stored, omit_defaults=False, kw_only=True):
    """The answer of `GET /result/{id}`; before the end most of it is null."""

    id: str
    problem_id: str | None = None
    language: str
    status: State
    #: While it stands in line: about how many are served before it, from 0.
    position: int | None = None
    verdict: Verdict | None = None
    stdout: str | None = None
    stdout_encoding: Literal["utf-8", "base64"] = "utf-8"
    stderr: str | None = None
    stderr_encoding: Literal["utf-8", "base64"] = "utf-8"
    truncated: bool = False
    exit_code: int | None = None
    signal: str | None = None
    cpu_time_ms: float | None = None
    wall_time_ms: float | None = None
    wait_time_ms: float | None = None
    peak_memory_bytes: int | None = None
    limit: str | None = None
    start_mode: str | None = None
    message: str | None = None
    compile_output: str | None = None
    #: Files brought back; one that is missing, too large or no regular file is left out.
    files: list[FileResult] = []
    #: Both runs, where a time-limit verdict was confirmed by one more; else empty.
    runs: list[RunFigures] = []
    #: Where the submission had tests: those that were run, in their order.
    tests: list[CaseResult] = []
    #: Of a problem whose tests are in groups.
    groups: list[GroupResult] = []
    #: The number of the test that decided; null if none failed.
    failed_test: int | None = None
    #: Points of all tests that were passed; null where no test has points.
    score: float | None = None
    #: Earlier verdicts, the oldest first, where it was judged again.
    history: list[PastVerdict] = []
    #: Whether everybody who is signed in may read it, and whether it is the reader's own.
    shared: bool = False
    own: bool = True
    attempts: int = 0
    created_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    #: The id of the last event this answer includes: resume a stream from here.
    cursor: str | None = None
    links: dict[str, str] = {}


_ENCODER = msgspec.json.Encoder()


def encode(value: Any) -> bytes:  # noqa: ANN401 - anything msgspec can encode
    """JSON bytes of a model or of plain data."""
    return _ENCODER.encode(value)
