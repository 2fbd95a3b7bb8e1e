"""The wire models of accounts, invites, histories and standings. JSON is camelCase."""

from __future__ import annotations

from shared.answers import Answer
from shared.identity import Role
from shared.models import Wire
from shared.verdicts import State, Verdict


class JoinRequest(Wire, kw_only=True):
    """The body of `POST /accounts`."""

    token: str
    name: str
    password: str | None = None


class SessionRequest(Wire, kw_only=True):
    """The body of `POST /session`: name and password, or the token of a link."""

    name: str | None = None
    password: str | None = None
    token: str | None = None


class InviteCheck(Wire, kw_only=True):
    """The body of `POST /invites/check`."""

    token: str


class PasswordRequest(Wire, kw_only=True):
    """The body of `PUT /me/password`."""

    password: str
    #: The one so far, where there is one.
    current: str | None = None


class InviteRequest(Wire, kw_only=True):
    """The body of `POST /invites`."""

    days: int = 7
    uses: int = 1
    #: What the accounts may do; if missing, submit and read.
    roles: list[Role] | None = None


class RolesRequest(Wire, kw_only=True):
    """The body of `PUT /accounts/{name}/roles`: all that the account may do from then on."""

    roles: list[Role]


class Me(Answer):
    """The answer of `GET /me`: who the credentials say that one is."""

    tenant: str
    name: str
    roles: list[str]
    #: False: the local tenant, or an API key.
    account: bool
    has_password: bool


class Account(Answer):
    """An account, as the admin sees it."""

    name: str
    tenant: str
    roles: list[str]
    created_ms: int
    has_password: bool


class AccountList(Answer):
    """The answer of `GET /accounts`."""

    accounts: list[Account]


class LoginLink(Answer):
    """The answer of `POST /accounts/{name}/login`: it signs in once."""

    url: str
    expires_ms: int


class Invite(Answer, kw_only=True):
    """An invite, as the admin sees it."""

    id: str
    uses: int
    uses_left: int
    roles: list[Role]
    created_ms: int
    expires_ms: int


class NewInvite(Invite, kw_only=True):
    """The answer of `POST /invites`: the only time that its link is told."""

    url: str


class InviteList(Answer):
    """The answer of `GET /invites`."""

    invites: list[Invite]


class InviteChecked(Answer):
    """The answer of `POST /invites/check`: it opens something, an account with these roles."""

    roles: list[Role]


class Shared(Answer):
    """What `POST` or `DELETE /submission/{id}/share` left."""

    id: str
    shared: bool


class HistoryRow(Answer):
    """One line of one's own history."""

    id: str
    problem_id: str | None
    language: str
    status: State
    verdict: Verdict | None
    #: Whether the package of an installed problem judges it; else it is a run of one's own.
    judged: bool
    #: Whether everybody who is signed in may read it.
    shared: bool
    created_ms: int
    finished_ms: int | None
    cpu_time_ms: float | None
    peak_memory_bytes: int | None
    score: float | None


class HistoryPage(Answer):
    """The answer of `GET /submissions`."""

    submissions: list[HistoryRow]
    #: For `?before=`; null: there is no more.
    next: str | None


class SolverRow(Answer):
    """A line of the leaderboard over all problems."""

    rank: int
    name: str
    solved: int
    me: bool


class BestRunRow(Answer):
    """A line of a problem's leaderboard: somebody's best accepted run."""

    rank: int
    name: str
    language: str
    cpu_time_ms: float | None
    peak_memory_bytes: int | None
    #: When it was sent in.
    created_ms: int
    me: bool


class Leaderboard(Answer):
    """The answer of `GET /leaderboard`."""

    rows: list[SolverRow]
    #: The caller's own line, also where it is past the last one shown.
    own: SolverRow | None


class ProblemLeaderboard(Answer):
    """The answer of `GET /leaderboard?problem=`."""

    rows: list[BestRunRow]
    own: BestRunRow | None


class Spread(Answer):
    """Where one figure stands among those of others; the less the better."""

    own: float
    #: The share of the others that need more, from 0 to 1.
    ahead_of: float
    #: Where the first and the last of the equal steps of a logarithmic scale begin and end.
    least: float
    most: float
    #: How many of the others are in each step.
    counts: list[int]
    #: The step, from 0, that one's own is in.
    own_place: int


class Standing(Answer):
    """The answer of `GET /result/{id}/standing`: an accepted solution beside those of others."""

    problem_id: str
    #: They are in this language; null: in any, for too few are in its own.
    language: str | None
    #: How many it is compared with: the best of each other.
    solutions: int
    #: Null: there are too few others, or it was not measured.
    cpu_time_ms: Spread | None
    peak_memory_bytes: Spread | None
