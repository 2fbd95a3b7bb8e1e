"""`watch`: the console subscriber; one line for each finished submission."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import redis

from functions.notify.console import format_line
from infra.local.external import redacted
from infra.local.failure import Failure
from infra.local.state import read_runner, state_folder
from shared import keys
from shared.settings import Settings

_PAUSE_S = 0.5


def watch(settings: Settings) -> int:
    """Print until Ctrl-C; 0 then.

    Raises:
        Failure: there is no Redis to listen to.
    """
    try:
        for message in messages(settings):
            print(time.strftime("%H:%M:%S"), format_line(message), flush=True)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # `watch | head`
        sys.stderr.close()
    return 0


def find_redis(settings: Settings) -> str:
    """`redis_url`, or the embedded server of the runner of this state folder."""
    state = state_folder(settings)
    url = settings.redis_url or str(read_runner(state).get("redisUrl", ""))
    if not url:
        raise Failure(f"No Assay runs on {state}: start one, or set REDIS_URL.", 2)
    return url


def messages(settings: Settings) -> Iterator[bytes]:
    """What comes on the channel; a Redis that goes away is waited for."""
    url = find_redis(settings)
    connected = False
    while True:
        try:
            with redis.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=5) as client:
                for message in _listen(client):
                    connected = True
                    if message is not None:
                        yield message
        except redis.ConnectionError as error:
            if not connected:
                raise Failure(f"Redis at {redacted(url)} does not answer ({error}).", 2) from None
            time.sleep(_PAUSE_S)
        except ValueError as error:
            raise Failure(f"REDIS_URL is not a Redis URL ({error}).", 2) from None


def _listen(client: redis.Redis) -> Iterator[bytes | None]:
    with client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe(keys.PROBLEM_DONE)
        for message in pubsub.listen():
            if message["type"] == "subscribe":
                print(f"Assay: listening on {keys.PROBLEM_DONE}", file=sys.stderr, flush=True)
                yield None
            elif message["type"] == "message":
                yield message["data"]
