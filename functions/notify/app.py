"""The routes of `notify`. The host assembles them with those of the other functions.

Their hub closes with `services.resources`. At a shutdown the host must call
`services.begin_shutdown()` before it waits for open responses; see `hub.py`.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route, WebSocketRoute

from functions.notify.hub import SWEEP_S, Hub
from functions.notify.socket import Socket
from functions.notify.sse import EventStream
from functions.notify.wire import SEND_TIMEOUT_S
from shared.services import Services


def routes(
    services: Services, *, sweep_s: float = SWEEP_S, send_timeout_s: float = SEND_TIMEOUT_S
) -> list[BaseRoute]:
    """`/events/{id}` and `/socket` on one hub of their own."""
    hub = Hub(services.store, sweep_s=sweep_s)
    services.on_shutdown.append(hub.close)
    services.resources.push_async_callback(hub.aclose)
    heartbeat_s = float(services.settings.heartbeat_s)
    stream = EventStream(hub, heartbeat_s=heartbeat_s, send_timeout_s=send_timeout_s)
    socket = Socket(hub, services, send_timeout_s=send_timeout_s)
    return [
        Route("/events/{id}", stream, methods=["GET"], name="events"),
        WebSocketRoute("/socket", socket, name="socket"),
    ]
