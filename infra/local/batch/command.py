"""`batch FILE`: many programs sent at once, their results written as they come, a table at the end.

Theory of operation. The file is sent with an `Idempotency-Key`, so sending it again after a lost
answer completes the same batch. From its id on, everything can be left and gone on with, here or in
another start: `batch ID --out FILE` (see results.py). Ctrl-C leaves the batch to the service,
which goes on with it, or cancels it, as `--on-interrupt` says; before the id is known it waits for
the answer that has it (see interrupts.py).
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterable
from typing import Any

from infra.local.api import Api
from infra.local.batch import programs, results
from infra.local.batch.interrupts import Interrupts
from infra.local.batch.table import Tally
from infra.local.client import local_url
from infra.local.failure import Failure
from infra.local.terminal import Ticker
from shared.settings import Settings

_NDJSON = "application/x-ndjson"
#: Refused lines told one by one; the file of results has them all.
_MOST_TOLD = 10
#: How far it is, so often: at a terminal, at a pipe.
_SHOW_EVERY_S = 0.1
_TELL_EVERY_S = 10.0


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Judge them: 0 if each is accepted or completed, 1 if one is not or was refused.

    Raises:
        Failure: it could not be done (exit code 2), or was interrupted (130).
    """
    api = Api(args.url or local_url(settings))
    known = programs.batch_id(args.file)
    with results.sink(args.out, known) as sink, Interrupts() as interrupts:
        batch, refused = _known(api, known) if known else _send(api, args, interrupts)
        following = Following(api, batch["id"], batch["total"], sink)
        try:
            following.begin(refused)
            interrupts.let_go()
            following.follow()
            summary = api.json("GET", f"/batch/{batch['id']}")
        except KeyboardInterrupt:
            raise _interrupted(api, batch["id"], args) from None
        except Failure as failure:
            raise Failure(f"{failure} {_go_on(batch['id'], args)}", failure.code) from None
    _conclude(summary, following.tally, args)
    return 0 if following.tally.is_good and not summary["rejected"] else 1


def _known(api: Api, batch_id: str) -> tuple[dict[str, Any], list[results.Line]]:
    """A batch that was left; only the start that has sent it is told what was refused."""
    return api.json("GET", f"/batch/{batch_id}"), []


def _send(
    api: Api, args: argparse.Namespace, interrupts: Interrupts
) -> tuple[dict[str, Any], list[results.Line]]:
    """The answer to the file, and the lines of what was refused, which is told."""
    named = {"language": args.language, "problemId": args.problem}
    defaults = {name: value for name, value in named.items() if value}
    with programs.opened(args.file, defaults) as found:
        interrupts.hold()
        _tell(f"sending {len(found)} programs to {api.url} ...")
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        try:
            answer = api.send("/batch", found.body, _NDJSON, headers=headers)
        except KeyboardInterrupt:
            raise Failure(
                "Interrupted before the answer: if the service took the batch, it goes on with it.",
                130,
            ) from None
        refused = answer["rejected"]
        _tell(f"batch {answer['id']}: {answer['total']} taken, {len(refused)} refused")
        for item in refused[:_MOST_TOLD]:
            _tell(f"line {found.line(item['index'])} is refused: {item['detail']}")
        if len(refused) > _MOST_TOLD:
            _tell(f"and {len(refused) - _MOST_TOLD} more lines")
    return answer, [_refused(answer["id"], item) for item in refused]


def _refused(batch_id: str, item: dict[str, Any]) -> results.Line:
    error = {name: item[name] for name in ("type", "detail", "field")}
    where = {"index": item["index"], "clientId": item["clientId"]}
    nothing = {"position": None, "id": None}
    return {"batchId": batch_id, **nothing, **where, "result": None, "error": error}


class Following:
    """One batch, until it has ended."""

    def __init__(self, api: Api, batch_id: str, total: int, sink: results.Sink) -> None:
        self._api = api
        self._id = batch_id
        self._total = total
        self._sink = sink
        self._ticker = Ticker()
        self._told = self._began = time.monotonic()
        self.tally = Tally()

    def begin(self, refused: Iterable[results.Line]) -> None:
        """Write what was refused; count it, and what was there before.

        Raises:
            Failure: it cannot be written.
        """
        for line in self._sink.lines:
            self._count_old(line)
        for line in refused:
            self._sink.write(line)
            self._count_old(line)

    def _count_old(self, line: results.Line) -> None:
        self.tally.add(line)
        self._total += bool(line.get("error"))  # the service does not count it

    def follow(self) -> None:
        """Write and count all results.

        Raises:
            Failure: the service cannot be reached any more, or a line cannot be written.
        """
        try:
            for line in self._api.results(self._id, self._sink.after):
                whole = {"batchId": self._id, **line}
                self.tally.add(whole)
                self._sink.write(whole)
                self._show()
        finally:
            self._ticker.clear()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._told < (_SHOW_EVERY_S if self._ticker.is_live else _TELL_EVERY_S):
            return
        self._told = now
        seconds = now - self._began
        rate = f"{self.tally.count / seconds:.0f}/s" if seconds > 1 else ""
        text = f"{self.tally.count} of {self._total} {rate}  {self.tally.progress()}"
        if self._ticker.is_live:
            self._ticker.show(f"Assay: {text}")
        else:
            _tell(text)


def _interrupted(api: Api, batch_id: str, args: argparse.Namespace) -> Failure:
    if args.on_interrupt == "cancel":
        try:
            api.json("DELETE", f"/batch/{batch_id}")
        except Failure as failure:
            told = f"Interrupted, but batch {batch_id} is not cancelled. {failure}"
            return Failure(f"{told} {_go_on(batch_id, args)}", 130)
        return Failure(f"Interrupted; batch {batch_id} is cancelled.", 130)
    return Failure(f"Interrupted; the service goes on with it. {_go_on(batch_id, args)}", 130)


def _go_on(batch_id: str, args: argparse.Namespace) -> str:
    out = f" --out {args.out}" if args.out else ""
    url = f" --url {args.url}" if args.url else ""
    return f"Go on by `local_runner.py batch {batch_id}{out}{url}`."


def _conclude(summary: dict[str, Any], tally: Tally, args: argparse.Namespace) -> None:
    """The table, or the summary as the API gives it; not between results on stdout."""
    sink = sys.stderr if args.out == "-" else sys.stdout
    if args.json:
        print(json.dumps(summary), file=sink)
        return
    for line in tally.table(sink):
        print(line, file=sink)
    took_s = ((summary["finishedMs"] or summary["createdMs"]) - summary["createdMs"]) / 1000
    rate = f", {summary['total'] / took_s:.0f}/s" if took_s > 0.1 else ""
    _tell(f"batch {summary['id']} {summary['status']}: {tally.count} in {took_s:.1f} s{rate}")
    if not args.out:
        refused = summary["rejected"]
        but = f", but for the {refused} that {'was' if refused == 1 else 'were'} refused"
        does = f"`batch {summary['id']} --out FILE` does it{but if refused else ''}"
        _tell(f"the results were not written down: {does}")


def _tell(text: str) -> None:
    print(f"Assay: {text}", file=sys.stderr, flush=True)
