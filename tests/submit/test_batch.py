"""Batches over HTTP: what is good is taken, what is bad is named, results come as they end."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx2
import pytest
import redis
from starlette.testclient import TestClient

from shared import keys, limits
from tests.in_process import HandWorker, assert_problem

NDJSON = {"content-type": "application/x-ndjson"}


def item(number: int = 0, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"code": f"print({number})", "language": "python", "clientId": f"c{number}"} | fields


def lines(items: list[Any]) -> bytes:
    return b"".join(json.dumps(it).encode() + b"\n" for it in items)


def post(client: TestClient, items: list[Any], kind: str = "json", **headers: str) -> Any:  # noqa: ANN401
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if kind == "json":
        return client.post("/batch", json={"submissions": items}, headers=named)
    return client.post("/batch", content=lines(items), headers=NDJSON | named)


def taken(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def results(client: TestClient, batch_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/batch/{batch_id}/results{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_what_is_bad_is_named_by_its_index_and_the_rest_is_taken(
    client: TestClient, hand: HandWorker, kind: str
) -> None:
    bad: list[Any] = [
        item(1, language="klingon"),
        item(3, limits={"cpuTimeMs": 1}),
        {"code": "x"},
        item(5, colour="red"),
        17,
        item(7, clientId="\n"),
    ]
    sent = [item(0), bad[0], item(2), *bad[1:], item(8, priority="interactive")]
    answer = taken(post(client, sent, kind))
    assert answer["total"] == 3
    assert [name is not None for name in answer["submissions"]] == [
        *(True, False, True, False, False, False, False, False, True)
    ]
    named = {it["index"]: (it["field"], it["clientId"]) for it in answer["rejected"]}
    assert named == {
        1: ("language", "c1"),
        3: ("limits.cpuTimeMs", "c3"),
        4: ("language", None),
        5: ("colour", None),
        6: (None, None),
        7: ("clientId", None),
    }
    told = client.get(f"/batch/{answer['id']}").json()
    assert {name: told[name] for name in ("status", "total", "queued", "rejected")} == {
        "status": "running",
        "total": 3,
        "queued": 3,
        "rejected": 6,
    }
    line = client.get("/status").json()["classes"]
    assert (line["bulk"]["queued"], line["interactive"]["queued"]) == (2, 1)
    assert hand.claim().submission_id == answer["submissions"][8]


def test_a_line_that_is_no_json_spoils_only_itself(client: TestClient) -> None:
    body = b'{"code": \n\n' + lines([item(1)]) + b"\xff\xfe\n" + json.dumps(item(3)).encode()
    answer = taken(client.post("/batch", content=body, headers=NDJSON))
    assert [it["index"] for it in answer["rejected"]] == [0, 2]
    assert answer["total"] == 2, "empty lines are nothing, and the last line needs no end"


@pytest.mark.parametrize(
    ("body", "headers", "status", "slug"),
    [
        (b"{}", {"content-type": "application/json"}, 400, "invalid-field"),
        (b'{"submissions": []}', {"content-type": "application/json"}, 400, "invalid-request"),
        (b"[", {"content-type": "application/json"}, 400, "invalid-request"),
        (b"\n \n", NDJSON, 400, "invalid-request"),
        (b"{}\n" * (limits.MAX_BATCH + 1), NDJSON, 413, "too-large"),
        (b"{}", {"content-type": "text/plain"}, 415, "not-json"),
        (b"{}", {}, 415, "not-json"),
    ],
)
def test_what_is_no_batch_is_refused_and_nothing_of_it_stored(
    client: TestClient,
    hand: HandWorker,
    body: bytes,
    headers: dict[str, str],
    status: int,
    slug: str,
) -> None:
    answer = client.post("/batch", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["type"] == f"urn:assay:error:{slug}"
    assert list(hand.redis.scan_iter(keys.submission("*"))) == []


def test_who_sends_another_content_type_is_told_which_are_taken(client: TestClient) -> None:
    answer = client.post("/batch", content=b"x", headers={"content-type": "text/plain"})
    assert "application/json, application/x-ndjson" in assert_problem(answer, 415, "not-json")


def test_a_batch_of_which_nothing_can_be_taken_is_refused(client: TestClient) -> None:
    answer = post(client, [item(0, language="klingon"), item(1, language="klingon")])
    assert "none of 2" in assert_problem(answer, 400, "invalid-field", "language")


def test_of_a_refused_batch_nothing_is_stored_and_its_key_may_be_used_again(
    client: TestClient, redis_url: str
) -> None:
    # Given a batch of which nothing was taken: its tenant may have nothing in line just now
    limit = {"most_waiting_bytes": 1}
    with redis.Redis.from_url(redis_url) as store:
        store.hset(keys.tenant("local"), mapping=limit)
        refused = post(client, [item()], **{"Idempotency-Key": "k"})
        assert refused.status_code == 429
        stored: Any = store.keys(keys.batch("*")) + store.keys(keys.once("local", "*"))
        assert stored == []
        # When there is room again, then the same request with the same key is taken
        store.delete(keys.tenant("local"))
        answer = taken(post(client, [item()], **{"Idempotency-Key": "k"}))
    assert answer["rejected"] == []


def test_what_there_is_no_room_for_is_rejected_and_can_be_sent_again(
    client: TestClient, hand: HandWorker
) -> None:
    hand.redis.hset(keys.tenant("local"), "most_waiting", 2)
    answer = taken(post(client, [item(n) for n in range(3)]))
    assert [(it["index"], it["type"]) for it in answer["rejected"]] == [
        (2, "urn:assay:error:rate-limited")
    ]
    assert_problem(post(client, [item(9)]), 429, "rate-limited")


def test_results_come_in_the_order_of_their_end_and_go_on_where_one_was(
    client: TestClient, hand: HandWorker
) -> None:
    answer = taken(post(client, [item(n) for n in range(4)]))
    batch_id, ids = answer["id"], answer["submissions"]
    claims = [hand.claim() for _ in ids]
    for claim in reversed(claims[2:]):
        hand.finish(claim)
    assert client.delete(f"/submission/{ids[0]}").status_code == 200
    found = results(client, batch_id, "?follow=false")
    assert [it["id"] for it in found] == [ids[3], ids[2], ids[0]]
    assert [(it["position"], it["index"], it["clientId"]) for it in found] == [
        *((1, 3, "c3"), (2, 2, "c2"), (3, 0, "c0"))
    ]
    assert [it["result"]["status"] for it in found] == ["finished", "finished", "cancelled"]
    # When one waits for the rest of them
    late = threading.Timer(0.2, hand.finish, [claims[1]])
    late.start()
    rest = results(client, batch_id, "?after=2")
    late.join()
    assert [it["id"] for it in rest] == [ids[0], ids[1]]
    assert results(client, batch_id, "?after=4") == []
    assert client.get(f"/batch/{batch_id}").json()["status"] == "finished"


def test_a_batch_is_cancelled_with_all_that_has_not_ended(
    client: TestClient, hand: HandWorker
) -> None:
    batch_id = taken(post(client, [item(n) for n in range(120)]))["id"]
    hand.finish(hand.claim())
    told = client.delete(f"/batch/{batch_id}").json()
    assert (told["status"], told["finished"], told["cancelled"]) == ("cancelled", 1, 119)
    assert told["verdicts"] == {"completed": 1}
    assert client.delete(f"/batch/{batch_id}").json() == told
    assert len(results(client, batch_id)) == 120


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_the_same_batch_with_the_same_key_is_the_same_batch(
    client: TestClient, hand: HandWorker, kind: str
) -> None:
    sent = [item(0), item(1, language="klingon"), *(item(n) for n in range(2, 60))]
    first = taken(post(client, sent, kind, idempotency_key="k"))
    hand.finish(hand.claim())
    assert taken(post(client, sent, kind, idempotency_key="k")) == first
    assert_problem(post(client, sent[1:], kind, idempotency_key="k"), 409, "conflict")
    assert taken(post(client, sent, kind))["id"] != first["id"]
    assert client.get(f"/batch/{first['id']}").json()["total"] == 59


@pytest.mark.parametrize("path", ["/batch/nope", "/batch/nope/results"])
def test_a_batch_that_is_none_is_not_found(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not-found")
    assert_problem(client.delete("/batch/nope"), 404, "not-found")


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1.5", "follow=maybe"])
def test_a_bad_place_in_the_results_is_refused_by_name(client: TestClient, query: str) -> None:
    batch_id = taken(post(client, [item()]))["id"]
    answer = client.get(f"/batch/{batch_id}/results?{query}")
    assert_problem(answer, 400, "invalid-field", query.partition("=")[0])


def test_somebody_elses_batch_is_not_found(client: TestClient, hand: HandWorker) -> None:
    batch_id = taken(post(client, [item()]))["id"]
    hand.redis.hset(keys.batch(batch_id), "tenant", "somebody")
    assert_problem(client.get(f"/batch/{batch_id}"), 404, "not-found")
    assert_problem(client.delete(f"/batch/{batch_id}"), 404, "not-found")
    assert hand.redis.zcard(keys.READY) == 1


def test_ten_thousand_are_taken_and_others_are_served_meanwhile(
    client: TestClient, hand: HandWorker
) -> None:
    posted: list[Any] = []
    body = lines([item(n) for n in range(limits.MAX_BATCH)])
    poster = threading.Thread(
        target=lambda: posted.append(client.post("/batch", content=body, headers=NDJSON))
    )
    poster.start()
    served = 0
    while poster.is_alive():
        assert client.get("/healthz").status_code == 200
        served += 1
        time.sleep(0.02)
    assert taken(posted[0])["total"] == limits.MAX_BATCH
    assert served > 5
    assert hand.redis.zcard(keys.READY) == limits.MAX_BATCH
