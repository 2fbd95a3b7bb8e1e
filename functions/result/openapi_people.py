"""The rows of the OpenAPI description that are about people."""

from __future__ import annotations

from typing import Any

import msgspec

from shared import people

MODELS: tuple[type[msgspec.Struct], ...] = (
    people.Me,
    people.JoinRequest,
    people.SessionRequest,
    people.PasswordRequest,
    people.InviteRequest,
    people.NewInvite,
    people.InviteList,
    people.AccountList,
    people.LoginLink,
    people.RolesRequest,
    people.Shared,
    people.HistoryPage,
    people.Leaderboard,
    people.ProblemLeaderboard,
    people.InviteCheck,
    people.InviteChecked,
    people.Standing,
)

#: method and path of those that take a body, and what it is
BODIES: dict[tuple[str, str], type[msgspec.Struct]] = {
    ("post", "/accounts"): people.JoinRequest,
    ("post", "/session"): people.SessionRequest,
    ("put", "/me/password"): people.PasswordRequest,
    ("post", "/invites"): people.InviteRequest,
    ("post", "/invites/check"): people.InviteCheck,
    ("put", "/accounts/{name}/roles"): people.RolesRequest,
}


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:  # noqa: ANN401
    schema = {"type": "string", **schema}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _limit(most: int) -> dict[str, Any]:
    return _query("limit", "rows at most", type="integer", minimum=1, maximum=most)


_PROBLEM = _query("problem", "the id of a problem")
_HISTORY = [
    _PROBLEM,
    _query("judged", "only those that a package judges, or only the others", type="boolean"),
    _query("before", "what `next` said: the rows after that page"),
    _limit(100),
]

#: As in openapi.py.
PATHS: tuple[tuple[str, str, str, dict[str, Any], list[dict[str, Any]]], ...] = (
    ("get", "/me", "Who one is", {"200": people.Me}, []),
    (
        "put",
        "/me/password",
        "Set one's password; every other session is closed",
        {"200": people.Me},
        [],
    ),
    (
        "post",
        "/session",
        "Sign in with name and password, or with the token of a link",
        {"200": people.Me},
        [],
    ),
    ("post", "/accounts", "Make an account by an invite", {"201": people.Me}, []),
    ("get", "/accounts", "All accounts (admin)", {"200": people.AccountList}, []),
    (
        "delete",
        "/accounts/{name}",
        "Delete an account and all that is stored of it (admin)",
        {"204": ("deleted", {})},
        [],
    ),
    (
        "put",
        "/accounts/{name}/roles",
        "Say what an account may do, from its next request on (admin)",
        {"200": people.Account},
        [],
    ),
    (
        "post",
        "/accounts/{name}/login",
        "A link that signs this account in once (admin)",
        {"201": people.LoginLink},
        [],
    ),
    ("post", "/invites", "Make an invite (admin)", {"201": people.NewInvite}, []),
    ("get", "/invites", "The invites that can be used (admin)", {"200": people.InviteList}, []),
    (
        "post",
        "/invites/check",
        "Whether the token of an invite opens anything; it is not used by this",
        {"200": people.InviteChecked},
        [],
    ),
    ("delete", "/invites/{id}", "Take an invite back (admin)", {"204": ("deleted", {})}, []),
    (
        "get",
        "/submissions",
        "What one has sent in, the newest first, without batches",
        {"200": people.HistoryPage},
        _HISTORY,
    ),
    (
        "get",
        "/result/{id}/standing",
        "How an accepted solution does beside those of others",
        {"200": people.Standing},
        [],
    ),
    (
        "post",
        "/submission/{id}/share",
        "Let everybody who is signed in read a submission",
        {"200": people.Shared},
        [],
    ),
    ("delete", "/submission/{id}/share", "Not any more", {"200": people.Shared}, []),
    (
        "get",
        "/leaderboard",
        "Who has solved most; or the best runs of a problem (ProblemLeaderboard)",
        {"200": people.Leaderboard},
        [_PROBLEM, _limit(500)],
    ),
)
