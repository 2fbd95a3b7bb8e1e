"""How often one may try to sign in, from where, and by which browser one is known."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from functions.access import attempts, passwords
from functions.access.attempts import address_of
from shared import keys
from tests.access.people import PASSWORD, Person, joined, signed_in
from tests.in_process import HandWorker, assert_problem


@pytest.mark.parametrize("name", ["ada", "nobody-at-all"])
def test_trying_passwords_is_limited_for_each_name(admin: Person, name: str) -> None:
    joined(admin, "ada")
    joined(admin, "bob")
    with ThreadPoolExecutor(6) as pool:
        tries = [
            pool.submit(signed_in, admin, name.swapcase(), f"wrong password {n}")
            for n in range(attempts.MOST_FOR_A_NAME_HERE + 5)
        ]
        statuses = sorted(attempt.result().status_code for attempt in tries)
    assert statuses == [401] * attempts.MOST_FOR_A_NAME_HERE + [429] * 5
    refused = signed_in(admin, name, PASSWORD)  # also with the right one
    assert_problem(refused, 429, "rate-limited")
    assert 1 <= int(refused.headers["retry-after"]) <= attempts.WINDOW_S
    assert signed_in(admin, "bob", PASSWORD).status_code == 200


def at_once(admin: Person, name: str, password: str, many: int) -> list[int]:
    """What so many are answered who sign in at the same moment, each from a new browser."""

    async def one() -> int:
        transport = httpx2.ASGITransport(app=admin.client.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.post("/session", json={"name": name, "password": password})
            return answer.status_code

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(one() for _ in range(many)))

    assert admin.client.portal is not None
    return sorted(admin.client.portal.call(all_of_them))


def counted(hand: HandWorker) -> list[int]:
    """What stands in the counters of attempts, where anything does."""
    found = [int(hand.redis.get(key) or 0) for key in hand.redis.scan_iter(keys.attempts("*"))]
    return [it for it in found if it]


def test_who_waits_for_his_turn_has_used_up_nothing(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(admin, "ada")
    # A class at the start of an exam: more right passwords at once than wrong ones are allowed
    many = attempts.MOST_FOR_A_NAME_HERE + 10
    monkeypatch.setattr(attempts, "MOST_FROM_AN_ADDRESS", many - 5)
    assert at_once(admin, "ada", PASSWORD, many) == [200] * many
    assert counted(hand) == []
    # Whom there is no room for has not tried
    monkeypatch.setattr(passwords, "_MOST_WAITING", 3)
    assert at_once(admin, "ada", PASSWORD, many) == [200] * 3 + [503] * (many - 3)
    assert counted(hand) == []


def test_guessing_at_once_gains_nothing_and_takes_nobodys_place(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(admin, "ada")
    most = attempts.MOST_FOR_A_NAME_HERE
    guessed = at_once(admin, "ada", "wrong horse battery", most + 15)
    assert guessed == [401] * most + [429] * 15
    monkeypatch.setattr(passwords, "_MOST_WAITING", 0)  # told at once, and not when there is room
    assert at_once(admin, "ada", PASSWORD, 2) == [429] * 2


def test_trying_passwords_is_limited_for_each_address(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST_FROM_AN_ADDRESS", 3)
    joined(admin, "ada")
    for _ in range(5):  # the right one costs nothing
        assert signed_in(admin, "ada", PASSWORD).status_code == 200
    for number in range(3):
        assert signed_in(admin, f"guess{number}", "wrong horse battery").status_code == 401
    assert_problem(signed_in(admin, "ada", PASSWORD), 429, "rate-limited")
    # Given that the window has passed
    counters = list(hand.redis.scan_iter(keys.attempts("*")))
    assert all(0 < hand.redis.pttl(key) <= attempts.NAME_WINDOW_S * 1000 for key in counters)
    hand.redis.delete(*counters)
    assert signed_in(admin, "ada", PASSWORD).status_code == 200


def from_address(person: Person, name: str, password: str, address: str) -> Any:  # noqa: ANN401
    """The answer to somebody who signs in from an address, with his own browser."""
    body = {"name": name, "password": password}
    return person.post("/session", body, headers={"x-forwarded-for": address})


def test_who_tries_in_vain_locks_himself_out_and_not_the_owner_of_the_name(admin: Person) -> None:
    owner, school = joined(admin, "ada"), "203.0.113.9"
    prankster = Person(admin.client)
    for _ in range(attempts.MOST_FOR_A_NAME_HERE):
        assert from_address(prankster, "ada", "wrong horse battery", school).status_code == 401
    refused = from_address(prankster, "ada", PASSWORD, school)
    assert "can be made in" in assert_problem(refused, 429, "rate-limited")
    # The owner comes in from any other address, and in the same school by a browser that is known
    assert from_address(Person(admin.client), "ada", PASSWORD, "198.51.100.1").status_code == 200
    assert from_address(Person(admin.client), "ada", PASSWORD, school).status_code == 429
    owner.post("/logout")
    assert from_address(owner, "ada", PASSWORD, school).status_code == 200


@pytest.mark.parametrize("name", ["ada", "nobody-at-all"])
def test_many_addresses_together_have_a_bound_that_a_known_browser_does_not_share(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(attempts, "MOST_FOR_A_NAME", 4)
    ada, address = joined(admin, "ada"), "198.51.100.1"
    # Given that a name is tried from many addresses, until no more tries are left
    statuses = [
        from_address(Person(admin.client), name, "x", f"203.0.113.{n}").status_code
        for n in range(6)
    ]
    assert statuses == [401] * 4 + [429] * 2
    # Then its owner comes in by his browser, as often as he likes, and by no other
    for _ in range(3):
        assert from_address(ada, "ada", PASSWORD, address).status_code == 200
    assert from_address(Person(admin.client), name, PASSWORD, address).status_code == 429
    # And what is tried in vain with it is counted for it, and gives nothing back to others
    for _ in range(attempts.MOST_FROM_A_DEVICE):
        assert from_address(ada, "ada", "wrong horse battery", address).status_code == 401
    assert from_address(ada, "ada", PASSWORD, address).status_code == 429
    assert from_address(Person(admin.client), name, "x", "203.0.113.99").status_code == 429


def test_a_browser_is_known_for_its_own_accounts_by_what_is_ours_alone(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST_FOR_A_NAME", 2)
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    for name in ("ada", "ada", "bob", "bob"):
        assert signed_in(admin, name, "wrong horse battery").status_code == 401
    # Somebody else's browser, one that was made up, and one that is not known any more
    assert from_address(bob, "ada", PASSWORD, "198.51.100.1").status_code == 429
    for made_up in ("", "x", "x" * 43, "x" * 5000, ada.cookies["assay_device"][:-1]):
        stranger = Person(admin.client)
        stranger.cookies["assay_device"] = made_up
        assert from_address(stranger, "ada", PASSWORD, "198.51.100.1").status_code == 429
    known = {tenant: keys.devices(tenant) for tenant in (ada.tenant, bob.tenant)}
    assert [hand.redis.zcard(it) for it in known.values()] == [1, 1]
    assert all(0 < hand.redis.ttl(it) <= attempts.DEVICE_S for it in known.values())
    mine = known[ada.tenant]
    assert ada.cookies["assay_device"].encode() not in (hand.redis.dump(mine) or b"")
    # It is forgotten a month after its own last use, even if others are in use
    digests: Any = hand.redis.zrange(mine, 0, -1)
    hand.redis.zincrby(mine, -attempts.DEVICE_S * 1000, digests[0])
    assert from_address(ada, "ada", PASSWORD, "198.51.100.1").status_code == 429


def test_so_many_browsers_of_an_account_are_known_and_the_least_used_is_forgotten(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempts.MOST_DEVICES == 50
    monkeypatch.setattr(attempts, "MOST_DEVICES", 2)
    monkeypatch.setattr(attempts, "MOST_FOR_A_NAME", 2)
    first = joined(admin, "ada")
    second = Person(admin.client)
    for person in (second, first):  # the first has been here since
        assert from_address(person, "ada", PASSWORD, "198.51.100.1").status_code == 200
    for _ in range(2):
        assert signed_in(admin, "ada", PASSWORD).status_code == 200
        assert from_address(first, "ada", PASSWORD, "198.51.100.1").status_code == 200
    assert hand.redis.zcard(keys.devices(first.tenant)) == 2
    for _ in range(2):
        assert signed_in(admin, "ada", "wrong horse battery").status_code == 401
    assert from_address(second, "ada", PASSWORD, "198.51.100.1").status_code == 429
    assert from_address(first, "ada", PASSWORD, "198.51.100.1").status_code == 200


def test_a_browser_is_not_known_to_whoever_takes_the_name_next(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST_FOR_A_NAME", 2)
    before = joined(admin, "ada")
    tenant = before.tenant
    assert admin.ask("DELETE", "/accounts/ada").status_code == 204
    joined(admin, "ada")
    for _ in range(2):
        assert signed_in(admin, "ada", "wrong horse battery").status_code == 401
    assert from_address(before, "ada", PASSWORD, "198.51.100.1").status_code == 429
    assert not hand.redis.exists(keys.devices(tenant))


def test_who_signs_in_while_his_account_is_deleted_leaves_no_known_browser(
    admin: Person, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = joined(admin, "ada").tenant
    real = passwords._matches

    def meanwhile(stored: str, password: str) -> bool:
        hand.redis.hdel(keys.ACCOUNTS, "ada")  # as `leave.lua` does
        hand.redis.hdel(keys.MEMBERS, tenant)
        hand.redis.delete(keys.devices(tenant))
        return real(stored, password)

    monkeypatch.setattr(passwords, "_matches", meanwhile)
    signed_in(admin, "ada", PASSWORD)
    assert not hand.redis.exists(keys.devices(tenant))


@pytest.mark.parametrize(
    ("peer", "passed", "behind_proxy", "address"),
    [
        ("93.184.216.34", [], False, "93.184.216.34"),
        ("93.184.216.34", ["198.51.100.1"], False, "93.184.216.34"),
        ("93.184.216.34", ["198.51.100.1"], True, "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1"], False, "198.51.100.1"),
        ("172.18.0.5", ["1.1.1.1, 198.51.100.1"], False, "198.51.100.1"),
        ("::ffff:172.18.0.5", ["1.1.1.1", "198.51.100.1"], False, "198.51.100.1"),
        ("127.0.0.1", ["nonsense"], True, "unknown"),
        ("127.0.0.1", [], True, "127.0.0.1"),
        ("2a00:1450::1", [], False, "2a00:1450::/64"),
        ("2a00:1450::ffff", ["1.1.1.1"], False, "2a00:1450::/64"),
        ("::ffff:93.184.216.34", [], False, "93.184.216.34"),
        (None, [], False, "unknown"),
    ],
)
def test_an_address_is_the_last_that_somebody_trustworthy_has_seen(
    peer: str | None, passed: list[str], behind_proxy: bool, address: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in passed]
    scope = {"client": (peer, 1) if peer else None, "headers": headers}
    assert address_of(scope, behind_proxy=behind_proxy) == address


def test_guessing_the_current_password_is_limited_too(admin: Person) -> None:
    ada = joined(admin, "ada")
    body = {"password": "a new long one", "current": "not the old one"}
    answers = [
        ada.ask("PUT", "/me/password", json=body).status_code
        for _ in range(attempts.MOST_FOR_A_NAME_HERE + 1)
    ]
    assert answers == [400] * attempts.MOST_FOR_A_NAME_HERE + [429]
