"""Keeps what has ended: the archiver, what sweeps after it, and the route that forgets."""

from __future__ import annotations

from starlette.routing import BaseRoute

from functions.archive.archiver import Archiver
from shared.readiness import check_blobs
from shared.services import Services


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function; its work is done beside them."""
    check_blobs(services)
    services.background.append(Archiver(services.archive, services.settings).run)
    return []
