"""Two accounts cannot see each other by any route: the list is the app's own route table.

Whoever adds a route says here what it is. One that takes the id of somebody's work answers
another account exactly as if there were no such work.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from functions.web.app import PAGES
from infra.local.host import create_app
from shared import keys
from shared.settings import Settings
from tests.access.people import Person, joined
from tests.in_process import HandWorker, assert_problem, hand_worker, open_client
from tests.shared import submissions as subs

SECRET = "print('the secret of ada')"
PROBLEM = "her-label"
GHOST = "0" * 32

#: What they answer belongs to a submission: the id in the path is one of ada's.
OF_A_SUBMISSION = {
    ("DELETE", "/submission/{id}"),
    ("POST", "/submission/{id}/rejudge"),
    ("GET", "/submission/{id}/code"),
    ("POST", "/submission/{id}/share"),
    ("DELETE", "/submission/{id}/share"),
    ("DELETE", "/submission/{id}/record"),
    ("GET", "/result/{id}"),
    ("GET", "/events/{id}"),
}
#: Once it is shared, others may read these, and nothing else.
SHARED = {
    ("GET", "/submission/{id}/code"),
    ("GET", "/result/{id}"),
    ("GET", "/events/{id}"),
}
#: Of an accepted one only; read by others when it is shared: tests/result/test_standing.py.
OF_A_SOLUTION = {("GET", "/result/{id}/standing")}
OF_A_BATCH = {
    ("GET", "/batch/{id}"),
    ("DELETE", "/batch/{id}"),
    ("GET", "/batch/{id}/results"),
    ("DELETE", "/batch/{id}/record"),
    ("GET", "/events/{id}"),
}
#: For who looks after all of it; an account without the role is told so whatever the id.
FOR_ADMINS = {
    ("POST", "/problems/{id}/rejudge"),
    ("GET", "/problems/{id}/rejudge"),
    ("POST", "/problems/{id}/examples/{name:path}"),
    ("DELETE", "/problems/{id}"),
    ("DELETE", "/invites/{id}"),
    ("DELETE", "/accounts/{name}"),
    ("POST", "/accounts/{name}/login"),
    ("PUT", "/accounts/{name}/roles"),
    ("POST", "/admin/workers/{id}/drain"),
    ("DELETE", "/admin/workers/{id}/drain"),
    ("POST", "/admin/dead-letters/{id}/replay"),
    ("DELETE", "/admin/dead-letters/{id}"),
}
#: The same for everybody.
FOR_ALL = {
    ("GET", "/problems/{id}"),
    ("GET", "/problems/{id}/files/{name:path}"),
    ("GET", "/assets/{name}"),
}
#: Routes that name nobody's work: what they tell is asked for below.
WITHOUT_ID = (
    *("/login", "/me", "/webhooks", "/problems", "/languages", "/status", "/openapi.json"),
    *("/accounts", "/invites", "/submissions", "/leaderboard", "/admin/overview"),
    *("/healthz", "/readyz", "/metrics", "/socket"),
)


def routes() -> set[tuple[str, str]]:
    """Method and path of every route of the service, without the page's own addresses."""
    app: Starlette = create_app(Settings(redis_url="redis://127.0.0.1:1"))
    return {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path not in PAGES
        for method in (route.methods or {"GET"}) - {"HEAD"}
    }


@dataclass
class Scene:
    """Ada has sent in something; bob looks for it."""

    ada: Person
    bob: Person
    submission: str
    batch: str
    hand: HandWorker

    def stored(self) -> dict[Any, Any]:
        """All that is kept, but for how many requests bob has made."""
        found = subs.dump(self.hand.redis)
        return {key: found[key] for key in found if not key.startswith(keys.rate("").encode())}

    def ask(self, who: Person, method: str, path: str, work: str) -> Any:  # noqa: ANN401
        """A request that does not wait."""
        path = path.replace("{id}", work).replace("{name}", work).replace("{name:path}", work)
        headers = {"accept": "application/json"}
        query = {"wait": "0", "follow": "false"}
        return who.ask(method, path, headers=headers, params=query)


@pytest.fixture(scope="module")
def scene(valkey: Any) -> Iterator[Scene]:  # noqa: ANN401
    with open_client(valkey.url) as client, hand_worker(valkey.url) as hand:
        hand.redis.flushall()
        admin = Person(client)
        ada, bob = joined(admin, "ada", None), joined(admin, "bob", None)
        how = {"tenant": ada.tenant, "body": subs.spec(SECRET)}
        batch, _ = subs.batch_of(hand.redis, 1, tenant=ada.tenant)
        submission = subs.submitted(hand.redis, problem=PROBLEM, **how)
        while (claim := hand.claims.claim()) is not None:
            hand.finish(claim, stdout="the secret of ada")
        yield Scene(ada, bob, submission, batch, hand)


def test_every_route_is_of_a_kind() -> None:
    found = routes()
    with_id = {row for row in found if "{" in row[1]}
    assert with_id == OF_A_SUBMISSION | OF_A_SOLUTION | OF_A_BATCH | FOR_ADMINS | FOR_ALL
    assert {path for method, path in found - with_id if method == "GET"} <= set(WITHOUT_ID)


def _blind(answer: Any, work: str) -> tuple[int, str]:  # noqa: ANN401
    """An answer without the id it was asked for."""
    return answer.status_code, answer.text.replace(work, "")


@pytest.mark.parametrize(("method", "path"), sorted(OF_A_SUBMISSION | OF_A_SOLUTION))
def test_anothers_submission_is_as_if_it_were_not_there(
    scene: Scene, method: str, path: str
) -> None:
    before = scene.stored()
    refused = scene.ask(scene.bob, method, path, scene.submission)
    assert _blind(refused, scene.submission) == _blind(
        scene.ask(scene.bob, method, path, GHOST), GHOST
    )
    assert_problem(refused, 404, "not-found")
    by_label = scene.ask(scene.bob, method, path, PROBLEM)
    assert by_label.status_code == 404
    changed = {key for key in scene.stored().items() - before.items()}
    assert changed == set()


#: What removes it comes last.
LAST = ("DELETE", "/batch/{id}/record")
BATCH_ROUTES = [*sorted(OF_A_BATCH - {LAST}), LAST]


@pytest.mark.parametrize(("method", "path"), BATCH_ROUTES)
def test_anothers_batch_is_as_if_it_were_not_there(scene: Scene, method: str, path: str) -> None:
    refused = scene.ask(scene.bob, method, path, scene.batch)
    assert _blind(refused, scene.batch) == _blind(scene.ask(scene.bob, method, path, GHOST), GHOST)
    assert_problem(refused, 404, "not-found")
    assert scene.ask(scene.ada, method, path, scene.batch).status_code == 200


@pytest.mark.parametrize(("method", "path"), sorted(FOR_ADMINS))
def test_what_is_for_admins_is_refused_whatever_is_named(
    scene: Scene, method: str, path: str
) -> None:
    for name in ("ada", scene.submission, GHOST, PROBLEM):
        assert_problem(scene.ask(scene.bob, method, path, name), 403, "forbidden")


@pytest.mark.parametrize("path", sorted({path for method, path in routes() if method == "GET"}))
def test_nothing_of_another_is_in_any_list(scene: Scene, path: str) -> None:
    paths = [path]
    if "{" in path:
        paths = [path.replace("{id}", "me"), path.replace("{id}", PROBLEM)]
    for each in paths:
        answer = scene.ask(scene.bob, "GET", each, "ada")
        for secret in (scene.submission, scene.batch, scene.ada.tenant, "the secret of ada"):
            assert secret not in answer.text, each


@pytest.mark.parametrize(("method", "path"), sorted(OF_A_SUBMISSION - SHARED))
def test_what_is_shared_is_read_and_nothing_else(scene: Scene, method: str, path: str) -> None:
    assert scene.ada.post(f"/submission/{scene.submission}/share").status_code == 200
    try:
        assert_problem(scene.ask(scene.bob, method, path, scene.submission), 404, "not-found")
        for readable, where in SHARED:
            assert scene.ask(scene.bob, readable, where, scene.submission).status_code == 200
    finally:
        again = scene.ada.ask("DELETE", f"/submission/{scene.submission}/share")
    assert again.json() == {"id": scene.submission, "shared": False}
    for readable, where in SHARED:
        refused = scene.ask(scene.bob, readable, where, scene.submission)
        assert_problem(refused, 404, "not-found")


def test_a_socket_gives_what_is_shared_and_nothing_else(scene: Scene) -> None:
    headers = {"cookie": scene.bob.cookie, "host": "127.0.0.1"}
    with scene.bob.client.websocket_connect("/socket", headers=headers) as socket:

        def asks(**command: str) -> dict[str, Any]:
            socket.send_text(json.dumps(command))
            return dict(json.loads(socket.receive_text()))

        for work in (scene.submission, scene.batch):
            assert asks(subscribe=work)["error"]["status"] == 404
        scene.ada.post(f"/submission/{scene.submission}/share")
        assert asks(subscribe=scene.submission)["event"] == "queued"
        while "end" not in json.loads(socket.receive_text()):
            pass
        for verb in ("stdin", "eof", "signal"):
            more = {"name": "SIGINT"} if verb == "signal" else {}
            assert asks(**{verb: scene.submission}, **more)["error"]["status"] == 404
        scene.ada.ask("DELETE", f"/submission/{scene.submission}/share")
        assert asks(subscribe=scene.submission)["error"]["status"] == 404
