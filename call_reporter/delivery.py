"""The delivery of outcomes: at once when they are written, and a loop that never gives up."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

import grpc

from call_reporter.errors import DeliveryFailed, OutboxBroken
from call_reporter.flights import Flights
from call_reporter.options import ReporterOptions
from call_reporter.outbox import FRAMING_BYTES, Outbox, WaitingOutcome
from call_reporter.sending import Answer, Sender, log_failure
from call_reporter.wire import Wire

log = logging.getLogger("call_reporter")

_BATCH_COUNT = 1_000
_BATCH_BYTES = 1 << 20
_AT_ONCE = 64
# Of what one commit wrote, so many go together: while they are on their way the next are written.
# 1.5 times as many results a second as all in one (measured: benchmarks/report_peers.py).
_TOGETHER = 32
# The server reads one batch while it commits another and the next page is read here: 1.3 times as
# fast as one after the other (measured: benchmarks/backlog.py); three were no faster than two.
_FLIGHTS = 2
# The batch may have been too much at once.
_TOO_MUCH = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}


class Delivery:
    """Brings every waiting outcome of the outbox to the server, and tells who waits for one."""

    def __init__(self, outbox: Outbox, wire: Wire, options: ReporterOptions) -> None:
        self._outbox = outbox
        self._options = options
        self._sender = Sender(outbox, wire, options)
        self._is_due = asyncio.Event()
        self._fresh: list[WaitingOutcome] = []  # to be sent at the end of this turn of the loop
        self._sending: set[int] = set()  # written in this process, sent but not answered
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch_count = _BATCH_COUNT
        self._flights_most = 1  # until a batch was answered: a server that chokes gets no second
        self._loop_task: asyncio.Task[None] | None = None  # None before start

    def start(self) -> None:
        """Begin with what a former process left."""
        self._is_due.set()
        self._loop_task = asyncio.create_task(
            self._deliver_for_ever(), name="call-reporter-delivery"
        )

    async def close(self) -> None:
        """Stop sending; what is not acknowledged stays in the outbox for the next start."""
        self._fresh.clear()
        tasks = [task for task in (self._loop_task, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sender.close()

    def answer_for(self, seq: int) -> Answer:
        """Find the future of a pending outcome's answer."""
        return self._sender.answer_for(seq)

    def deliver(self, outcome: WaitingOutcome) -> Answer:
        """Report an outcome just written; the future is done when the server answers for good.

        Outcomes that were written with one commit go in batches. Its result is None when the
        server refused the outcome. It may never be done: do not wait without a limit.
        """
        if len(self._sending) >= _AT_ONCE:
            self._is_due.set()
        elif outcome.seq not in self._sending:
            self._sending.add(outcome.seq)
            if not self._fresh:
                asyncio.get_running_loop().call_soon(self._send_fresh)
            self._fresh.append(outcome)
        return self.answer_for(outcome.seq)

    def _send_fresh(self) -> None:
        fresh, self._fresh = self._fresh, []
        for batch in _cut(fresh):
            task = asyncio.create_task(self._send_at_once(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_at_once(self, batch: Sequence[WaitingOutcome]) -> None:
        try:
            settled = await self._sender.send(batch)
            if settled < len(batch):
                self._is_due.set()
        except DeliveryFailed as error:
            log_failure(error, len(batch))
            self._is_due.set()
        finally:
            self._sending.difference_update(outcome.seq for outcome in batch)

    async def _deliver_for_ever(self) -> None:
        failures = 0
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            settled, is_done = 0, False
            try:
                settled, is_done = await self._deliver_waiting()
            except OutboxBroken:
                log.exception("delivery_stopped: what is written goes after the next start")
                return
            except DeliveryFailed as error:
                if failures & (failures + 1) == 0:  # the 1st, 2nd, 4th, 8th ... in a row
                    log_failure(error, self._outbox.backlog().pending)
            except Exception:
                log.exception("delivery_round_failed")
            if is_done:
                failures = 0
                continue
            failures = 1 if settled else failures + 1
            await self._pause(failures)
            self._is_due.set()

    async def _pause(self, failures: int) -> None:
        """Back off; an answer to another report says that the server is back and ends the pause."""
        self._sender.is_answered.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.back_off_s(failures)):
                await self._sender.is_answered.wait()

    async def _deliver_waiting(self) -> tuple[int, bool]:
        """Walk once through what waits; say how many were settled and whether all were.

        Pages are read while batches are on their way; at most `_FLIGHTS` of them are in memory,
        and the page behind them.
        """
        settled, seen, after_seq = 0, 0, 0
        async with Flights() as flights:
            while page := await self._list_waiting(after_seq):
                after_seq = page[-1].seq
                busy = self._sending | self._sender.settled
                outcomes = [outcome for outcome in page if outcome.seq not in busy]
                seen += len(outcomes)
                flights.start(self._send(outcomes))
                settled += await flights.land(self._flights_most - 1)
            settled += await flights.land(0)
        return settled, settled == seen

    async def _list_waiting(self, after_seq: int) -> Sequence[WaitingOutcome]:
        self._sender.settled.clear()
        self._sender.notes_settled = True
        try:
            return await self._outbox.list_waiting(after_seq, self._batch_count, _BATCH_BYTES)
        finally:
            self._sender.notes_settled = False

    async def _send(self, outcomes: Sequence[WaitingOutcome]) -> int:
        try:
            settled = await self._sender.send(outcomes)
        except DeliveryFailed as error:
            self._flights_most = 1
            if error.code in _TOO_MUCH and len(outcomes) > 1:
                self._batch_count = max(1, self._batch_count // 2)
            raise
        if len(outcomes) > 1:
            self._batch_count = min(_BATCH_COUNT, self._batch_count * 2)
        self._flights_most = _FLIGHTS
        return settled


def _cut(outcomes: Sequence[WaitingOutcome]) -> Iterator[Sequence[WaitingOutcome]]:
    """Cut into batches that the server takes."""
    batch: list[WaitingOutcome] = []
    size = 0
    for outcome in outcomes:
        size += len(outcome.body) + FRAMING_BYTES
        if batch and (size > _BATCH_BYTES or len(batch) == _TOGETHER):
            yield batch
            batch, size = [], len(outcome.body) + FRAMING_BYTES
        batch.append(outcome)
    if batch:
        yield batch
