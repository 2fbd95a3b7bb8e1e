"""`account list` and `account roles`: what the operator does, whether or not anything serves."""

from __future__ import annotations

import asyncio

import pytest

from infra.local import accounts
from infra.local.arguments import read
from infra.local.cli import settings_of
from infra.local.failure import Failure
from shared import keys
from shared.accounts import Accounts, new_account
from shared.connect import async_client
from shared.identity import Role
from shared.models import encode


def account(redis_url: str, *argv: str) -> int:
    args = read(["account", *argv, "--redis-url", redis_url])
    return accounts.main(settings_of(args), args)


async def _made(redis_url: str, *names: str) -> None:
    async with async_client(redis_url) as client:
        for name in names:
            stored = encode(new_account(name, [Role.ADMIN]))
            await client.hset(keys.ACCOUNTS, name.lower(), stored)


async def _roles(redis_url: str, name: str) -> list[Role]:
    async with async_client(redis_url) as client:
        return (await Accounts(client).get(name)).roles


def test_the_operator_sees_and_changes_what_accounts_may_do_the_last_admin_included(
    redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account(redis_url, "list") == 0
    assert "There are no accounts" in capsys.readouterr().out
    asyncio.run(_made(redis_url, "Ada", "Bob"))

    for name in ("ada", "BOB"):
        assert account(redis_url, "roles", name, "submit,read") == 0
    assert "Bob may read, submit from the next request on." in capsys.readouterr().out
    assert asyncio.run(_roles(redis_url, "bob")) == [Role.READ, Role.SUBMIT]
    assert account(redis_url, "roles", "bob", "admin") == 0

    assert account(redis_url, "list") == 0
    listed = capsys.readouterr().out
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        ["Ada", "read,submit"],
        ["Bob", "admin"],
    ]


def test_a_name_that_nobody_has_and_a_role_that_is_none_change_nothing(
    redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_made(redis_url, "Ada"))
    assert account(redis_url, "roles", "eve", "read") == 1
    assert "no account 'eve'" in capsys.readouterr().out
    for roles in ("", ",", "root", "read,root"):
        with pytest.raises(Failure, match="Roles are some of") as refused:
            account(redis_url, "roles", "ada", roles)
        assert refused.value.code == 2
    assert asyncio.run(_roles(redis_url, "ada")) == [Role.ADMIN]
