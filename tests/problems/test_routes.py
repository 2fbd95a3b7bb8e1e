"""The routes of problems: install, list, show, fetch, remove, and every bad form of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from shared.blobs import FolderBlobs, read
from shared.problems.model import decode
from tests.in_process import HandWorker, assert_problem, hand_worker, open_client
from tests.shared.problems.made import LEGACY, MODERN, Files, zipped

ZIP = {"content-type": "application/zip"}
HTML = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
RICH: Files = MODERN | {
    "problem.yaml": (
        "problem_format_version: 2025-09\nname: {en: Adding, sv: Addera}\nuuid: 5ca6\n"
        "keywords: [sums]\nlanguages: [python3, c]\nlimits: {time_limit: 2}\nlicense: cc0\n"
    ),
    "statement/problem.en.md": "Add *two* numbers. ![](picture.svg)\n",
    "statement/problem.sv.md": "Addera *två* tal.\n",
    "statement/picture.svg": HTML,
    "statement/notes.tex": "secret notes",
    "attachments/tool.py": "print(1)\n",
    "assay.yaml": "difficulty: easy\ntags: [first]\n",
    "data/sample/2.in": "1 1\n" * 10_000,
    "data/sample/2.ans": "2\n",
    "data/secret/1.desc": "the hidden one",
}


@pytest.fixture
def client(redis_url: str, tmp_path: Path) -> Iterator[TestClient]:
    with open_client(redis_url, state=str(tmp_path), max_package_bytes=200_000) as opened:
        yield opened


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    with hand_worker(redis_url) as worker:
        worker.announce("python", "rust")
        yield worker


def install(client: TestClient, files: Files, query: str = "?id=adding") -> dict[str, Any]:
    answer = client.post(f"/problems{query}", content=zipped(files), headers=ZIP)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def test_a_package_is_installed_listed_shown_and_removed(
    client: TestClient, hand: HandWorker, tmp_path: Path
) -> None:
    installed = install(client, RICH)
    assert installed["created"] is True
    assert installed["warnings"] == []
    assert install(client, RICH)["created"] is False
    [entry] = client.get("/problems").json()["problems"]
    assert entry["digest"] == installed["problem"]["digest"]
    assert (entry["id"], entry["name"], entry["difficulty"]) == ("adding", "Adding", "easy")
    assert (entry["tags"], entry["type"]) == (["first", "sums"], ["pass-fail"])
    assert (entry["tests"], entry["samples"], entry["timeLimitMs"]) == (3, 2, 2000)
    page = client.get("/problems/adding").json()
    assert "<em>two</em>" in page["statement"]
    assert (page["title"], page["statementLanguages"]) == ("Adding", ["en", "sv"])
    assert page["languages"] == ["python"], "c is not installed, rust is not allowed"
    assert list(page["starters"]) == ["python"]
    assert page["limits"]["cpuTimeMs"] == 2000
    assert page["attachments"] == ["tool.py"]
    one, two = page["sampleTexts"]
    assert (one["input"], one["output"], one["truncated"]) == ("1 2\n", "3\n", False)
    assert two["truncated"] and len(two["input"]) < 20_000
    assert len(client.get(two["links"]["input"]).content) == 40_000
    assert "två" in client.get("/problems/adding?language=sv").json()["statement"]
    assert client.delete("/problems/adding").json() == {"id": "adding"}
    assert client.get("/problems").json() == {"problems": [], "tags": {}}
    assert_problem(client.get("/problems/adding"), 404, "not-found")
    assert_problem(client.delete("/problems/adding"), 404, "not-found")


def test_hidden_things_cannot_be_fetched_by_any_name(client: TestClient, tmp_path: Path) -> None:
    digest = install(client, RICH)["problem"]["digest"]
    package = decode(read(FolderBlobs(tmp_path / "blobs"), digest))
    shown = client.get("/problems/adding").text
    assert "the hidden one" not in shown and "3 4" not in shown
    for file in package.files().values():
        public = file.path.startswith(("data/sample", "attachments")) or file.name == "picture.svg"
        for name in {file.path, file.name, f"samples/{file.name}", file.digest}:
            answer = client.get(f"/problems/adding/files/{name}")
            assert answer.status_code == 404 or public or name in ("samples/1.in", "samples/1.ans")
            assert b"3 4" not in answer.content
    for name in ("../1.in", "%2e%2e/secret/1.in", "samples/../secret/1.in", "notes.tex", ""):
        assert client.get(f"/problems/adding/files/{name}").status_code == 404


def test_files_come_with_a_type_a_tag_and_in_a_sandbox(client: TestClient) -> None:
    install(client, RICH)
    picture = client.get("/problems/adding/files/picture.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert picture.headers["x-content-type-options"] == "nosniff"
    tool = client.get("/problems/adding/files/tool.py")
    assert tool.content == b"print(1)\n"
    assert tool.headers["content-disposition"] == "attachment"
    tag = {"if-none-match": tool.headers["etag"]}
    assert client.get("/problems/adding/files/tool.py", headers=tag).status_code == 304


def test_the_list_is_searched_and_filtered(client: TestClient) -> None:
    install(client, RICH)
    install(client, LEGACY, "?id=other")
    everything = client.get("/problems").json()
    assert [it["id"] for it in everything["problems"]] == ["adding", "other"]
    assert everything["tags"] == {"first": 1, "sums": 1}
    for query, ids in (
        ("search=ADDERA", ["adding"]),
        ("search=add ing", ["adding", "other"]),
        ("search=nothing", []),
        ("tag=sums", ["adding"]),
        ("tag=sums&tag=other", []),
        ("difficulty=easy", ["adding"]),
        ("difficulty=hard", []),
    ):
        found = client.get(f"/problems?{query}").json()["problems"]
        assert [it["id"] for it in found] == ids, query
    # What nothing could ever match is a mistake, and told as one
    assert_problem(client.get("/problems?difficulty=Easy"), 400, "invalid-field", "difficulty")


def test_the_folder_of_the_zip_names_the_problem(client: TestClient) -> None:
    content = zipped(MODERN, "sums")
    answer = client.post("/problems?timeLimitMs=1500", content=content, headers=ZIP)
    assert answer.headers["location"] == "/problems/sums"
    assert answer.json()["problem"]["timeLimitMs"] == 1500
    answer = client.post("/problems", content=zipped(MODERN), headers=ZIP)
    assert_problem(answer, 400, "invalid-field", "id")


def test_a_pdf_is_shown_as_it_is(client: TestClient) -> None:
    files = {name: it for name, it in MODERN.items() if name != "statement/problem.en.md"}
    install(client, files | {"statement/problem.en.pdf": b"%PDF-1.4"})
    page = client.get("/problems/adding").json()
    assert page["statement"] is None
    assert client.get(page["statementFile"]).content == b"%PDF-1.4"


def test_a_function_problem_has_starters_of_its_signature(
    client: TestClient, hand: HandWorker
) -> None:
    block = "function: {name: add, parameters: [{name: a, type: int}], returns: int}\n"
    data = {name: "3\n" for name in MODERN if name.startswith("data/")}
    install(client, MODERN | data | {"assay.yaml": block})
    page = client.get("/problems/adding").json()
    assert "function" in page["type"]
    assert page["function"]["name"] == "add"
    assert "add" in page["starters"]["python"]
    bad = zipped(MODERN | {"assay.yaml": "function: {name: 1}\n"})
    answer = client.post("/problems?id=bad", content=bad, headers=ZIP)
    assert_problem(answer, 400, "invalid-package", "assay.yaml: function.name")


def test_what_cannot_be_honoured_is_told_by_file_and_key_and_nothing_is_listed(
    client: TestClient,
) -> None:
    bad = zipped(LEGACY | {"problem.yaml": "limits: {memory: lots}\n"})
    answer = client.post("/problems?id=bad", content=bad, headers=ZIP)
    detail = assert_problem(answer, 400, "invalid-package", "problem.yaml: limits.memory")
    assert "number" in detail
    answer = client.post("/problems?id=bad", content=b"no zip", headers=ZIP)
    assert_problem(answer, 400, "invalid-package", "the zip")
    answer = client.post("/problems?id=a%20b", content=zipped(LEGACY), headers=ZIP)
    assert_problem(answer, 400, "invalid-package", "a b")
    answer = client.post("/problems?id=a&timeLimitMs=x", content=zipped(LEGACY), headers=ZIP)
    assert_problem(answer, 400, "invalid-field", "timeLimitMs")
    assert client.get("/problems").json()["problems"] == []


def test_a_body_that_is_too_large_or_no_zip_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/problems", content=bytes(200_001), headers=ZIP), 413, "too-large")

    def chunks() -> Iterator[bytes]:
        for _ in range(300):
            yield bytes(1000)

    assert_problem(client.post("/problems", content=chunks(), headers=ZIP), 413, "too-large")
    assert_problem(client.post("/problems", json={}), 415, "not-json")


def test_what_is_replaced_stays_for_submissions_that_name_it(
    client: TestClient, tmp_path: Path
) -> None:
    old = install(client, RICH)["problem"]["digest"]
    new = install(client, RICH | {"data/secret/2.in": "1 1", "data/secret/2.ans": "2"})
    assert new["problem"]["digest"] != old
    blobs = FolderBlobs(tmp_path / "blobs")
    assert blobs.local(old) is not None
    assert client.get("/problems/adding").json()["tests"] == 4
