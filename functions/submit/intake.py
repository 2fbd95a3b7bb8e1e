"""Submissions that come as messages of a queue: taken as `POST /submit` takes them.

Theory of operation. A message is a body, as of `POST /submit`, and attributes. It is taken
once: by its `Idempotency-Key` if it has one, which means the same as over HTTP, else by the
queue's own id for it. So what a queue delivers twice is one submission. Each message has one
of three ends, apart from all others of its batch:

    taken     it is in line; the queue may forget it
    refused   it can never be taken: it goes to the dead letters, with the reason
    again     not now (no room, the store is away): the queue keeps it and delivers it again

A message that can neither be taken nor be laid down is `again`, so nothing is lost: in the
end the queue's own redrive policy lays it down.

Whoever may write to a queue may write any attribute. So the setting `queue_tenants` says for
whom messages are taken at all, and a message only chooses among them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shared import logs
from shared.body import decode
from shared.errors import AssayError, Forbidden, TooLarge, from_exception
from shared.identity import Caller, Role
from shared.limits import MAX_BODY_BYTES
from shared.models import SubmitRequest
from shared.once import HEADER, Once, check_key, once
from shared.settings import SettingsError
from shared.store import Store
from shared.taking.take import Taking

log = logs.get_logger(__name__)

TENANT = "Tenant"
ANY = "*"
_FIELDS = {it.encode_name for it in msgspec.structs.fields(SubmitRequest)} | {TENANT, HEADER}
#: What `key create` takes, and short enough for a key of Redis.
_TENANT = re.compile(r"[!-9;-~]{1,128}")


@dataclass(frozen=True)
class Message:
    """One message, whatever way it was received."""

    id: str
    body: str
    attributes: Mapping[str, str]


#: Lays down what can never be taken, with the reason.
LayDown = Callable[[Message, AssayError], Awaitable[None]]


class Intake:
    """Takes messages in, for one event loop.

    Raises:
        SettingsError: it is not said for which tenants.
    """

    def __init__(self, store: Store, lay_down: LayDown | None = None) -> None:
        self._tenants = store.settings.queue_tenant_names
        if not self._tenants:
            raise SettingsError("queue_tenants: it must name whose the messages of the queue are")
        self._taking = Taking(store)
        self._lay_down = lay_down

    async def take_all(self, messages: Sequence[Message]) -> list[str]:
        """Take what can be taken; gives the ids of those that are to come again."""
        settled = await asyncio.gather(*map(self._settle, messages))
        pairs = zip(messages, settled, strict=True)
        return [message.id for message, is_settled in pairs if not is_settled]

    async def _settle(self, message: Message) -> bool:
        try:
            submission_id = await self.take(message)
        except Exception as error:
            return await self._refuse(message, error)
        log.info("a message is taken", messageId=message.id, submissionId=submission_id)
        return True

    async def take(self, message: Message) -> str:
        """Put it in line; gives the id of its submission.

        Raises:
            AssayError: as for `POST /submit`.
        """
        body = message.body.encode()
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body may have {MAX_BODY_BYTES} bytes at most")
        caller = self._caller(message)
        identity = _identity(message, caller, body)
        return await self._taking.take(decode(body, SubmitRequest), caller, identity)

    def _caller(self, message: Message) -> Caller:
        named = message.attributes.get(TENANT, "")
        usual = "" if self._tenants[0] == ANY else self._tenants[0]
        tenant = named or usual
        if not _TENANT.fullmatch(tenant):
            raise Forbidden(f"the attribute {TENANT} must say whose it is", field=TENANT)
        if named and named not in self._tenants and ANY not in self._tenants:
            raise Forbidden("messages of this queue are not for that tenant", field=TENANT)
        return Caller(tenant, frozenset({Role.SUBMIT}), "queue")

    async def _refuse(self, message: Message, error: Exception) -> bool:
        told = from_exception(error)
        names = {"messageId": message.id, "reason": told.slug}
        if told.status == 500:
            log.error("a message was not taken", exc_info=error, **names)
            return False
        if told.status > 500 or told.status == 429:
            log.warning("a message waits", **names)
            return False
        log.warning("a message is refused", field=_known(told.field), **names)
        if self._lay_down is None:
            return False
        try:
            await self._lay_down(message, told)
        except Exception:
            log.exception("a message was not laid down", messageId=message.id)
            return False
        return True


def _known(field: str) -> str:
    """The field that is to blame, for the log: a name that is not ours is the sender's words."""
    first = re.split(r"[.\[]", field)[0]
    return field if first in _FIELDS else ""


def _identity(message: Message, caller: Caller, body: bytes) -> Once:
    key = message.attributes.get(HEADER, "")
    route = "submit" if key else "queue"
    digest = hashlib.sha256(body).hexdigest()[:32]
    return once(
        check_key(key) if key else message.id,
        tenant=caller.tenant,
        route=route,
        body_digest=digest,
    )
