"""Checks on a Redis that is not ours, before anything is started on it."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlsplit

import redis

from infra.local.failure import Failure

_MINIMUM = (7, 0)


def check(url: str) -> tuple[str, list[str]]:
    """Ask a Redis for what we need; its name and version, and what to warn about.

    Raises:
        Failure: it does not answer, is too old, or is a Redis Cluster.
    """
    where = redacted(url)
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
            info: dict[str, Any] = client.info("server")
            return judge(where, info), _warnings(client)
    except redis.AuthenticationError as error:
        raise Failure(f"Redis at {where} refuses the login ({error}): check REDIS_URL.") from None
    except (redis.RedisError, OSError) as error:
        raise Failure(
            f"Redis at {where} does not answer ({error}): start it, or unset REDIS_URL "
            "to use the embedded Valkey."
        ) from None
    except ValueError as error:
        raise Failure(f"REDIS_URL is not a Redis URL ({error}).") from None


def judge(where: str, info: dict[str, Any]) -> str:
    """The name of a Redis from its `INFO server`.

    Raises:
        Failure: it is too old, or a Redis Cluster.
    """
    if "valkey_version" in info:
        name = f"Valkey {info['valkey_version']}"
    else:
        name = f"Redis {info['redis_version']}"
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    if version < _MINIMUM:
        raise Failure(f"{name} at {where} is too old: Assay needs Redis 7.0 or Valkey 7.2.")
    if info.get("redis_mode") == "cluster":
        raise Failure(f"{name} at {where} is a cluster: Assay needs one primary.")
    return f"{name} at {where}"


def _warnings(client: redis.Redis) -> list[str]:
    with contextlib.suppress(redis.RedisError):  # a managed Redis may forbid CONFIG
        policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
        if policy != "noeviction":
            return [
                f"Redis may drop submissions when it is full (maxmemory-policy is {policy}): "
                "set it to noeviction."
            ]
    return []


def redacted(url: str) -> str:
    """A URL that can be shown: without the password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:***@{host}").geturl()
