"""Which doors are open: what a browser and a program meet that show nothing, or what is stale."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.access.invites import Invites
from infra.local.host import _check_keys
from shared.accounts import new_account
from shared.credentials import Credentials
from shared.failure import Failure
from shared.gate import COOKIE
from shared.identity import Role
from shared.people import InviteRequest
from shared.services import Services
from shared.settings import Settings
from tests.access.people import PASSWORD, Person, joined
from tests.access.test_isolation import routes
from tests.in_process import assert_problem, open_client

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
#: Routes that answer whoever asks; each for a reason that `shared/gate.py` gives.
OPEN = {
    *(("GET", "/login"), ("POST", "/logout"), ("POST", "/session"), ("POST", "/accounts")),
    ("POST", "/invites/check"),
    *(("GET", "/assets/{name}"), ("GET", "/healthz"), ("GET", "/readyz")),
}


@pytest.fixture
def public(redis_url: str) -> Iterator[Person]:
    """A stranger at a server that asks everybody for credentials."""
    with open_client(redis_url, auth="always") as client:
        yield Person(client)


def test_no_other_door_is_open(public: Person) -> None:
    for method, path in sorted(routes()):
        answer = public.ask(method, path.replace("{", "").replace("}", ""))
        if (method, path) in OPEN:
            detail = answer.text if answer.status_code == 401 else ""
            assert "Authorization" not in detail, (method, path)
        else:
            assert_problem(answer, 401, "unauthorized")
    assert public.get("/metrics").status_code == 401


@pytest.mark.parametrize("path", ["/", "/p/sum", "/play", "/result/x?wait=1", "/no-such/page"])
def test_a_browser_is_sent_to_where_people_sign_in_with_the_way_back(
    public: Person, path: str
) -> None:
    answer = public.get(path, headers=BROWSER)
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert (where.scheme, where.netloc, where.path) == ("", "", "/sign-in")
    assert parse_qs(where.query) == {"next": [path]}
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    # a program is told what it lacks, and so is whoever would change something
    assert_problem(public.get(path, headers={"accept": "*/*"}), 401, "unauthorized")
    assert_problem(public.post(path, headers=BROWSER), 401, "unauthorized")


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "///evil.example", "/\\evil.example", "/%0d%0aset-cookie:a=b"]
)
def test_the_way_back_leads_nowhere_else(public: Person, path: str) -> None:
    answer = public.ask("GET", f"http://127.0.0.1{path}", headers=BROWSER)
    [way_back] = parse_qs(urlsplit(answer.headers["location"]).query)["next"]
    assert way_back.startswith("/")
    assert not way_back.startswith(("//", "/\\"))
    assert not {"\r", "\n"} & set(way_back + answer.headers["location"])
    long = public.get("/p/" + "x" * 5000, headers=BROWSER)
    assert long.headers["location"] == "/sign-in?next=/"


def test_a_session_that_opens_nothing_is_taken_from_the_browser(admin: Person) -> None:
    ada = joined(admin, "ada")
    admin.ask("DELETE", "/accounts/ada")
    assert_problem(ada.get("/problems"), 401, "unauthorized")  # a fetch of the page is told
    assert COOKIE in ada.cookies
    answer = ada.get("/", headers=BROWSER)
    assert answer.headers["location"] == "/sign-in?next=/"
    assert COOKIE not in ada.cookies
    ada.cookies = {COOKIE: "x" * 43}
    assert ada.post("/logout").status_code == 204  # and so does signing out
    assert ada.cookies == {}


def test_a_token_that_is_used_up_sends_a_browser_to_sign_in(public: Person) -> None:
    answer = public.get("/login?token=" + "x" * 43, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?failed=token")
    assert_problem(public.get("/login?token=x"), 401, "unauthorized")


def test_another_site_neither_signs_in_nor_joins(admin: Person) -> None:
    joined(admin, "ada")
    body: dict[str, Any] = {"name": "ada", "password": PASSWORD}
    for origin in ("http://evil.example", "null", "https://127.0.0.1"):
        answer = Person(admin.client).post("/session", body, headers={"origin": origin})
        assert_problem(answer, 403, "forbidden")


def test_the_cookie_is_for_us_alone(admin: Person) -> None:
    joined(admin, "ada")
    body = {"name": "ada", "password": PASSWORD}
    plain = Person(admin.client).post("/session", body).headers["set-cookie"].lower()
    for flag in ("httponly", "samesite=strict", "path=/", "max-age=604800"):
        assert flag in plain
    assert "secure" not in plain


@pytest.mark.parametrize("there_is", ["nobody", "a key", "an account"])
def test_who_can_be_reached_by_others_starts_only_if_somebody_could_come_in(
    redis_url: str, there_is: str
) -> None:
    async def start() -> None:
        async with Services(Settings(redis_url=redis_url, host="0.0.0.0")) as services:
            if there_is == "a key":
                await Credentials(services.redis).create_key("acme", frozenset({Role.READ}))
            if there_is == "an account":
                invites = Invites(services.redis)
                token = (await invites.create(InviteRequest())).url.partition("=")[2]
                await invites.join(token, new_account("ada", [Role.READ]))
            await _check_keys(services)

    if there_is == "nobody":
        with pytest.raises(Failure, match="neither an API key nor an account"):
            asyncio.run(start())
    else:
        asyncio.run(start())
