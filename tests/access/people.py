"""People of a test: an admin on this machine, accounts that came in by an invite."""

from __future__ import annotations

from typing import Any

import httpx2
from starlette.testclient import TestClient

from shared.gate import COOKIE

PASSWORD = "correct horse battery"


class Person:
    """Somebody with a browser of his own, at the same app as the others."""

    def __init__(self, client: TestClient, name: str = "") -> None:
        self.client = client
        self.name = name
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, **how: Any) -> httpx2.Response:  # noqa: ANN401
        """A request; cookies are kept as a browser keeps them."""
        self.client.cookies.clear()
        headers = {"cookie": self.cookie} if self.cookies else {}
        headers |= how.pop("headers", {})
        answer = self.client.request(method, path, headers=headers, follow_redirects=False, **how)
        for cookie in answer.cookies.jar:
            self.cookies[cookie.name] = cookie.value or ""
        if "Max-Age=0" in answer.headers.get("set-cookie", ""):
            self.cookies.pop(COOKIE, None)  # the one that is taken
        return answer

    def get(self, path: str, **how: Any) -> httpx2.Response:  # noqa: ANN401
        return self.ask("GET", path, **how)

    def post(self, path: str, body: Any = None, **how: Any) -> httpx2.Response:  # noqa: ANN401
        return self.ask("POST", path, **({} if body is None else {"json": body}), **how)

    @property
    def cookie(self) -> str:
        """The header that his browser sends."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    @property
    def tenant(self) -> str:
        """Whose submissions his are."""
        return str(self.get("/me").json()["tenant"])


def invited(admin: Person, **asked: Any) -> str:  # noqa: ANN401
    """The token of a new invite."""
    answer = admin.post("/invites", asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"]).partition("token=")[2]


def joined(admin: Person, name: str, password: str | None = PASSWORD, **invite: Any) -> Person:  # noqa: ANN401
    """Somebody who has just made an account."""
    person = Person(admin.client, name)
    body = {"token": invited(admin, **invite), "name": name, "password": password}
    answer = person.post("/accounts", body)
    assert answer.status_code == 201, answer.text
    return person


def signed_in(admin: Person, name: str, password: str) -> Any:  # noqa: ANN401
    """The answer to somebody who signs in with a browser of his own."""
    return Person(admin.client).post("/session", {"name": name, "password": password})
