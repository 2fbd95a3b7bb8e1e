"""Who looks after the problems: the operator, and accounts that are admin; no key of a tenant."""

from __future__ import annotations

import pytest

from shared import keys
from shared.identity import LOCAL_TENANT, Role
from tests.access.people import Person, joined
from tests.admin.test_admin import key_of
from tests.in_process import HandWorker, assert_problem
from tests.result.test_people import install
from tests.shared import submissions as subs

#: What everybody sees, and everybody's verdicts; and what the answer is for who may do it.
ROUTES = [
    ("POST", "/problems", 415),
    ("POST", "/problems/adding/examples/accepted/x.py", 404),
    ("POST", "/problems/adding/rejudge", 202),
    ("GET", "/problems/adding/rejudge", 404),
    ("DELETE", "/problems/adding", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ROUTES)
def test_a_key_with_the_role_admin_is_one_for_its_own_tenant(
    admin: Person, hand: HandWorker, redis_url: str, method: str, path: str, status: int
) -> None:
    install(hand, "adding")
    ada = joined(admin, "ada", None, roles=["admin", "read"])
    tenants = ("acme", ada.tenant)
    before = subs.dump(hand.redis)
    for tenant in tenants:
        headers = key_of(redis_url, tenant, *Role)
        refused = Person(admin.client).ask(method, path, headers=headers)
        assert_problem(refused, 403, "forbidden")
    hand.redis.delete(keys.API_KEYS)
    assert subs.dump(hand.redis) == before
    # The operator's is as good as being on this machine, and so is an account with that role
    headers = key_of(redis_url, LOCAL_TENANT, Role.ADMIN)
    assert Person(admin.client).ask(method, path, headers=headers).status_code == status
    install(hand, "adding")
    assert ada.ask(method, path).status_code == status
