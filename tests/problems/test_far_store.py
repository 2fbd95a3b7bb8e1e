"""Problems whose files are in a bucket: installed by one host, judged by a worker elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from infra.local.valkey import Valkey
from shared import blobs_s3
from shared.verdicts import Verdict
from tests.execute.working import worker
from tests.in_process import assert_problem, open_client
from tests.s3 import PLACE, FarStore, far_store
from tests.shared.problems.made import ADD, MODERN, zipped

ZIP = {"content-type": "application/zip"}


@pytest.fixture(scope="module")
def far() -> Iterator[FarStore]:
    with far_store() as store:
        yield store


def judged(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    """Submit, and wait for the verdict."""
    result = client.post("/submit?wait=30", json=body).json()
    while result.get("verdict") is None:
        result = client.get(f"/result/{result['id']}?wait=30").json()
    return dict(result)


def test_a_problem_is_judged_by_a_worker_with_another_state_folder(
    far: FarStore, tmp_path: Path
) -> None:
    """Its own server: a worker must not take what other tests submit."""
    state = tmp_path / "host"
    seen = "import os\nprint([name for name in os.environ if 'AWS' in name])"
    with (
        Valkey(tmp_path) as server,
        open_client(
            server.url, state=str(state), blobs=PLACE, blobs_endpoint=far.endpoint
        ) as client,
        worker(
            server.url,
            ASSAY_LANGUAGES="python",
            ASSAY_BLOBS=PLACE,
            ASSAY_BLOBS_ENDPOINT=far.endpoint,
        ),
    ):
        installed = client.post("/problems?id=adding", content=zipped(MODERN), headers=ZIP)
        assert installed.status_code == 201, installed.text
        assert not (state / "blobs").exists()
        for code, problem, verdict in (
            (ADD, "adding", Verdict.ACCEPTED),
            (ADD.replace("+", "-"), "adding", Verdict.WRONG_ANSWER),
            (seen, None, Verdict.COMPLETED),
        ):
            body = {"language": "python", "code": code, "problemId": problem}
            body = {name: value for name, value in body.items() if value}
            result = judged(client, body)
            assert result["verdict"] == verdict, result
        assert result["stdout"] == "[]\n", "credentials are the worker's alone"
        unlike = MODERN | {"data/secret/1.in": "50 7\n", "data/secret/1.ans": "57\n"}
        assert client.post("/problems?id=other", content=zipped(unlike), headers=ZIP).is_success
        far.damage(hashlib.sha256(b"50 7\n").hexdigest())
        body = {"language": "python", "code": ADD, "problemId": "other"}
        result = judged(client, body)
        assert (result["verdict"], result["attempts"]) == (Verdict.JUDGE_ERROR, 2)
        assert "damaged" in result["message"]


def test_a_store_that_is_away_is_503_until_it_is_back(
    far: FarStore, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs_s3, "_ATTEMPTS", 1)
    files = MODERN | {"attachments/tool.py": "print(1)\n"}
    settings = {"state": str(tmp_path), "blobs": PLACE, "blobs_endpoint": far.endpoint}
    with open_client(redis_url, **settings) as client:
        assert client.post("/problems?id=a", content=zipped(files), headers=ZIP).is_success
        assert client.get("/problems/a").is_success
        far.leave()
        try:
            for answer in (
                client.post("/problems?id=b", content=zipped(files), headers=ZIP),
                client.get("/problems/a/files/tool.py"),
            ):
                assert_problem(answer, 503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
        finally:
            far.come_back()
        assert [it["id"] for it in client.get("/problems").json()["problems"]] == ["a"]
        assert client.post("/problems?id=b", content=zipped(files), headers=ZIP).status_code == 201
        assert client.get("/problems/a/files/tool.py").content == b"print(1)\n"
