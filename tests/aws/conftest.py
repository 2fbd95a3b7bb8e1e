"""AWS in this process (moto), and a real Valkey."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from moto import mock_aws

from infra.local.valkey import Valkey
from tests.support import emptied

REGION = "eu-central-1"
ACCOUNT = "123456789012"


@contextmanager
def aws_environment() -> Iterator[None]:
    """The variables that every tool of AWS reads, and no others."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "never-in-a-log")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture
def aws() -> Iterator[None]:
    """An account with nothing in it; no request leaves the machine."""
    with aws_environment(), mock_aws():
        yield


@pytest.fixture
def redis_url(own_valkey: Valkey) -> str:
    """Of a store that no other sender looks into, as the servers of other tests do."""
    return emptied(own_valkey)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened
