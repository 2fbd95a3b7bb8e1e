"""Every Redis key of Assay. Nothing else spells a key; a test holds it.

| key                          | type   | life time                     | written by           |
|------------------------------|--------|-------------------------------|----------------------|
| assay:schema                 | string | for ever                      | shared/schema.py     |
| assay:migrating              | string | a minute, renewed             | shared/migrations.py |
| assay:sub:<id>               | hash   | result_ttl_s after the end    | all of shared/lua    |
| assay:ev:<id>                | stream | result_ttl_s after the end    | all that `emit`      |
| assay:batch:<id>             | hash   | result_ttl_s after the end    | _batch.lua           |
| assay:batch-left:<id>        | set    | member: until its end         | _batch.lua           |
| assay:batch-ended:<id>       | list   | result_ttl_s after the end    | _batch.lua           |
| assay:filling                | zset   | member: until it is filled    | _batch.lua           |
| assay:once:<tenant>:<digest> | string | a day                         | _once.lua            |
| assay:tenant-stream:<tenant> | hash   | for ever                      | all that `emit`      |
| assay:input:<id>             | list   | until the end                 | input.lua            |
| assay:latest:<tenant>:<prob> | string | result_ttl_s after last write | submit.lua           |
| assay:tenant:<tenant>        | hash   | for ever                      | who manages tenants  |
| assay:keys                   | hash   | field: until it is revoked    | shared/credentials   |
| assay:rate:<name>            | string | until its bucket is full      | _rate.lua            |
| assay:session:<digest>       | string | a week                        | shared/credentials   |
| assay:login:<digest>         | string | ten minutes, or its use       | shared/credentials   |
| assay:ticket:<digest>        | string | half a minute, or its use     | shared/credentials   |
| assay:accounts               | hash   | field: until it is deleted    | join, leave, PUT     |
| assay:members                | hash   | field: until it is deleted    | join, leave          |
| assay:leaving                | set    | member: until all is removed  | leave, access        |
| assay:invites                | zset   | member: until it is used up   | access/invites, join |
| assay:invite:<id>            | hash   | until it expires, or is used  | access/invites, join |
| assay:sessions:<tenant>      | zset   | a week after the newest       | shared/credentials   |
| assay:attempts:<digest>      | string | the window of the limit       | attempt.lua          |
| assay:devices:<tenant>       | zset   | a month after the last use    | attempt.lua          |
| assay:history:<tenant>       | zset   | for ever; the newest 1000     | _standings.lua       |
| assay:accepted:<tenant>:<p>  | zset   | for ever; the best 100        | _standings.lua       |
| assay:board:<problem>        | zset   | for ever                      | _standings.lua       |
| assay:solved:<tenant>        | set    | for ever                      | _standings.lua       |
| assay:withdrawn:<tenant>     | set    | for ever                      | _standings.lua       |
| assay:restanding             | hash   | field: until it is done       | list_problem, restand|
| assay:solvers                | zset   | for ever                      | _standings.lua       |
| assay:tried                  | hash   | for ever (counters)           | _standings.lua       |
| assay:passed                 | hash   | for ever (counters)           | _standings.lua       |
| assay:deliveries             | zset   | member: until it is settled   | _lib, due_deliveries |
| assay:delivery:<name>        | hash   | until it is settled           | _lib, due_deliveries |
| assay:failed:<tenant>        | list   | for ever; the newest 1000     | notify/deliveries    |
| assay:failing                | zset   | member: while any is kept     | notify, letter.lua   |
| assay:webhook-secret:<tenant>| string | for ever                      | shared/webhooks.py   |
| assay:share:<tenant>         | hash   | a day after its last work     | _schedule.lua        |
| assay:ready                  | zset   | member: until claimed         | _schedule.lua        |
| assay:line:<class>:<tenant>  | zset   | member: until claimed         | _schedule.lua        |
| assay:turns:<class>          | zset   | member: while it has a turn   | _schedule.lua        |
| assay:classes                | hash   | for ever                      | _schedule.lua        |
| assay:capped                 | set    | member: until below its cap   | _schedule.lua        |
| assay:delayed                | zset   | member: until `runAt`         | _schedule.lua        |
| assay:deadlines              | zset   | member: until claimed         | _schedule.lua        |
| assay:leases                 | zset   | member: until the claim ends  | claim, renew, finish |
| assay:load                   | hash   | for ever (counters)           | submit, finish, ...  |
| assay:fence                  | string | for ever (a counter)          | claim.lua            |
| assay:call:<nonce>           | string | a minute                      | claim.lua            |
| assay:workers                | hash   | field: dropped after silence  | renew, reap          |
| assay:to-archive             | zset   | member: until it is archived  | _archive.lua         |
| assay:archive                | hash   | for ever (mode, counters)     | functions/archive    |
| assay:forgotten              | zset   | member: until gone everywhere | forget.lua           |
| assay:buried                 | zset   | member: a day more            | shared/forgetting.py |
| assay:batches-to-archive     | zset   | member: until it is archived  | _archive.lua         |
| assay:rejudging              | zset   | member: until it is done      | rejudge_problem      |
| assay:rejudging:<problem>    | hash   | a day after it was done       | rejudge_problem      |
| assay:sweeping               | string | an hour                       | archive/sweeper.py   |
| assay:draining               | hash   | field: while its worker lives | functions/admin      |
| assay:judge-errors           | list   | for ever; the newest 100      | _lib                 |
| assay:counts                 | hash   | for ever (counters)           | _lib, claim, renew   |
| assay:counted                | hash   | field: while its worker lives | renew                |
| assay:problems               | hash   | field: until deleted          | list_problem.lua     |
| assay:dramatiq:*             | -      | as Dramatiq keeps them        | Dramatiq, `ring`     |

A stream is a hash with `epoch` and `seq`, and `assay:ev:<name>`. A submission's and a
batch's are named by their id, a tenant's is `tenant:<tenant>`: its newest 1000 events.

`assay:delivery:events` is no delivery but where all ends are told, with `url` and `tenant`,
while the setting `events` names a bus: `notify` keeps it.

Channels: `assay:ev:<id>` carries `<seq>:<type>:<json>` of each event, as a bell for
readers of the stream of that name; `problem_done` carries one JSON message for
each finished submission and is part of the public contract. `assay:control:<worker>`
tells a worker of what it holds: `cancel:<id>`, and `input:<id>` for more in that list.

`assay:sub:<id>` has the fields: tenant, problem, language, spec, bytes, state,
verdict, result, attempts, lost, fence, holder, step, epoch, seq, order, priority,
runAtMs, startByMs, charge, batch, index, clientId, createdMs, claimedMs,
finishedMs, queuedMs, history, judged, reveals, shared, counted, cpuTimeMs,
peakMemoryBytes, score, rev. An interactive one has interactive, inputBytes, inputCall
and inputClosed as well, one that is told to somebody callback, one that was sent with
an Idempotency-Key once. The end drops a `spec` of
more than 64 KiB, and any that was cancelled: it is not judged again.
"""

from __future__ import annotations

from collections.abc import Callable

PREFIX = "assay:"

SCHEMA = PREFIX + "schema"
MIGRATING = PREFIX + "migrating"
READY = PREFIX + "ready"
LEASES = PREFIX + "leases"
LOAD = PREFIX + "load"
FENCE = PREFIX + "fence"
WORKERS = PREFIX + "workers"
DELAYED = PREFIX + "delayed"
DEADLINES = PREFIX + "deadlines"
CLASSES = PREFIX + "classes"
DELIVERIES = PREFIX + "deliveries"
API_KEYS = PREFIX + "keys"
FILLING = PREFIX + "filling"
CAPPED = PREFIX + "capped"
TO_ARCHIVE = PREFIX + "to-archive"
ARCHIVE = PREFIX + "archive"
#: `<id>:<tenant>` of what may be in the archive, `<id>/<batch>:<tenant>` of what may be told of it.
FORGOTTEN = PREFIX + "forgotten"
#: Forgotten, and in the archive there is a grave in its place: by when that is removed.
BURIED = PREFIX + "buried"
BATCHES_TO_ARCHIVE = PREFIX + "batches-to-archive"
#: Problems that are being judged again, by when somebody else may go on with it.
REJUDGING = PREFIX + "rejudging"
SWEEPING = PREFIX + "sweeping"
#: A name as it is compared -> the account as JSON: `shared/accounts.py`.
ACCOUNTS = PREFIX + "accounts"
#: Tenant of an account -> its name as it is shown.
MEMBERS = PREFIX + "members"
#: Tenants of deleted accounts of which something may still be stored.
LEAVING = PREFIX + "leaving"
#: Ids of invites, by when they expire.
INVITES = PREFIX + "invites"
#: Tenants by how many problems they have solved.
SOLVERS = PREFIX + "solvers"
#: A problem that was installed or deleted -> how far its board was gone through since.
RESTANDING = PREFIX + "restanding"
#: Problem id -> verdicts given, and those that were `accepted`.
TRIED = PREFIX + "tried"
PASSED = PREFIX + "passed"
#: Worker id -> when it was told to take nothing more.
DRAINING = PREFIX + "draining"
#: The newest submissions that ended as our error, as JSON.
JUDGE_ERRORS = PREFIX + "judge-errors"
#: What is counted of the whole service: `shared/counts.py`.
COUNTS = PREFIX + "counts"
#: Worker id -> the number of its last report that is in `COUNTS`.
COUNTED = PREFIX + "counted"
#: Tenants with webhooks that were given up, by the time of the last one.
FAILING = PREFIX + "failing"
#: Problem id -> `ProblemEntry` as JSON: the index of installed packages.
PROBLEMS = PREFIX + "problems"

#: Dramatiq builds its own keys under this namespace.
DRAMATIQ = PREFIX + "dramatiq"

#: The public channel: one message for each finished submission.
PROBLEM_DONE = "problem_done"


def submission(submission_id: str) -> str:
    """The hash of one submission."""
    return f"{PREFIX}sub:{submission_id}"


def batch(batch_id: str) -> str:
    """The hash of one batch."""
    return f"{PREFIX}batch:{batch_id}"


def control(worker_id: str) -> str:
    """The channel on which a worker is told what concerns its runs."""
    return f"{PREFIX}control:{worker_id}"


def input(submission_id: str) -> str:
    """What was sent to an interactive submission, from the beginning."""
    return f"{PREFIX}input:{submission_id}"


def batch_left(batch_id: str) -> str:
    """The ids of a batch that have not ended."""
    return f"{PREFIX}batch-left:{batch_id}"


def batch_ended(batch_id: str) -> str:
    """The ids of a batch that have ended, in that order."""
    return f"{PREFIX}batch-ended:{batch_id}"


def once(tenant: str, digest: str) -> str:
    """What an Idempotency-Key of a tenant has brought about."""
    return f"{PREFIX}once:{tenant}:{digest}"


def tenant_stream(tenant: str) -> str:
    """The hash with the epoch and the last number of a tenant's stream."""
    return f"{PREFIX}tenant-stream:{tenant}"


def events(name: str) -> str:
    """A stream, and the channel that rings for it."""
    return f"{PREFIX}ev:{name}"


def tenant_events(tenant: str) -> str:
    """The name of a tenant's stream, for `events`."""
    return f"tenant:{tenant}"


def latest(tenant: str, problem_id: str) -> str:
    """Points to the tenant's newest submission for a problem id."""
    return f"{PREFIX}latest:{tenant}:{problem_id}"


def tenant(name: str) -> str:
    """What a tenant may do: `shared/tenants.py`."""
    return f"{PREFIX}tenant:{name}"


#: The key of something that is found by the digest of its secret.
ByDigest = Callable[[str], str]


def rate(name: str) -> str:
    """How much of its rate an API key has used, or a tenant by its sessions."""
    return f"{PREFIX}rate:{name}"


def session(digest: str) -> str:
    """Who is signed in with the session whose secret has this digest."""
    return f"{PREFIX}session:{digest}"


def login(digest: str) -> str:
    """Whom a one-time token signs in."""
    return f"{PREFIX}login:{digest}"


def ticket(digest: str) -> str:
    """For whom a ticket opens a stream."""
    return f"{PREFIX}ticket:{digest}"


def sessions(tenant: str) -> str:
    """The digests of an account's sessions, by when they were opened."""
    return f"{PREFIX}sessions:{tenant}"


def invite(invite_id: str) -> str:
    """What makes accounts, so many times."""
    return f"{PREFIX}invite:{invite_id}"


def attempts(digest: str) -> str:
    """How often somebody has tried to sign in."""
    return f"{PREFIX}attempts:{digest}"


def devices(tenant: str) -> str:
    """The digests of the browsers that have signed in to an account, by when they last did."""
    return f"{PREFIX}devices:{tenant}"


def history(tenant: str) -> str:
    """The newest submissions of a tenant, without those of batches."""
    return f"{PREFIX}history:{tenant}"


def accepted(tenant: str, problem_id: str) -> str:
    """The best accepted runs of a tenant for a problem."""
    return f"{PREFIX}accepted:{tenant}:{problem_id}"


def board(problem_id: str) -> str:
    """The best run of everybody who has solved a problem."""
    return f"{PREFIX}board:{problem_id}"


def solved(tenant: str) -> str:
    """The installed problems that a tenant has solved."""
    return f"{PREFIX}solved:{tenant}"


def withdrawn(tenant: str) -> str:
    """The problems that a tenant has solved, and that are not installed any more."""
    return f"{PREFIX}withdrawn:{tenant}"


def rejudging(problem_id: str) -> str:
    """How far it is with judging a problem again."""
    return f"{REJUDGING}:{problem_id}"


def delivery(name: str) -> str:
    """A webhook that is to be sent."""
    return f"{PREFIX}delivery:{name}"


#: Where the end of every submission is told: read at each end, in the same call.
OUTLET = delivery("events")


def failed_deliveries(tenant: str) -> str:
    """Webhooks of a tenant that were given up."""
    return f"{PREFIX}failed:{tenant}"


def webhook_secret(tenant: str) -> str:
    """What signs a tenant's webhooks."""
    return f"{PREFIX}webhook-secret:{tenant}"


def share(tenant: str) -> str:
    """What a tenant has running and waiting, and its virtual time in each class."""
    return f"{PREFIX}share:{tenant}"


def line(priority: str, tenant: str) -> str:
    """The submissions of a tenant that wait in a class, by age."""
    return f"{PREFIX}line:{priority}:{tenant}"


def ready_range(rank: int) -> tuple[str, str]:
    """The scores of `READY` that belong to a class, which is the `rank`th, from 0."""
    step = 10**13  # a score is the rank of the class times this, plus the order
    return f"{(rank + 1) * step}", f"({(rank + 2) * step}"


def turns(priority: str) -> str:
    """The tenants that may be served in a class, by virtual time."""
    return f"{PREFIX}turns:{priority}"


def call(nonce: str) -> str:
    """Remembers what one call of `claim` was given, for the case that its reply is lost."""
    return f"{PREFIX}call:{nonce}"


def dramatiq_queue(queue: str) -> str:
    """The list of message ids that Dramatiq fetches from."""
    return f"{DRAMATIQ}:{queue}"


def dramatiq_messages(queue: str) -> str:
    """The hash of message bodies beside that list."""
    return f"{DRAMATIQ}:{queue}.msgs"


def wake_list(queue: str) -> str:
    """The list of tokens that an idle consumer blocks on."""
    return f"{DRAMATIQ}:{queue}.wake"
