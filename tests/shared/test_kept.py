"""What of a submission is kept, and for whom, once it has ended."""

from __future__ import annotations

import pytest
import redis

from shared import keys, scripts
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')


@pytest.mark.parametrize("end", ["finish", "cancel"])
def test_after_the_end_only_what_somebody_reads_is_kept(client: redis.Redis, end: str) -> None:
    # Given a submission that carried a megabyte
    submission_id = subs.submitted(client, body=subs.spec("#" * 1_000_000), max_bytes=2_000_000)
    claims = subs.claims(client)
    claim = claims.claim()
    assert claim is not None
    # When it ends
    if end == "finish":
        assert claims.finish(claim, Verdict.ACCEPTED, b"{}", [FINISHED])
    else:
        subs.cancel(client, submission_id)
    # Then Redis does not hold that megabyte as long as the result
    assert "spec" not in subs.fields(client, submission_id)
    assert int(client.memory_usage(keys.submission(submission_id)) or 0) < 10_000


def test_a_claim_repeated_after_a_cancellation_gives_another_submission(
    client: redis.Redis,
) -> None:
    # Given a claim whose reply was lost, and whose submission was cancelled then
    first, second = subs.submitted(client), subs.submitted(client)
    call = ("w", 4000, keys.call("n1"), 60_000, subs.TTL_S, keys.PROBLEM_DONE)
    assert scripts.call(client, "claim", *call)[0].decode() == first
    assert subs.cancel(client, first) == "cancelled"
    # When the very same call arrives again, then it is given what it can still run
    assert scripts.call(client, "claim", *call)[0].decode() == second
