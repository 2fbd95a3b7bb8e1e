"""Redis clients, made on purpose rather than by default.

redis-py 8 sets a socket timeout of 5 s and retries every command ten times. Our
scripts are safe to repeat, so a lost reply is retried, but only for about a second:
a caller who waits is better served by a 503. Blocking reads get a client of their
own without a timeout.
"""

from __future__ import annotations

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from shared.settings import SettingsError

_RETRIES = 5
_TRANSIENT = (ConnectionError, TimeoutError)


def _backoff() -> ExponentialBackoff:
    return ExponentialBackoff(cap=0.4, base=0.025)


def check_url(url: str) -> None:
    """Say now that this is no URL of a Redis, not when the first client is made.

    Raises:
        SettingsError: it is none. The URL is not repeated: it may hold a password.
    """
    try:
        redis.ConnectionPool.from_url(url)  # connects to nothing yet
    except ValueError as error:
        raise SettingsError(f"REDIS_URL is not a Redis URL ({error})") from None


def blocking_client(url: str, *, connections: int = 64) -> redis.Redis:
    """A client for threads (workers, tools)."""
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=20,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(_backoff(), _RETRIES, supported_errors=_TRANSIENT),
    )
    return redis.Redis.from_pool(pool)


def async_client(url: str, *, connections: int = 64) -> redis.asyncio.Redis:
    """A client for one event loop. The pool waits for a connection rather than raise."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=20,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=AsyncRetry(_backoff(), _RETRIES, supported_errors=_TRANSIENT),
    )
    return redis.asyncio.Redis.from_pool(pool)


def async_listener(url: str) -> redis.asyncio.Redis:
    """A client for pub/sub: reads wait for as long as it takes.

    It does not retry: what was published while it was away is lost, so its user must
    know. RESP2, because redis-py formats each RESP3 push for a debug log line.
    """
    return redis.asyncio.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=None,
        socket_connect_timeout=5,
        retry=AsyncRetry(_backoff(), 0),
    )
