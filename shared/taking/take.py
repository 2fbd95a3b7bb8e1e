"""Taking a submission in, whatever way it came: over HTTP or over a socket."""

from __future__ import annotations

import time

from shared.identity import Caller
from shared.models import SubmitRequest
from shared.once import UNKEYED, Once
from shared.place import allowed
from shared.priority import Priority
from shared.problems.store import Problems
from shared.store import Store
from shared.taking.admit import admit
from shared.taking.place import place
from shared.taking.problems import against
from shared.webhooks import check_url
from shared.workers import Workers


class Taking:
    """Takes submissions in, for one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._workers = Workers(store.client)
        self._problems = Problems(store.client)

    async def take(self, asked: SubmitRequest, caller: Caller, sent: Once = UNKEYED) -> str:
        """Check a submission and put it in line; gives its id.

        Raises:
            InvalidField: the first field that cannot be honoured.
            Overloaded, TooMany, Forbidden, Conflict: as `Store.submit`.
        """
        alive = await self._workers.alive()
        spec = await against(admit(asked, alive), asked, self._problems.find)
        usual = Priority.INTERACTIVE if asked.interactive else Priority.DEFAULT
        return await self._store.submit(
            spec,
            tenant=caller.tenant,
            place=place(asked, time.time() * 1000, usual),
            classes=allowed(caller),
            once=sent,
            callback=check_url(
                asked.callback_url or "",
                empty=asked.callback_url is None,
                anywhere=self._store.settings.webhooks_to == "anywhere",
            ),
        )
