"""What a client of `/socket` does beside listening: submit, and talk to what runs.

An interactive submission that was sent over a socket belongs to it: when the client is
gone, it is cancelled, for nobody will type the rest. Not so when it is us who leave: the
client comes back to another server and goes on there by the submission's id, until the
wall limit ends what is left alone.
"""

from __future__ import annotations

import msgspec
from redis.exceptions import RedisError

from functions.notify.commands import Command
from shared import logs
from shared.body import decode
from shared.credentials import Credentials
from shared.errors import AssayError, Unauthorized
from shared.identity import Caller, Role, check_role
from shared.interactive import Inputs
from shared.models import SubmitRequest
from shared.services import Services
from shared.taking.take import Taking

log = logs.get_logger(__name__)


class Desk:
    """One socket's."""

    def __init__(self, services: Services, taking: Taking, caller: Caller) -> None:
        self._services = services
        self._caller = caller
        self._inputs = Inputs(services.redis)
        self._taking = taking
        self._credentials = Credentials(services.redis)
        self._own: set[str] = set()

    async def check(self) -> None:
        """See that the client may still come in; a socket may be open for days.

        Raises:
            Unauthorized: what he has shown opens nothing any more.
        """
        if not self._caller.shown:  # this machine itself
            return
        if not (await self._credentials.still_open([self._caller]))[0]:
            raise Unauthorized("these credentials open nothing any more")

    async def submit(self, body: msgspec.Raw) -> str:
        """Take a submission; gives its id. Raises what `POST /submit` answers."""
        check_role(self._caller, Role.SUBMIT)
        asked = decode(bytes(body), SubmitRequest)
        submission_id = await self._taking.take(asked, self._caller)
        if asked.interactive:
            self._own.add(submission_id)
        return submission_id

    async def pass_on(self, command: Command) -> None:
        """Input for what runs. Raises as `Inputs.stdin`."""
        check_role(self._caller, Role.SUBMIT)
        tenant = self._caller.tenant
        if command.stdin is not None:
            await self._inputs.stdin(command.stdin, command.bytes(), tenant=tenant)
        elif command.eof is not None:
            await self._inputs.end(command.eof, tenant=tenant)
        elif command.signal is not None:
            await self._inputs.signal(command.signal, command.name, tenant=tenant)

    async def leave(self) -> None:
        """The client is gone: so is the reason for what it talked to."""
        for submission_id in self._own:
            try:
                await self._services.store.cancel(submission_id, tenant=self._caller.tenant)
            except (AssayError, RedisError, OSError) as error:
                log.info("it was not cancelled", submissionId=submission_id, error=error)
