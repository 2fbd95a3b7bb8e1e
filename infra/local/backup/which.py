"""Which keys a backup has, and which of them are good for no longer than they were."""

from __future__ import annotations

from shared import keys

#: What belongs to processes that run now, or to a moment.
_PASSING = tuple(
    name.encode()
    for name in (
        *(keys.DRAMATIQ, keys.WORKERS, keys.DRAINING, keys.MIGRATING, keys.SWEEPING),
        *(keys.call(""), keys.rate("")),
    )
)
#: Opens something for who shows it, until its time is over by the clock.
_SECRETS = tuple(
    make("").encode()
    for make in (keys.session, keys.login, keys.ticket, keys.invite, keys.attempts)
)


def is_passing(key: bytes) -> bool:
    """Whether a key means nothing to a store that is begun anew."""
    return key.startswith(_PASSING)


def is_secret(key: bytes) -> bool:
    """Whether a key stands for a secret that expires."""
    return key.startswith(_SECRETS)
