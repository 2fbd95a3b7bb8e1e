"""Invites: what they give, how often, and when many come at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.access.invites import Invites
from shared import keys
from shared.accounts import Accounts, new_account
from shared.connect import async_client
from shared.errors import Conflict, Unauthorized
from shared.identity import Role
from shared.people import InviteRequest
from tests.access.people import Person, invited, joined
from tests.in_process import HandWorker, assert_problem


def test_an_invite_gives_the_roles_it_says_as_often_as_it_says(admin: Person) -> None:
    made = admin.post("/invites", {"days": 1, "uses": 2, "roles": ["admin", "read"]}).json()
    assert made["url"].startswith(f"/join?token={made['id']}_")
    assert made["expiresMs"] - made["createdMs"] == 86_400_000
    token = made["url"].partition("=")[2]
    teacher = Person(admin.client)
    teacher.post("/accounts", {"token": token, "name": "teacher"})
    assert teacher.get("/me").json()["roles"] == ["admin", "read"]
    [listed] = teacher.get("/invites").json()["invites"]
    assert (listed["uses"], listed["usesLeft"]) == (2, 1)
    assert "url" not in listed
    assert Person(admin.client).post("/accounts", {"token": token, "name": "second"}).is_success
    assert teacher.get("/invites").json() == {"invites": []}
    third = Person(admin.client).post("/accounts", {"token": token, "name": "third"})
    assert_problem(third, 401, "unauthorized")


def test_who_has_the_link_can_ask_whether_it_opens_anything_and_uses_nothing_up(
    admin: Person,
) -> None:
    token = invited(admin, roles=["admin", "read"])
    stranger = Person(admin.client)
    for _ in range(3):
        answer = stranger.post("/invites/check", {"token": token})
        assert (answer.status_code, answer.json()) == (200, {"roles": ["admin", "read"]})
    assert not stranger.cookies
    assert stranger.post("/accounts", {"token": token, "name": "ada"}).status_code == 201
    # Used, and never made, are answered alike
    never = "0" * 12 + "_" + "x" * 43
    told = [
        assert_problem(stranger.post("/invites/check", {"token": it}), 401, "unauthorized")
        for it in (token, never, token[:-1] + "!", token[:12], "")
    ]
    assert len(set(told)) == 1
    assert stranger.post("/invites/check", {}).status_code == 400


def test_an_invite_that_was_taken_back_or_has_expired_opens_nothing(
    admin: Person, hand: HandWorker
) -> None:
    tokens = [invited(admin) for _ in range(2)]
    for token, end in zip(tokens, ("deleted", "expired"), strict=True):
        if end == "deleted":
            assert admin.ask("DELETE", f"/invites/{token[:12]}").status_code == 204
            assert admin.ask("DELETE", f"/invites/{token[:12]}").status_code == 404
        else:
            hand.redis.pexpireat(keys.invite(token[:12]), 1)
            hand.redis.zadd(keys.INVITES, {token[:12]: 1})
        answer = Person(admin.client).post("/accounts", {"token": token, "name": "ada"})
        assert_problem(answer, 401, "unauthorized")
    assert admin.get("/invites").json() == {"invites": []}
    for wrong in ("", "x", tokens[0][:-1] + "!", "0" * 12 + "_" + "x" * 43, tokens[0] + "x"):
        answer = Person(admin.client).post("/accounts", {"token": wrong, "name": "ada"})
        assert_problem(answer, 401, "unauthorized")
    other = invited(admin)
    swapped = other[:12] + tokens[0][12:]
    answer = Person(admin.client).post("/accounts", {"token": swapped, "name": "ada"})
    assert_problem(answer, 401, "unauthorized")


def test_only_who_looks_after_the_people_makes_invites(admin: Person) -> None:
    ada = joined(admin, "ada", None)
    for method, path in (
        *(("POST", "/invites"), ("GET", "/invites"), ("DELETE", "/invites/x")),
        *(("GET", "/accounts"), ("DELETE", "/accounts/ada"), ("POST", "/accounts/ada/login")),
    ):
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        assert_problem(ada.ask(method, path, **body), 403, "forbidden")


@pytest.mark.parametrize(("uses", "names"), [(1, 12), (3, 12)])
def test_an_invite_makes_no_more_accounts_than_it_says_whoever_comes_together(
    redis_url: str, uses: int, names: int
) -> None:
    async def rush() -> list[Any]:
        async with async_client(redis_url) as client:
            invites = Invites(client)
            made = await invites.create(InviteRequest(uses=uses))
            token = made.url.partition("=")[2]
            people = [new_account(f"name{number}", [Role.READ]) for number in range(names)]
            joins = (invites.join(token, person) for person in people)
            ended = await asyncio.gather(*joins, return_exceptions=True)
            stored = await Accounts(client).all()
            assert len(stored) == uses
            assert await client.hlen(keys.MEMBERS) == uses
            return ended

    ended = asyncio.run(rush())
    assert ended.count(None) == uses
    assert sum(isinstance(error, Unauthorized) for error in ended) == names - uses


def test_a_name_is_taken_once_whoever_comes_together(redis_url: str) -> None:
    async def rush() -> list[Any]:
        async with async_client(redis_url) as client:
            invites = Invites(client)
            token = (await invites.create(InviteRequest(uses=20))).url.partition("=")[2]
            written = ["Ada", "ADA", "ada", "aDa"] * 3
            people = [new_account(name, [Role.READ]) for name in written]
            joins = (invites.join(token, person) for person in people)
            ended = await asyncio.gather(*joins, return_exceptions=True)
            winner = people[ended.index(None)]
            # When its reply was lost and the call comes again, it is the same account
            await invites.join(token, winner)
            assert [it.tenant for it in await Accounts(client).all()] == [winner.tenant]
            assert (await invites.all())[0].uses_left == 19
            return ended

    ended = asyncio.run(rush())
    assert ended.count(None) == 1
    assert sum(isinstance(error, Conflict) for error in ended) == 11
