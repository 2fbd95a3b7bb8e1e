"""Names, passwords and sessions: who gets in, and who does not."""

from __future__ import annotations

import asyncio

import pytest

from functions.access import passwords
from shared import keys
from shared.accounts import RESERVED
from shared.connect import async_client
from shared.credentials import MOST_SESSIONS, Credentials
from shared.identity import LOCAL
from tests.access.people import PASSWORD, Person, invited, joined, signed_in
from tests.in_process import HandWorker, assert_problem, open_client

WRONG = "the name or the password is wrong"


def test_an_account_is_a_tenant_of_its_own_under_its_name(admin: Person) -> None:
    ada = joined(admin, "Ada")
    me = ada.get("/me").json()
    assert (me["name"], me["roles"]) == ("Ada", ["read", "submit"])
    assert (me["account"], me["hasPassword"]) == (True, True)
    assert me["tenant"].startswith("user-")
    for name in ("Ada", "ADA", "ada"):
        assert signed_in(admin, name, PASSWORD).json() == me
    assert_problem(
        Person(admin.client).post("/accounts", {"token": invited(admin), "name": "aDA"}),
        *(409, "conflict"),
    )
    local = admin.get("/me").json()
    assert (local["tenant"], local["account"], local["hasPassword"]) == ("local", False, False)


MISLEADING = (
    *(
        "",
        "a",
        "1a",
        "-a",
        "a" * 33,
        "a b",
        "a\n",
        "a\0b",
        "ada\u200b",
        "\u0430da",
        "\u00e4d\u00e4",
    ),
    *("a/b", "../me", "a%2fb", "a:b", "<b>x", "a.b", *sorted(RESERVED), "LOCAL", "Admin"),
)


def test_a_name_that_would_mislead_is_refused_and_costs_no_invite(admin: Person) -> None:
    token = invited(admin)
    for name in MISLEADING:
        body = {"token": token, "name": name, "password": PASSWORD}
        assert_problem(Person(admin.client).post("/accounts", body), 400, "invalid-field", "name")
    assert admin.get("/invites").json()["invites"][0]["usesLeft"] == 1
    assert admin.get("/accounts").json() == {"accounts": []}
    assert signed_in(admin, "a\0b", PASSWORD).status_code == 401


def test_a_password_that_is_easily_guessed_is_refused(admin: Person) -> None:
    token = invited(admin)
    for password in ("", "short", "x" * 9, "x" * 257, "a" * 13, "augustaada1", "AugustaAda"):
        body = {"token": token, "name": "AugustaAda", "password": password}
        answer = Person(admin.client).post("/accounts", body)
        assert_problem(answer, 400, "invalid-field", "password")


BAD_BODIES = (
    *((b"", 400), (b"{", 400), (b"[]", 400), (b'{"name": 1}', 400), (b'{"days": 0}', 400)),
    (b'{"name": "a", "password": "b", "more": 1}', 400),
    *((b'{"name": "\\ud800", "password": "b"}', 400), (b'{"name": "\xff"}', 400)),
    *((b'{"roles": []}', 400), (b'{"roles": ["root"]}', 400), (b'{"uses": 1e9}', 400)),
    *((b"[" * 10_000, 400), (b'{"name": "' + b"a" * 20_000 + b'"}', 413)),
)


@pytest.mark.parametrize("path", ["/session", "/accounts", "/invites"])
def test_a_bad_body_is_told_what_is_wrong(admin: Person, path: str) -> None:
    for body, status in BAD_BODIES:
        headers = {"content-type": "application/json"}
        answer = admin.ask("POST", path, content=body, headers=headers)
        assert answer.status_code == status, (body[:50], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        plain = admin.ask("POST", path, content=body, headers={"content-type": "text/plain"})
        assert plain.status_code == 415  # what a form of another site could send


def test_a_wrong_password_and_a_name_that_nobody_has_are_alike(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(admin, "ada")
    joined(admin, "bob", None)  # has no password: nothing opens it
    worked: list[str] = []
    real = passwords._matches

    def counted(stored: str, password: str) -> bool:
        worked.append(stored)
        return real(stored, password)

    monkeypatch.setattr(passwords, "_matches", counted)
    answers = [signed_in(admin, name, "wrong horse battery") for name in ("ada", "bob", "eve")]
    for answer in answers:
        assert assert_problem(answer, 401, "unauthorized") == WRONG
        assert "set-cookie" not in answer.headers
    assert [bool(stored) for stored in worked] == [True, False, False]  # each was worked for
    assert len({answer.text for answer in answers}) == 1


def test_a_password_is_compared_as_people_type_it(admin: Person) -> None:
    joined(admin, "ada", "pa\u0301ssword f\u00fcr alle")
    assert signed_in(admin, "ada", "p\u00e1ssword fu\u0308r alle").status_code == 200


def test_an_account_has_a_rate_for_all_of_its_sessions(redis_url: str, hand: HandWorker) -> None:
    with open_client(redis_url, session_rate_per_minute=6) as client:
        admin = Person(client)
        ada, bob = joined(admin, "ada"), joined(admin, "bob")
        tenant = bob.tenant  # one of bob's six
        other = Person(client)
        other.post("/session", {"name": "ada", "password": PASSWORD})
        statuses = [person.get("/me").status_code for person in (ada, other) * 4]
        assert statuses == [200] * 6 + [429] * 2
        refused = ada.post("/submit", {"code": "", "language": "python"})
        assert "you have made your requests" in assert_problem(refused, 429, "rate-limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        # Who has shown nothing, and who is somebody else, has his own
        assert admin.get("/me").status_code == 200
        assert bob.get("/me").status_code == 200
        # A rate of the tenant's own is stronger than the setting
        hand.redis.hset(keys.tenant(tenant), mapping={"rate_per_minute": "60000"})
        assert [bob.get("/me").status_code for _ in range(10)] == [200] * 10
    with open_client(redis_url, session_rate_per_minute=0) as client:
        ada.client = client
        assert [ada.get("/me").status_code for _ in range(10)] == [200] * 10


def test_a_new_password_closes_every_other_session(admin: Person, hand: HandWorker) -> None:
    ada = joined(admin, "ada")
    other = Person(admin.client)
    other.post("/session", {"name": "ada", "password": PASSWORD})
    ticket = other.post("/ticket").json()["ticket"]
    link = admin.post("/accounts/ada/login").json()["url"]
    wrong = {"password": "a new long one", "current": "not the old one"}
    for body in (wrong, {"password": "a new long one"}):
        answer = ada.ask("PUT", "/me/password", json=body)
        assert_problem(answer, 400, "invalid-field", "current")
    answer = ada.ask("PUT", "/me/password", json=wrong | {"current": PASSWORD})
    assert answer.status_code == 200
    assert ada.get("/me").json()["name"] == "ada"
    assert_problem(other.get("/me"), 401, "unauthorized")
    assert other.get(f"/events/me?ticket={ticket}").status_code == 401
    token = link.partition("=")[2]
    used = Person(admin.client).post("/session", {"token": token})
    assert_problem(used, 401, "unauthorized")  # a link of before opens nothing
    assert signed_in(admin, "ada", PASSWORD).status_code == 401
    assert signed_in(admin, "ada", "a new long one").status_code == 200
    assert len(list(hand.redis.scan_iter(keys.session("*")))) == 2
    assert_problem(admin.ask("PUT", "/me/password", json=wrong), 403, "forbidden")


def test_a_link_of_the_admin_signs_in_once_and_lets_a_password_be_set(admin: Person) -> None:
    joined(admin, "ada")
    answer = admin.post("/accounts/Ada/login")
    assert answer.status_code == 201
    where, _, token = answer.json()["url"].partition("?token=")
    assert where == "/sign-in"  # a page: whatever only looks at the link does not use it up
    browser = Person(admin.client)
    both = {"token": token, "name": "ada"}
    assert_problem(browser.post("/session", both), 400, "invalid-field", "token")
    assert browser.post("/session", {"token": token}).json()["name"] == "ada"
    assert browser.get("/me").json()["name"] == "ada"
    for used_up in (token, "", "x" * 43):
        other = Person(admin.client).post("/session", {"token": used_up})
        assert_problem(other, 401, "unauthorized")
    assert browser.ask("PUT", "/me/password", json={"password": "a new one of mine"}).is_success
    assert signed_in(admin, "ada", "a new one of mine").status_code == 200
    again = {"password": "yet another one"}  # once is enough
    assert_problem(browser.ask("PUT", "/me/password", json=again), 400, "invalid-field", "current")


def test_a_preview_of_the_link_that_the_runner_prints_does_not_use_it_up(
    admin: Person, redis_url: str
) -> None:
    async def issue() -> str:
        async with async_client(redis_url) as client:
            return await Credentials(client).issue_login(LOCAL)

    url = f"/login?token={asyncio.run(issue())}"
    stranger = {"x-forwarded-for": "203.0.113.9"}
    browser = Person(admin.client)
    assert browser.ask("HEAD", url).status_code == 204
    assert browser.get(url).headers["location"] == "/"
    assert browser.get("/me", headers=stranger).json()["name"] == "local"
    assert_problem(Person(admin.client).get(url), 401, "unauthorized")


def test_an_account_has_so_many_sessions_and_the_oldest_is_closed(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_SESSIONS == 50
    monkeypatch.setattr("shared.credentials.MOST_SESSIONS", 2)
    first = joined(admin, "ada")
    tenant = first.tenant
    others = [Person(admin.client) for _ in range(2)]
    for other in others:
        other.post("/session", {"name": "ada", "password": PASSWORD})
    assert first.get("/me").status_code == 401
    assert [other.get("/me").status_code for other in others] == [200, 200]
    assert hand.redis.zcard(keys.sessions(tenant)) == 2


def test_no_password_and_no_token_is_stored_as_it_is(admin: Person, hand: HandWorker) -> None:
    token = invited(admin, uses=2)
    ada = Person(admin.client)
    ada.post("/accounts", {"token": token, "name": "ada", "password": PASSWORD})
    link = admin.post("/accounts/ada/login").json()["url"]
    secrets = [PASSWORD, token[-43:], link[-43:], *ada.cookies.values()]
    stored = b"".join(key + b" " + (hand.redis.dump(key) or b"") for key in hand.redis.scan_iter())
    assert [secret for secret in secrets if secret.encode() in stored] == []
    assert b"$argon2id$" in (hand.redis.hget(keys.ACCOUNTS, "ada") or b"")
