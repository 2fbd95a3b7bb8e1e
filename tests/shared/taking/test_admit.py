"""Bad inputs are refused by name, through the real app; good ones become a specification."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from shared import keys, limits
from shared.errors import InvalidField
from shared.limits import LIMITS
from shared.models import CaseRequest, FileRequest, LimitsRequest, Spec, SubmitRequest
from shared.taking.admit import admit
from shared.workers import LanguageFacts, WorkerFacts
from tests.in_process import HandWorker, assert_problem, open_client

GOOD: dict[str, Any] = {"code": "print(1)", "language": "python"}


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    with open_client(redis_url) as opened:
        yield opened


def one_file(name: str, content: str = "", encoding: str = "utf-8") -> dict[str, Any]:
    """A body with one file."""
    return {"files": [{"name": name, "content": content, "encoding": encoding}]}


def two_files(first: str, second: str) -> dict[str, Any]:
    """A body with two files."""
    return {"files": [{"name": first, "content": ""}, {"name": second, "content": ""}]}


#: What differs from a good body, and the field that is to blame.
BAD: list[tuple[dict[str, Any], str]] = [
    # Wrong types and unknown names
    ({"code": None}, "code"),
    ({"code": 5}, "code"),
    ({"language": ["python"]}, "language"),
    ({"stdin": None}, "stdin"),
    ({"args": "x"}, "args"),
    ({"args": [1]}, "args[0]"),
    ({"limits": {"cpuTimeMs": True}}, "limits.cpuTimeMs"),
    ({"limits": {"cpuTimeMs": 1000.0}}, "limits.cpuTimeMs"),
    ({"limits": {"cpuTimeMs": "1000"}}, "limits.cpuTimeMs"),
    ({"limits": {"cputime": 1}}, "limits.cputime"),
    ({"Code": "x"}, "Code"),
    ({"tests": [{"expected": ""}]}, "tests[0].expected"),
    ({"tests": [{"stdin": 1}]}, "tests[0].stdin"),
    ({"comparison": {"mode": "fuzzy"}}, "comparison.mode"),
    ({"files": [{"name": "a"}]}, "files[0].content"),
    # Tests
    ({"tests": [{}], "stdin": "1"}, "tests"),
    ({"tests": [{}], "expectedOutput": ""}, "tests"),
    ({"tests": [{}], "collect": ["a"]}, "tests"),
    ({"tests": [{}] * (limits.MAX_TESTS + 1)}, "tests"),
    ({"tests": [{"stdin": "x" * (limits.MAX_TESTS_BYTES // 2)}] * 2 + [{"stdin": "x"}]}, "tests"),
    ({"tests": [{}, {"points": -1}]}, "tests[1].points"),
    ({"tests": [{"points": limits.MAX_POINTS + 1}]}, "tests[0].points"),
    ({"tests": [{"name": "x" * (limits.MAX_TEST_NAME + 1)}]}, "tests[0].name"),
    ({"tests": [{"args": ["a", "b\0"]}]}, "tests[0].args[1]"),
    ({"tests": [{"limits": {"cpuTimeMs": 1}}]}, "tests[0].limits.cpuTimeMs"),
    ({"tests": [{"files": [{"name": "main.py", "content": ""}]}]}, "tests[0].files[0].name"),
    ({"tests": [{"files": [{"name": "../a", "content": ""}]}]}, "tests[0].files[0].name"),
    (
        {**one_file("a"), "tests": [{"files": [{"name": "a", "content": ""}]}]},
        "tests[0].files[0].name",
    ),
    ({"assertions": "assert 1", "tests": [{}]}, "assertions"),
    ({"assertions": "assert 1", "expectedOutput": ""}, "assertions"),
    ({"assertions": "#", "language": "sql"}, "assertions"),
    ({"assertions": "#", "comparison": {"mode": "exact"}}, "comparison"),
    ({"comparison": {"relativeTolerance": 0.1}}, "comparison.relativeTolerance"),
    (
        {"comparison": {"mode": "floats", "absoluteTolerance": -1.0}},
        "comparison.absoluteTolerance",
    ),
    ({"files": [{"name": "a", "content": "", "mode": 1}]}, "files[0].mode"),
    # Language and code
    ({"language": "cobol-74"}, "language"),
    ({"language": ""}, "language"),
    ({"language": "../python"}, "language"),
    ({"code": "a\0b"}, "code"),
    ({"code": "x" * (limits.MAX_CODE_BYTES + 1)}, "code"),
    ({"code": "ä" * (limits.MAX_CODE_BYTES // 2 + 1)}, "code"),
    # Input, expected output, arguments
    ({"stdin": "x" * (limits.MAX_STDIN_BYTES + 1)}, "stdin"),
    ({"expectedOutput": "x" * (limits.MAX_EXPECTED_BYTES + 1)}, "expectedOutput"),
    ({"args": ["x"] * (limits.MAX_ARGS + 1)}, "args"),
    ({"args": ["", "x" * (limits.MAX_ARG_BYTES + 1)]}, "args[1]"),
    ({"args": ["a\0b"]}, "args[0]"),
    # Problem ids
    ({"problemId": ""}, "problemId"),
    ({"problemId": "x" * (limits.MAX_PROBLEM_ID + 1)}, "problemId"),
    ({"problemId": "two sum"}, "problemId"),
    ({"problemId": "a/b"}, "problemId"),
    ({"problemId": "a\\b"}, "problemId"),
    ({"problemId": ".."}, "problemId"),
    ({"problemId": "a\n"}, "problemId"),
    ({"problemId": "a\u202eb"}, "problemId"),
    ({"problemId": "0123456789abcdef" * 2}, "problemId"),
    ({"problemId": "0123456789ABCDEF" * 2}, "problemId"),
    ({"problemId": 5}, "problemId"),
    # Files
    (one_file(""), "files[0].name"),
    (one_file("/etc/passwd"), "files[0].name"),
    (one_file("../up"), "files[0].name"),
    (one_file("a/../../up"), "files[0].name"),
    (one_file("a/./b"), "files[0].name"),
    (one_file("a//b"), "files[0].name"),
    (one_file("a/"), "files[0].name"),
    (one_file("."), "files[0].name"),
    (one_file("a\0b"), "files[0].name"),
    (one_file("a\nb"), "files[0].name"),
    (one_file("a\x7fb"), "files[0].name"),
    (one_file("x" * 256), "files[0].name"),
    (one_file("ä" * 128), "files[0].name"),
    (one_file("a/b/c/d/e/f/g/h/i"), "files[0].name"),
    (one_file("main.py"), "files[0].name"),
    (one_file("main.py/x"), "files[0].name"),
    (two_files("a", "a"), "files[1].name"),
    (two_files("a", "a/b"), "files[1].name"),
    (two_files("a/b", "a"), "files[1].name"),
    (one_file("a", "no base64!", "base64"), "files[0].content"),
    (one_file("a", "QUJ", "base64"), "files[0].content"),
    (one_file("a", "ä", "base64"), "files[0].content"),
    (one_file("a", "", "hex"), "files[0].encoding"),
    (one_file("a", "x" * (limits.MAX_FILES_BYTES + 1)), "files"),
    ({"files": [{"name": f"f{n}", "content": ""} for n in range(limits.MAX_FILES + 1)]}, "files"),
    # Limits: one step outside of each end
    *[({"limits": {name: row.least - 1}}, f"limits.{name}") for name, row in LIMITS.items()],
    *[({"limits": {name: row.most + 1}}, f"limits.{name}") for name, row in LIMITS.items()],
    ({"limits": {"memoryBytes": 10**30}}, "limits.memoryBytes"),
]


@pytest.mark.parametrize(("difference", "field"), BAD, ids=lambda value: str(value)[:60])
def test_a_bad_field_is_refused_by_name_and_nothing_is_stored(
    client: TestClient, hand: HandWorker, difference: dict[str, Any], field: str
) -> None:
    response = client.post("/submit", json=GOOD | difference)
    assert_problem(response, 400, "invalid-field", field)
    assert hand.redis.zcard(keys.READY) == 0


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_field_is_named(client: TestClient, name: str) -> None:
    body = {key: value for key, value in GOOD.items() if key != name}
    assert_problem(client.post("/submit", json=body), 400, "invalid-field", name)


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        (b"{", {"content-type": "application/json"}, 400, "invalid-request"),
        (b"[]", {"content-type": "application/json"}, 400, "invalid-request"),
        (b"\xff", {"content-type": "application/json"}, 400, "invalid-request"),
        (b"{}", {"content-type": "text/plain"}, 415, "not-json"),
        (b"{}", {}, 415, "not-json"),
        (
            b" " * (limits.MAX_BODY_BYTES + 1),
            {"content-type": "application/json"},
            413,
            "too-large",
        ),
    ],
    ids=["cut", "list", "not-utf-8", "text", "no-type", "too-large"],
)
def test_a_bad_body_is_refused_as_a_whole(
    client: TestClient, body: bytes, headers: dict[str, str], status: int, slug: str
) -> None:
    assert_problem(client.post("/submit", content=body, headers=headers), status, slug)


@pytest.mark.parametrize("wait", ["", "x", "-1", "61", "1e1"])
def test_a_bad_wait_is_refused_before_anything_is_stored(
    client: TestClient, hand: HandWorker, wait: str
) -> None:
    response = client.post(f"/submit?wait={wait}", json=GOOD)
    assert_problem(response, 400, "invalid-field", "wait")
    assert hand.redis.zcard(keys.READY) == 0


# The plain function


def worker(*languages: str) -> WorkerFacts:
    """A living worker."""
    known = [LanguageFacts(name=name) for name in languages]
    return WorkerFacts(id="w", slots=1, seen_ms_ago=0, languages=known, isolation={})


def admitted(**fields: Any) -> Spec:  # noqa: ANN401
    """The specification of a good request with these fields, while no worker is alive."""
    return admit(SubmitRequest(**({"code": "x", "language": "python"} | fields)), [])


def test_everything_that_was_asked_for_is_in_the_specification() -> None:
    spec = admitted(
        problem_id="two-sum",
        stdin="in\0put",
        args=["-x", ""],
        files=[
            FileRequest(name="data/ä b.txt", content="ä"),
            FileRequest(
                name="b", content=base64.b64encode(b"\x00\xff").decode(), encoding="base64"
            ),
        ],
        expected_output="",
    )
    assert (spec.code, spec.language, spec.problem_id) == ("x", "python", "two-sum")
    assert (spec.stdin, spec.args, spec.expected_output) == ("in\0put", ["-x", ""], "")
    assert spec.files == {"data/ä b.txt": "ä".encode(), "b": b"\x00\xff"}


@pytest.mark.parametrize("name", ["Python", "python3", "py"])
def test_an_alias_becomes_the_language(name: str) -> None:
    assert admitted(language=name).language == "python"


def test_sizes_at_the_limit_are_taken() -> None:
    admitted(code="x" * limits.MAX_CODE_BYTES)
    admitted(args=["x" * limits.MAX_ARG_BYTES] * limits.MAX_ARGS)
    admitted(files=[FileRequest(name="a" * 255, content="x" * limits.MAX_FILES_BYTES)])
    admitted(files=[FileRequest(name="a/b/c/d/e/f/g/h", content="")])
    admitted(problem_id="x" * limits.MAX_PROBLEM_ID)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_at_both_ends_are_taken_as_they_are(name: str) -> None:
    row = LIMITS[name]
    field = {
        "cpuTimeMs": "cpu_time_ms",
        "wallTimeMs": "wall_time_ms",
        "memoryBytes": "memory_bytes",
        "outputBytes": "output_bytes",
        "processes": "processes",
    }[name]
    for value in (row.least, row.most):
        found = admitted(limits=LimitsRequest(**{field: value})).limits
        assert getattr(found, field) == value


@pytest.mark.parametrize(
    ("cpu_time_ms", "wall_time_ms"),
    [(None, 11_000), (10, 1_020), (1_000, 3_000), (60_000, 121_000)],
)
def test_wall_time_follows_cpu_time_unless_asked_for(
    cpu_time_ms: int | None, wall_time_ms: int
) -> None:
    asked = LimitsRequest(cpu_time_ms=cpu_time_ms)
    assert admitted(limits=asked).limits.wall_time_ms == wall_time_ms
    asked.wall_time_ms = 77
    assert admitted(limits=asked).limits.wall_time_ms == 77


def test_a_language_brings_its_own_defaults() -> None:
    assert admitted(language="javascript").limits.memory_bytes == 512 * limits.MIB
    assert admitted(language="python").limits.memory_bytes == LIMITS["memoryBytes"].default


def test_a_language_that_no_living_worker_has_is_refused_and_the_others_are_named() -> None:
    request = SubmitRequest(code="x", language="js")
    assert admit(request, []).language == "javascript", "nobody can tell: it may wait"
    assert admit(request, [worker("python"), worker("javascript")]).language == "javascript"
    with pytest.raises(InvalidField) as refused:
        admit(request, [worker("python")])
    assert refused.value.field == "language"
    assert "python" in refused.value.detail


def test_a_test_has_the_submissions_limits_but_for_those_it_names() -> None:
    request = SubmitRequest(
        code="",
        language="python",
        limits=LimitsRequest(cpu_time_ms=700, processes=3),
        tests=[
            CaseRequest(stdin="1"),
            CaseRequest(limits=LimitsRequest(cpu_time_ms=900), args=["x"], points=2),
        ],
    )

    plain, other = admit(request, []).tests

    assert (plain.limits, plain.args, plain.points) == (None, None, None)
    assert other.limits is not None
    assert (other.limits.cpu_time_ms, other.limits.wall_time_ms) == (900, 2800)
    assert other.limits.processes == 3
    assert (other.args, other.points) == (["x"], 2)
