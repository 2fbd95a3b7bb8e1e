"""What an account may do is said by an admin, holds at once, and locks nobody out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.accounts import Accounts
from shared.connect import async_client
from shared.credentials import Credentials, caller_for
from shared.identity import Caller
from tests.access.people import Person, joined
from tests.in_process import assert_problem

EVERYTHING = ["admin", "read", "submit"]
PROGRAM = {"code": "", "language": "python"}


def give(who: Person, name: str, roles: object) -> int:
    """The status of the answer to somebody who says what an account may do."""
    return who.ask("PUT", f"/accounts/{name}/roles", json={"roles": roles}).status_code


def test_roles_are_given_and_taken_away_and_hold_from_the_next_request_on(admin: Person) -> None:
    ada = joined(admin, "Ada")
    assert ada.get("/accounts").status_code == 403
    answer = admin.ask("PUT", "/accounts/ada/roles", json={"roles": ["admin", "read", "admin"]})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["roles"]) == ("Ada", ["admin", "read"])
    # She is still signed in, and may do what she is said to, and nothing else
    assert ada.get("/me").json()["roles"] == ["admin", "read"]
    assert ada.get("/accounts").status_code == 200
    assert_problem(ada.post("/submit", PROGRAM), 403, "forbidden")
    assert give(admin, "ada", ["submit"]) == 200
    assert ada.get("/accounts").status_code == 403
    assert ada.post("/submit", PROGRAM).status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": []}, "roles"),
        ({}, "roles"),
        ({"roles": ["root"]}, "roles[0]"),
        ({"roles": "admin"}, "roles"),
        ({"roles": ["admin"], "name": "x"}, "name"),
    ],
)
def test_roles_that_are_none_are_refused_by_name(
    admin: Person, body: dict[str, object], field: str
) -> None:
    joined(admin, "ada")
    answer = admin.ask("PUT", "/accounts/ada/roles", json=body)
    assert_problem(answer, 400, "invalid-field", field)
    assert give(admin, "nobody", ["read"]) == 404
    assert admin.get("/accounts").json()["accounts"][0]["roles"] == ["read", "submit"]


def test_the_last_admin_keeps_the_role_unless_the_operator_takes_it(admin: Person) -> None:
    ada, bob = joined(admin, "ada", roles=EVERYTHING), joined(admin, "bob")
    # Given one admin among the accounts
    answer = ada.ask("PUT", "/accounts/ada/roles", json={"roles": ["read"]})
    assert "last account" in assert_problem(answer, 409, "conflict")
    assert_problem(ada.ask("DELETE", "/accounts/ada"), 409, "conflict")
    assert give(ada, "ada", ["admin"]) == 200  # it still is one then
    # When there is another one, either may go, and again the last may not
    assert give(ada, "bob", EVERYTHING) == 200
    assert give(ada, "ada", ["read"]) == 200
    assert give(ada, "ada", EVERYTHING) == 403
    assert give(bob, "bob", ["read"]) == 409
    # The operator is one without an account, so he locks nobody out
    assert give(admin, "bob", ["read"]) == 200
    assert admin.get("/accounts").status_code == 200


def test_two_admins_who_dismiss_each_other_at_once_leave_one(admin: Person) -> None:
    for _ in range(5):
        people = [joined(admin, name, None, roles=EVERYTHING) for name in ("ada", "bob")]
        with ThreadPoolExecutor(2) as pool:
            list(
                pool.map(
                    lambda who: give(who, "bob" if who.name == "ada" else "ada", ["read"]), people
                )
            )
        left = [it for it in admin.get("/accounts").json()["accounts"] if "admin" in it["roles"]]
        assert len(left) == 1
        for person in people:
            assert admin.ask("DELETE", f"/accounts/{person.name}").status_code == 204


def test_what_is_open_ends_when_a_role_is_taken_away(admin: Person, redis_url: str) -> None:
    joined(admin, "ada", roles=EVERYTHING)

    async def opened() -> Caller:
        async with async_client(redis_url) as client:
            caller = caller_for(await Accounts(client).get("ada"))
            token = await Credentials(client).open_session(caller)
            found = await Credentials(client).by_session(token, per_minute=0)
            assert found is not None
            return found

    async def still_open(caller: Caller) -> bool:
        async with async_client(redis_url) as client:
            return (await Credentials(client).still_open([caller]))[0]

    caller = asyncio.run(opened())
    assert asyncio.run(still_open(caller))
    assert give(admin, "ada", ["read", "submit"]) == 200
    assert not asyncio.run(still_open(caller))
    assert give(admin, "ada", EVERYTHING) == 200
    assert asyncio.run(still_open(caller))
