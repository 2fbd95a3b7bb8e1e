"""Who looks: the operator, at the machine itself."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.access.people import Person


@pytest.fixture
def admin(client: TestClient) -> Person:
    return Person(client)
