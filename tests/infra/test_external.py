from __future__ import annotations

import pytest

from infra.local.external import check, judge, redacted
from infra.local.failure import Failure
from infra.local.valkey import Valkey


def test_a_redis_that_will_do_is_named_and_not_warned_about(valkey: Valkey) -> None:
    name, warnings = check(valkey.url)

    assert name.startswith("Valkey 9.")
    assert warnings == []


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15"),
        ({"redis_version": "10.1.0"}, "Redis 10.1.0"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0"}, "Valkey 8.1.0"),
    ],
)
def test_redis_7_and_every_valkey_will_do(info: dict[str, str], name: str) -> None:
    assert judge("here", info) == f"{name} at here"


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        ({"redis_version": "6.2.14"}, "Redis 6.2.14 at here is too old"),
        ({"redis_version": "7.4.0", "redis_mode": "cluster"}, "Redis 7.4.0 at here is a cluster"),
    ],
)
def test_what_will_not_do_is_refused(info: dict[str, str], sentence: str) -> None:
    with pytest.raises(Failure, match=sentence):
        judge("here", info)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:1/0", "redis://host:1/0"),
        ("redis://:secret@host:1/0", "redis://:***@host:1/0"),
        ("rediss://user:secret@host/0", "rediss://user:***@host/0"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown
