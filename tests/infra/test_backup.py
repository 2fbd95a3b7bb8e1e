"""A backup has everything and comes back as it was; what is no whole backup changes nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from infra.local.backup.container import Manifest, Writer, pack
from infra.local.cli import main
from infra.local.valkey import Valkey
from shared import keys
from shared.archive import name_of
from shared.blobs import FolderBlobs, read
from shared.schema import RESTORING, SCHEMA_VERSION
from tests.infra.backing_up import called, command, kept, url_of
from tests.infra.eventually import eventually
from tests.infra.running import Running, running
from tests.infra.serving import SERVE, api_of, final, submit
from tests.s3 import PLACE, far_store
from tests.shared import submissions as subs

LARGE = b"0123456789abcdef" * 1024 * 600


def told(one: Running, ids: list[str]) -> dict[str, Any]:
    """What is answered of some submissions, of the history, and of the installed problems."""
    api, answers = api_of(one), {}
    for submission_id in ids:
        for path in (f"/result/{submission_id}", f"/submission/{submission_id}/code"):
            answers[path] = api.json("GET", path)
    for path in ("/submissions", "/problems", "/result/adding", "/leaderboard"):
        answers[path] = api.json("GET", path)
    return answers


def test_everything_is_answered_as_before_and_what_waited_is_judged(
    state: Path, output: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "backup.zip", tmp_path / "other"
    with running(SERVE, state, output, ASSAY_RESULT_TTL_S="3600") as one:
        one.ready()
        installed = command("problem", "import", "infra/catalogue/twonumbers", state=state)
        ids = [submit(one, f"print({n})", problemId="adding") for n in range(2)]
        for submission_id in ids:
            final(one, submission_id)
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        later = submit(one, "print('later')", runAt=tomorrow)
        with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
            eventually(lambda: client.zcard(keys.TO_ARCHIVE) == 0, 60)
            client.delete(keys.submission(ids[0]), keys.events(ids[0]))  # only the archive has it
        before = told(one, ids)
        # When a backup is made while it runs, and everything is killed and lost
        made = command("backup", str(file), state=state)
        assert made.returncode == 0, made.stderr
        assert installed.returncode == 0, installed.stderr
        assert {it.name for it in tmp_path.iterdir()} == {"state", "output", "backup.zip"}
        # No copy is left where what is deleted later would still be in it
        assert not (state / "valkey" / "dump.rdb").exists()
        refused = command("restore", str(file), state=state)
        assert refused.returncode == 1
        assert "is running" in refused.stderr
        one.process.send_signal(signal.SIGKILL)
        one.wait()
    shutil.rmtree(state, ignore_errors=True)
    assert file.stat().st_mode & 0o077 == 0
    restored = command("restore", str(file), state=other)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.split("Restored")[1] == made.stdout.split(" has")[1]  # keys and files
    # Then a store that is not empty is left alone, and the backup of a backup is the same
    again = command("restore", str(file), state=other)
    assert again.returncode == 1
    assert "not empty" in again.stderr
    with running(SERVE, other, output) as two:
        assert told(two, ids) == before
        api = api_of(two)
        assert api.json("GET", f"/result/{later}")["status"] == "queued"
        with redis.Redis.from_url(two.ready()["redisUrl"]) as client:
            client.zadd(keys.DELAYED, {later: 1})  # it comes due
        assert final(two, later)["stdout"] == "later\n"


@pytest.fixture
def source(redis_url: str) -> Iterator[redis.Redis]:
    """A store with something of every type in it."""
    with redis.Redis.from_url(redis_url) as client:
        client.set(keys.SCHEMA, SCHEMA_VERSION)
        claims = subs.claims(client)
        for _ in range(3):
            subs.submitted(client, problem="p")
        claim = claims.claim()
        assert claim is not None
        subs.batch_of(client, 3)
        client.set(keys.session("s"), b"\x00\xff\r\n", px=3_600_000)
        client.set("other:application", "not ours")
        yield client


@pytest.fixture
def file(source: redis.Redis, redis_url: str, tmp_path: Path) -> Path:
    """A backup of it, with two files."""
    blobs = FolderBlobs(tmp_path / "from" / "blobs")
    blobs.put([b"hello"])
    blobs.shelf().put(name_of("local", "a" * 32), b"archived")
    path = tmp_path / "backup.zip"
    made = called("backup", str(path), state=tmp_path / "from", redis_url=redis_url)
    assert made.returncode == 0, made.stderr
    return path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[redis.Redis]:
    """Another server, with nothing in it."""
    (tmp_path / "target").mkdir(mode=0o700)
    with Valkey(tmp_path / "target") as server, redis.Redis.from_url(server.url) as client:
        yield client


def test_a_redis_of_ones_own_is_restored_key_by_key(
    file: Path, source: redis.Redis, target: redis.Redis, tmp_path: Path
) -> None:
    wanted = kept(source)
    place = tmp_path / "to"
    done = called("restore", str(file), state=place, redis_url=url_of(target))
    assert done.returncode == 0, done.stderr
    assert kept(target) == wanted
    assert target.keys("other:*") == []
    assert 0 < target.pttl(keys.session("s")) <= 3_600_000
    blobs = FolderBlobs(place / "blobs")
    assert len(list(blobs.old(-60))) == 1
    assert blobs.shelf().get(name_of("local", "a" * 32)).content == b"archived"
    # And again over what is there, of which nothing is left
    target.set(keys.latest("local", "x"), "y")
    blobs.shelf().put(name_of("local", "b" * 32), b"not in it")
    refused = called("restore", str(file), state=place, redis_url=url_of(target))
    assert "not empty" in refused.stderr
    forced = called("restore", str(file), "--force", state=place, redis_url=url_of(target))
    assert forced.returncode == 0, forced.stderr
    assert kept(target) == wanted
    names = [it.name for it in blobs.shelf().names("archive/")]
    assert names == [name_of("local", "a" * 32)]


def test_files_go_from_a_folder_to_a_bucket_and_back(
    file: Path, target: redis.Redis, tmp_path: Path
) -> None:
    content = [LARGE, b"small"]
    blobs = FolderBlobs(tmp_path / "from" / "blobs")
    digests = [blobs.put([it]) for it in content]
    url, again = url_of(target), tmp_path / "again.zip"
    with far_store() as far:
        far.empty()
        place = ["--blobs", PLACE, "--blobs-endpoint", far.endpoint]
        for step in (
            ("backup", str(file), "--force", "--blobs", str(tmp_path / "from" / "blobs")),
            ("restore", str(file), *place),
            ("backup", str(again), *place),
            ("restore", str(again), "--force"),
        ):
            done = called(*step, state=tmp_path / step[0], redis_url=url)
            if step[1] == str(file) and step[0] == "backup":  # of a store that is empty
                assert done.returncode == 1
                target.set(keys.SCHEMA, SCHEMA_VERSION)
                done = called(*step, state=tmp_path / step[0], redis_url=url)
                target.flushall()
            assert done.returncode == 0, (step, done.stderr)
    back = FolderBlobs(tmp_path / "restore" / "blobs")
    assert [read(back, digest) for digest in digests] == content
    assert back.shelf().get(name_of("local", "a" * 32)).content == b"archived"
    gone = called("backup", str(again), "--force", *place, state=tmp_path, redis_url=url)
    assert gone.returncode == 2
    assert "store of files cannot be used" in gone.stderr
    wrong = called(
        "backup", str(again), "--force", "--blobs", "gs://x", state=tmp_path, redis_url=url
    )
    assert (wrong.returncode, "gs://x" in wrong.stderr) == (2, True)


def test_one_that_was_killed_is_no_store_and_is_restored_again(
    file: Path, source: redis.Redis, target: redis.Redis, tmp_path: Path
) -> None:
    target.set(keys.SCHEMA, RESTORING)
    target.set(keys.latest("local", "x"), "half")
    place = tmp_path / "to"
    done = called("restore", str(file), state=place, redis_url=url_of(target))
    assert done.returncode == 0, done.stderr
    assert kept(target) == kept(source)


def test_a_store_that_is_used_is_not_restored_into(
    file: Path, target: redis.Redis, tmp_path: Path
) -> None:
    subs.claims(target).renew(1, {}, [])
    before = subs.dump(target)
    for more in ([], ["--force"]):
        done = called("restore", str(file), *more, state=tmp_path, redis_url=url_of(target))
        assert done.returncode == 1
        assert "alive" in done.stderr
    assert subs.dump(target) == before


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with other members, each as its manifest says unless that is changed, too."""
    with zipfile.ZipFile(path) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    change(members)
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(other, "w") as changed:
        for name, content in members.items():
            changed.writestr(name, content)
    return other


def manifest(members: dict[str, bytes], **fields: Any) -> None:  # noqa: ANN401
    known = json.loads(members["manifest.json"]) | fields
    members["manifest.json"] = json.dumps(known).encode()


def drop(members: dict[str, bytes], name: str) -> None:
    del members[name]


def add(members: dict[str, bytes], name: str, content: bytes) -> None:
    files = json.loads(members["manifest.json"])["files"]
    members[name] = content
    manifest(members, files=files | {name: [len(content), hashlib.sha256(content).hexdigest()]})


def keys_of(*rows: Any) -> bytes:  # noqa: ANN401
    return b"".join(pack(row) for row in rows)


DAMAGE: dict[str, Callable[[dict[str, bytes]], None]] = {
    "newer format": lambda it: manifest(it, format=2),
    "newer schema": lambda it: manifest(it, schema="99"),
    "no schema": lambda it: manifest(it, schema=RESTORING),
    "no manifest": lambda it: drop(it, "manifest.json"),
    "manifest is a list": lambda it: it.update({"manifest.json": b"[]"}),
    "manifest of other fields": lambda it: manifest(it, files=[1]),
    "a member is missing": lambda it: drop(it, "redis/keys"),
    "one is too many": lambda it: it.update({"blobs/x": b""}),
    "another content": lambda it: it.update({"redis/keys": it["redis/keys"] + b"x"}),
    "half the keys": lambda it: add(it, "redis/keys", it["redis/keys"][:-3]),
    "a key is missing": lambda it: add(it, "redis/keys", b""),
    "a key of others": lambda it: add(it, "redis/keys", keys_of((b"other", "string", 0, b""))),
    "a type nobody knows": lambda it: add(it, "redis/keys", keys_of((b"assay:x", "y", 0, b""))),
    "out of the folder": lambda it: add(it, "named/archive/../../../x", b"x"),
    "an absolute path": lambda it: add(it, "/etc/assay", b"x"),
    "hidden": lambda it: add(it, "named/archive/.x/y", b"x"),
    "a blob of another name": lambda it: add(it, "blobs/" + "0" * 64, b"x"),
}


#: Each is whole, and of a shape that no server takes.
SHAPES: dict[str, tuple[Any, ...]] = {
    "a hash of numbers": ("hash", 0, [1, 2]),
    "a hash in thirds": ("hash", 0, [(b"a", b"b", b"c")]),
    "a list that is a string": ("list", 0, b"ab"),
    "a string that is a list": ("string", 0, [b"x"]),
    "a score that is a word": ("zset", 0, [(b"a", b"+inf")]),
    "a score that is none": ("zset", 0, [(b"a", float("nan"))]),
    "an id that is a command": ("stream", 0, [(b"*", [(b"t", b"x")])]),
    "an entry without fields": ("stream", 0, [(b"1-0", [])]),
    "entries in another order": ("stream", 0, [(b"2-0", [(b"t", b"")]), (b"1-0", [(b"t", b"")])]),
    "over before it began": ("string", -1, b"x"),
}


def test_a_value_that_cannot_be_put_back_changes_nothing(
    file: Path, target: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target.set(keys.latest("local", "x"), "what was there")
    before = subs.dump(target)
    args = ["--state", str(tmp_path / "to"), "--redis-url", url_of(target), "--force"]
    for shape, row in SHAPES.items():

        def change(members: dict[str, bytes], row: tuple[Any, ...] = row) -> None:
            add(members, "redis/keys", keys_of((b"assay:x", *row)))
            manifest(members, keys=1)

        assert main(["restore", str(rewritten(file, change)), *args]) == 1, shape
        assert "its keys are damaged" in capsys.readouterr().err
    assert subs.dump(target) == before


def test_what_is_no_whole_backup_changes_nothing(
    file: Path, target: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "to"
    args = ["--state", str(place), "--redis-url", url_of(target), "--force"]
    content = file.read_bytes()
    for name, change in DAMAGE.items():
        assert main(["restore", str(rewritten(file, change)), *args]) == 1, name
        assert "Assay: The backup" in capsys.readouterr().err
    for name, cut in {
        "cut off": content[:-40],
        "empty": b"",
        "no zip": b"x" * 1000,
        "a bit": content[:200] + bytes([content[200] ^ 1]) + content[201:],
    }.items():
        (tmp_path / "cut.zip").write_bytes(cut)
        assert main(["restore", str(tmp_path / "cut.zip"), *args]) == 1, name
        assert "Assay: " in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "nowhere.zip"), *args]) == 1
    assert subs.dump(target) == {}
    assert not (place / "blobs").exists()
    assert list(tmp_path.rglob("x")) == []


def test_a_backup_is_whole_or_not_there(
    source: redis.Redis, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out" / "backup.zip"
    args = ["--state", str(tmp_path / "from"), "--redis-url", redis_url]
    assert main(["backup", str(path), *args]) == 2
    path.parent.mkdir()
    with pytest.raises(ZeroDivisionError), Writer(path) as writer:
        writer.add("redis/keys", (b"%d" % (1 // n) for n in (1, 0)))
    assert list(path.parent.iterdir()) == []
    path.write_text("mine")
    assert main(["backup", str(path), *args]) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "mine"
    source.delete(keys.SCHEMA)
    assert main(["backup", str(path), "--force", *args]) == 1
    assert path.read_text() == "mine"
    assert list(path.parent.iterdir()) == [path]


def test_a_redis_that_gives_no_copy_of_itself_is_read_while_nothing_is_written(
    source: redis.Redis, redis_url: str, target: redis.Redis, tmp_path: Path
) -> None:
    source.acl_setuser(
        "narrow", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-sync"]
    )
    try:
        url = redis_url.replace("unix://", "unix://narrow:pw@")
        path = tmp_path / "backup.zip"
        made = called("backup", str(path), state=tmp_path / "from", redis_url=url)
        assert made.returncode == 0, made.stderr
        assert "read directly" in made.stdout
        done = called("restore", str(path), state=tmp_path / "to", redis_url=url_of(target))
        assert done.returncode == 0, done.stderr
        assert kept(target) == kept(source)
    finally:
        source.acl_deluser("narrow")


def test_a_secret_is_not_good_for_longer_because_of_a_backup(
    target: redis.Redis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, day_ms = tmp_path / "old.zip", 86_400_000
    seconds, _ = target.time()
    then_ms = seconds * 1000 - 2 * day_ms
    rows = [
        (keys.session("s").encode(), "string", then_ms + day_ms, b"over"),
        (keys.session("t").encode(), "string", then_ms + 3 * day_ms, b"a day"),
        (keys.submission("x").encode(), "hash", then_ms + day_ms, [(b"tenant", b"local")]),
    ]
    with Writer(path) as writer:
        writer.add("redis/keys", map(pack, rows))
        writer.finish(
            Manifest(
                format=1,
                version="0",
                schema=str(SCHEMA_VERSION),
                created_ms=then_ms,
                server="redis 7.0.0",
                keys=3,
                files=writer.files,
            )
        )
    assert (
        main(["restore", str(path), "--state", str(tmp_path), "--redis-url", url_of(target)]) == 0
    )
    assert "2 keys" in capsys.readouterr().out
    assert not target.exists(keys.session("s"))
    for name in (keys.session("t"), keys.submission("x")):
        assert day_ms - 600_000 < target.pttl(name) <= day_ms
