"""Who comes in: keys, sessions, tickets, and this machine itself."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import redis
from starlette.testclient import TestClient

import functions.access.app
import functions.result.app
from shared import keys
from shared.credentials import Credentials
from shared.gate import COOKIE
from shared.identity import LOCAL, Role
from shared.services import Services
from shared.serving import assemble
from shared.settings import Settings
from tests.shared import submissions as subs

T = TypeVar("T")
READER = frozenset({Role.READ})


@dataclass
class Door:
    """An app behind a gate, and what makes keys for it."""

    client: TestClient
    credentials: Credentials
    redis: redis.Redis

    def ask(
        self, path: str, *, host: str = "127.0.0.1", method: str = "GET", **headers: str
    ) -> Any:  # noqa: ANN401
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.client.cookies.clear()
        return self.client.request(method, path, headers={"host": host, **named})

    def whose(self, path: str = "/me", **how: Any) -> Any:  # noqa: ANN401
        """The tenant that one is, or the status of the refusal."""
        answer = self.ask(path, **how)
        if answer.status_code == 200:
            return answer.json()["tenant"]
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert problem["type"] == "urn:assay:error:unauthorized"
        return answer.status_code

    def make(self, action: Callable[[Credentials], Awaitable[T]]) -> T:
        """Done on the loop of the app, which has the connections."""
        assert self.client.portal is not None
        return self.client.portal.call(action, self.credentials)

    def key(self, tenant: str = "acme", roles: frozenset[Role] = READER, **more: Any) -> str:  # noqa: ANN401
        return self.make(lambda it: it.create_key(tenant, roles, **more)).secret


@contextmanager
def door_to(url: str, **settings: Any) -> Iterator[Door]:  # noqa: ANN401
    services = Services(Settings(redis_url=url, **settings))

    app = assemble(services, functions.access.app.routes, functions.result.app.routes)
    with TestClient(app, follow_redirects=False) as client, redis.Redis.from_url(url) as plain:
        yield Door(client, Credentials(services.redis), plain)


@pytest.fixture
def door(redis_url: str) -> Iterator[Door]:
    """Of a server on loopback."""
    with door_to(redis_url) as made:
        yield made


@pytest.fixture
def public(redis_url: str) -> Iterator[Door]:
    """Of a server that others can reach."""
    with door_to(redis_url, host="0.0.0.0") as made:
        yield made


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_this_machine_itself_needs_no_key(door: Door) -> None:
    assert door.whose() == "local"
    assert door.whose(host="localhost:3000") == "local"


@pytest.mark.parametrize(
    "how",
    [
        {"host": "evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_is_refused(door: Door, how: dict[str, str]) -> None:
    assert door.whose(**how) == 403


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_this_machine(
    door: Door, header: str
) -> None:
    assert door.whose(**{header: "203.0.113.9"}) == 401
    assert door.whose(**{header: "203.0.113.9"}, **bearer(door.key())) == "acme"


def test_a_key_opens_for_its_tenant_and_its_roles_only(door: Door) -> None:
    foreign, own = subs.submitted(door.redis), bearer(door.key())
    assert door.whose(**own) == "acme"
    assert door.whose(f"/result/{foreign}", **own) == 404
    assert door.ask(f"/result/{foreign}").status_code == 200
    submit_only = bearer(door.key(roles=frozenset({Role.SUBMIT})))
    assert door.whose(f"/result/{foreign}", **submit_only) == 403


def test_wrong_credentials_never_become_the_local_tenant(door: Door) -> None:
    key = door.key()
    other_secret = key[:-43] + door.key()[-43:]
    for wrong in ("", "x", key[:-1], key + "x", key.upper(), other_secret, "assay__"):
        assert door.whose(**bearer(wrong)) == 401, wrong
    assert door.whose(authorization=f"Basic {key}") == 401
    assert door.whose(authorization=key) == 401
    assert door.whose(cookie=f"{COOKIE}=x") == 401
    assert door.whose("/events/me?ticket=x") == 401


def test_an_expired_or_revoked_key_opens_nothing(door: Door) -> None:
    key = door.key(expires_s=3600)
    assert door.whose(**bearer(key)) == "acme"
    key_id = key.split("_")[1]
    stored: Any = door.redis.hget(keys.API_KEYS, key_id)
    door.redis.hset(keys.API_KEYS, key_id, json.dumps(json.loads(stored) | {"expiresMs": 1}))
    assert door.whose(**bearer(key)) == 401
    other = door.key()
    assert door.make(lambda it: it.revoke_key(other.split("_")[1]))
    assert not door.make(lambda it: it.revoke_key(other.split("_")[1]))
    assert door.whose(**bearer(other)) == 401


def test_nothing_that_opens_is_stored(door: Door) -> None:
    secrets = [door.key()[-43:]]
    secrets.append(door.make(lambda it: it.open_session(LOCAL)))
    secrets.append(door.make(lambda it: it.issue_login(LOCAL)))
    secrets.append(door.make(lambda it: it.issue_ticket(LOCAL)))
    for name, dumped in subs.dump(door.redis).items():
        for secret in secrets:
            assert secret.encode() not in name + dumped


def test_others_need_credentials_for_all_but_health(public: Door) -> None:
    assert public.whose() == 401
    assert public.whose(host="10.0.0.5:3000") == 401
    assert public.ask("/healthz", host="10.0.0.5:3000").status_code == 200
    for path in ("/status", "/openapi.json", "/nothing"):
        assert public.ask(path).status_code == 401
    assert public.whose(host="judge.example", **bearer(public.key())) == "acme"


def test_an_operator_may_demand_credentials_of_everybody(redis_url: str) -> None:
    with door_to(redis_url, auth="always") as door:
        assert door.whose() == 401
        assert door.whose(**bearer(door.key())) == "acme"


def test_only_the_names_that_are_served_are_answered(redis_url: str) -> None:
    with door_to(redis_url, allowed_hosts="judge.example, Other.example") as door:
        key = bearer(door.key())
        assert door.whose(host="judge.example") == 401
        assert door.whose(host="judge.example", **key) == "acme"
        assert door.whose(host="other.example:8080", **key) == "acme"
        assert door.whose(host="judge.example", origin="https://judge.example", **key) == "acme"
        assert door.whose(host="judge.example", origin="https://evil.example", **key) == 403
        assert door.whose(host="evil.example", **key) == 403
        assert door.whose() == "local"


def test_a_browser_is_signed_in_once_by_a_token(public: Door) -> None:
    token = public.make(lambda it: it.issue_login(LOCAL))
    answer = public.ask(f"/login?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    session = {"cookie": cookie.partition(";")[0]}
    assert public.whose(**session) == "local"
    # the token is used up, and nonsense was never good
    for again in (token, "", "x", "x" * 43):
        assert public.whose(f"/login?token={again}") == 401
    assert public.ask("/logout", method="POST", **session).status_code == 204
    assert public.whose(**session) == 401


def test_a_ticket_opens_one_stream_once(public: Door) -> None:
    key = bearer(public.key())
    ticket = public.ask("/ticket", method="POST", **key).json()["ticket"]
    assert public.whose(f"/me?ticket={ticket}") == 401, "for streams only"
    assert public.ask(f"/events/x?ticket={ticket}").status_code == 404  # let in; no such route here
    assert public.ask(f"/events/x?ticket={ticket}").status_code == 401


def test_a_key_has_the_rate_of_its_tenant(public: Door) -> None:
    public.redis.hset(keys.tenant("acme"), mapping={"rate_per_minute": 1, "rate_burst": 3})
    key, other = bearer(public.key()), bearer(public.key())
    for _ in range(3):
        assert public.whose(**key) == "acme"
    refused = public.ask("/me", **key)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert public.whose(**other) == "acme", "each key has its own"
    # Given that the bucket has refilled, one more is let in
    name = keys.rate(key["authorization"].split("_")[1])
    _earlier(public.redis, name)
    assert public.whose(**key) == "acme"
    assert public.ask("/me", **key).status_code == 429


def _earlier(client: redis.Redis, name: str) -> None:
    stored: Any = client.get(name)
    client.set(name, float(stored) - 60_000)


def test_no_secret_is_logged(public: Door, caplog: pytest.LogCaptureFixture) -> None:
    key = public.key()
    with caplog.at_level(logging.DEBUG):
        public.whose(**bearer(key))
        public.whose(f"/login?token={key[-43:]}")
        public.whose(f"/events/x?ticket={key[-43:]}")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("assay")]
    assert key[-43:] not in "".join(ours)
