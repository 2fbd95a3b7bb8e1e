"""The routes of `notify`. The host assembles them with those of the other functions.

Their hub closes with `services.resources`. At a shutdown the host must call
`services.begin_shutdown()` before it waits for open responses; see `hub.py`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from functions.notify.deliveries import Deliveries
from functions.notify.guests import CHECK_S, Guests
from functions.notify.hub import SWEEP_S, Hub
from functions.notify.socket import Socket
from functions.notify.sse import EventStream
from functions.notify.wire import SEND_TIMEOUT_S
from shared.credentials import Credentials
from shared.identity import Role, require
from shared.models import encode
from shared.services import Services
from shared.webhooks import WebhookInfo, Webhooks


def routes(
    services: Services,
    *,
    sweep_s: float = SWEEP_S,
    send_timeout_s: float = SEND_TIMEOUT_S,
    check_s: float = CHECK_S,
) -> list[BaseRoute]:
    """`/events/{id}` and `/socket` on one hub of their own, and what sends webhooks."""
    hub = Hub(services.store, sweep_s=sweep_s)
    services.on_shutdown.append(hub.close)
    services.metrics.count_streams(lambda: hub.open_streams)
    services.resources.push_async_callback(hub.aclose)
    services.background.append(Deliveries(services.store, count=services.metrics.sent).run)
    letters = Webhooks(services.redis)
    heartbeat_s = float(services.settings.heartbeat_s)
    guests = Guests(Credentials(services.redis), check_s=check_s)
    services.background.append(guests.run)
    stream = EventStream(hub, guests, heartbeat_s=heartbeat_s, send_timeout_s=send_timeout_s)
    socket = Socket(hub, guests, services, send_timeout_s=send_timeout_s)

    async def webhooks(request: Request) -> Response:
        tenant = require(request.scope, Role.ADMIN).tenant
        answer = WebhookInfo(
            secret=await letters.secret(tenant), failed=await letters.failed(tenant)
        )
        headers = {"cache-control": "no-store"}
        return Response(encode(answer), headers=headers, media_type="application/json")

    return [
        Route("/webhooks", webhooks),
        Route("/events/{id}", stream, methods=["GET"], name="events"),
        WebSocketRoute("/socket", socket, name="socket"),
    ]
