"""Accounts: how one gets in, how one comes back, and how one is gone."""

from __future__ import annotations

from tests.access.people import PASSWORD, Person, invited, joined
from tests.in_process import HandWorker, assert_problem
from tests.shared import submissions as subs


def test_an_invite_makes_an_account_with_a_tenant_of_its_own(admin: Person) -> None:
    ada = joined(admin, "Ada")
    me = ada.get("/me").json()
    assert me["name"] == "Ada"
    assert me["roles"] == ["read", "submit"]
    assert me["tenant"].startswith("user-")
    assert (me["account"], me["hasPassword"]) == (True, True)
    assert admin.get("/me").json()["account"] is False
    again = Person(admin.client)
    assert again.post("/session", {"name": "ADA", "password": PASSWORD}).json() == me
    assert again.get("/me").json() == me


def test_nobody_sees_what_is_anothers(admin: Person, hand: HandWorker) -> None:
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    mine = subs.submitted(hand.redis, tenant=ada.tenant, problem="p")
    assert ada.get(f"/result/{mine}").json()["own"] is True
    assert_problem(bob.get(f"/result/{mine}"), 404, "not-found")
    assert [row["id"] for row in ada.get("/submissions").json()["submissions"]] == [mine]
    assert bob.get("/submissions").json() == {"submissions": [], "next": None}
    assert ada.post(f"/submission/{mine}/share").json() == {"id": mine, "shared": True}
    assert bob.get(f"/result/{mine}").json()["own"] is False


def test_a_deleted_account_opens_nothing_and_leaves_nothing(
    admin: Person, hand: HandWorker
) -> None:
    ada = joined(admin, "ada")
    tenant = ada.tenant
    subs.submitted(hand.redis, tenant=tenant, problem="p")
    assert admin.ask("DELETE", "/accounts/ada").status_code == 204
    assert_problem(ada.get("/me"), 401, "unauthorized")
    assert [key for key in hand.redis.scan_iter() if tenant in key.decode()] == []
    assert_problem(admin.ask("DELETE", "/accounts/ada"), 404, "not-found")
    assert invited(admin)
