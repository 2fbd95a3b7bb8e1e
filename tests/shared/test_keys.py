"""`shared/keys.py` is the table of all keys: complete, true, and the only one."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared import keys, scripts
from shared.counts import CountReport
from shared.models import encode
from shared.verdicts import EventType, State, Verdict
from tests.shared import submissions as subs

ROOT = Path(keys.__file__).parents[1]
_ROW = re.compile(r"^\| (assay:\S+)\s*\| (\S+)\s*\|", re.MULTILINE)


def table() -> dict[str, str]:
    """Pattern of a key to its type, as the module's docstring says."""
    return {
        re.sub(r"<\w+>", "*", pattern): kind for pattern, kind in _ROW.findall(keys.__doc__ or "")
    }


def strings(path: Path) -> Iterator[str]:
    """Every string of a Python file that is not a docstring."""
    tree = ast.parse(path.read_text())
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documents
        ):
            yield node.value


def test_no_other_file_spells_a_key() -> None:
    sources = [*ROOT.glob("*.py"), *(ROOT / "shared").rglob("*.py")]
    sources += [*(ROOT / "functions").rglob("*.py"), *(ROOT / "infra").rglob("*.py")]
    spelled = [
        f"{path.relative_to(ROOT)}: {text!r}"
        for path in sources
        if path != Path(keys.__file__)
        for text in strings(path)
        if re.match(rf"{keys.PREFIX}\S", text) or text == keys.PROBLEM_DONE
    ]
    assert spelled == []
    assert any(keys.PREFIX in text for text in strings(Path(keys.__file__))), "the search finds"


def test_no_script_spells_a_key() -> None:
    for path in (ROOT / "shared" / "lua").glob("*.lua"):
        code = "\n".join(line.partition("--")[0] for line in path.read_text().splitlines())
        assert keys.PREFIX.rstrip(":") not in code, path.name
        assert keys.PROBLEM_DONE not in code, path.name


def test_every_key_of_the_module_is_in_its_table() -> None:
    made = [value for name, value in vars(keys).items() if name.isupper() and name != "PREFIX"]
    made.remove(keys.PROBLEM_DONE)
    made[made.index(keys.DRAMATIQ)] = keys.dramatiq_queue("execute")
    made += [keys.submission("1"), keys.events("1"), keys.latest("local", "p")]
    made += [keys.delivery("d"), keys.failed_deliveries("x"), keys.webhook_secret("x")]
    made += [keys.input("1"), keys.rate("k"), keys.session("d"), keys.login("d"), keys.ticket("d")]
    made += [keys.tenant("local"), keys.share("local"), keys.turns("bulk")]
    made += [keys.line("bulk", "local"), keys.batch_left("1"), keys.batch_ended("1")]
    made += [keys.once("local", "d"), keys.sessions("x"), keys.invite("i"), keys.attempts("d")]
    made += [keys.devices("x")]
    made += [keys.history("x"), keys.accepted("x", "p"), keys.board("p"), keys.solved("x")]
    made += [keys.batch("1"), keys.tenant_stream("local"), keys.events(keys.tenant_events("x"))]
    made += [keys.dramatiq_messages("execute"), keys.wake_list("execute")]
    for key in made:
        assert any(fnmatch.fnmatchcase(key, pattern) for pattern in table()), key


def test_what_lies_in_redis_is_what_the_table_says(redis_url: str) -> None:
    # Given a submission in each state of its life
    with redis.Redis.from_url(redis_url) as client:
        claims = subs.claims(client)
        client.set(keys.SCHEMA, 1)
        client.set(keys.MIGRATING, 1)
        client.hset(keys.PROBLEMS, "p1", "{}")
        client.hset(keys.batch("b"), "epoch", "e")
        client.rpush(keys.input("x"), "z")
        client.hset(keys.API_KEYS, "id", "{}")
        client.zadd(keys.DELIVERIES, {"d": 1})
        client.hset(keys.delivery("d"), "url", "u")
        client.lpush(keys.failed_deliveries("local"), "{}")
        client.set(keys.webhook_secret("local"), "s")
        client.hset(keys.ACCOUNTS, "ada", "{}")
        client.hset(keys.MEMBERS, "user-1", "Ada")
        client.sadd(keys.LEAVING, "user-2")
        client.hset(keys.invite("i"), "digest", "d")
        for of_account in (keys.sessions, keys.devices):
            client.zadd(of_account("user-1"), {"d": 1})
        for by_digest in (
            keys.rate,
            keys.session,
            keys.login,
            keys.ticket,
            keys.attempts,
        ):
            client.set(by_digest("d"), 1)
        claims.renew(1, {}, [])
        subs.submitted(client, problem="p1", kind="judged")
        solved = claims.claim()
        assert solved is not None
        claims.finish(solved, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, b"{}")])
        for _ in range(3):
            subs.submitted(client, problem="p1")
        subs.submitted(client, run_at_ms=subs.FAR_MS, queue_timeout_ms=1000)
        subs.submitted(client, once=keys.once("local", "key"), digest="d")
        _, [first, _] = subs.batch_of(client, 2)
        subs.cancel(client, first)
        subs.batch_opened(client)
        client.hset(keys.tenant("local"), mapping={"weight": 2})
        for members in (keys.CAPPED, keys.withdrawn("local")):
            client.sadd(members, "somebody")
        for notes in (
            keys.FORGOTTEN,
            keys.BURIED,
            keys.BATCHES_TO_ARCHIVE,
            keys.REJUDGING,
            keys.INVITES,
        ):
            client.zadd(notes, {"x:local": 1})
        client.set(keys.SWEEPING, 1)
        client.hset(keys.ARCHIVE, "mode", "all")
        subs.cancel(client, subs.submitted(client))
        for fields in (keys.DRAINING, keys.RESTANDING, keys.rejudging("p")):
            client.hset(fields, "w", 1)
        client.lpush(keys.JUDGE_ERRORS, "{}")
        client.zadd(keys.FAILING, {"local": 1})
        claims.renew(1, {}, [], CountReport(1, {"runs,python,fork": 1}))
        claim = claims.claim()
        assert claim is not None
        claims.progress(claim, [], State.RUNNING)
        # When all its keys are looked at
        found = {key.decode(): client.type(key).decode() for key in client.scan_iter()}
    # Then each is in the table with its type, and each row of the table was seen
    rows = table()
    seen = set()
    for key, kind in found.items():
        [row] = [pattern for pattern in rows if fnmatch.fnmatchcase(key, pattern)]
        seen.add(row)
        assert rows[row] in (kind, "-"), key
    assert seen == set(rows)


@pytest.mark.parametrize("problem", ["a", "a:b", "ä"])
def test_a_problem_id_is_never_mistaken_for_another_tenant(problem: str) -> None:
    assert keys.latest("local", problem) == f"{keys.PREFIX}latest:local:{problem}"
    assert encode(problem)


def test_the_fields_of_a_submission_are_those_of_the_table(redis_url: str) -> None:
    listed = re.search(r"has the fields: ([^.]+)\.", keys.__doc__ or "")
    assert listed is not None
    names = {name.strip() for name in listed[1].replace("\n", " ").split(",")}
    with redis.Redis.from_url(redis_url) as client:
        before = set(
            subs.fields(client, subs.submitted(client, kind="reveals", run_at_ms=subs.FAR_MS))
        )
        how = {"run_at_ms": 1, "queue_timeout_ms": 100_000, "kind": "judged", "problem": "p"}
        submission_id = subs.submitted(client, **how)
        before |= set(subs.fields(client, submission_id))
        claims = subs.claims(client)
        claim = claims.claim()
        assert claim is not None
        before |= set(subs.fields(client, submission_id))
        told = {"cpuTimeMs": 1.5, "peakMemoryBytes": 2, "score": 3}
        claims.finish(claim, Verdict.COMPLETED, b"{}", [(EventType.FINISHED, encode(told))])
        scripts.call(client, "share", submission_id, "local", "1")
        before |= set(subs.fields(client, submission_id))
        subs.rejudge(client, submission_id)
        before |= set(subs.fields(client, submission_id))
        client.hset(keys.ARCHIVE, "mode", "all")
        again = subs.submitted(client, once=keys.once("local", "key"), digest="d")
        subs.cancel(client, again)
        before |= set(subs.fields(client, again)) - {"once"}
        before |= set(subs.fields(client, subs.batch_of(client, 1)[1][0]))
        subs.cancel(client, submission_id)
        assert before | set(subs.fields(client, submission_id)) == names
