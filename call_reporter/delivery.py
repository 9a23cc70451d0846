"""The delivery of outcomes: a Report at once, and for what is left a loop that never gives up."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import grpc

from call_reporter.errors import DeliveryError, DeliveryFailed, OutboxBroken, ReportRefused
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Outbox, WaitingOutcome
from call_reporter.vocabulary import word_of
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

_BATCH_COUNT = 1_000
_BATCH_BYTES = 1 << 20
_AT_ONCE = 64
_INVALID_ARGUMENT = 3
# The server is away, busy or does not know us: no other result would fare better now.
_NOT_NOW = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
}
# The batch may have been too much at once.
_TOO_MUCH = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}

Answer = asyncio.Future[pb.ReportResponse | None]


class Delivery:
    """Brings every waiting outcome of the outbox to the server, and tells who waits for one."""

    def __init__(self, outbox: Outbox, wire: Wire, options: ReporterOptions) -> None:
        self._outbox = outbox
        self._wire = wire
        self._options = options
        self._is_due = asyncio.Event()
        self._is_answered = asyncio.Event()
        self._answers: dict[int, Answer] = {}
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._settled: set[int] = set()  # while a list was made: it may still hold them
        self._is_listing = False
        self._batch_count = _BATCH_COUNT
        self._attempts: defaultdict[int, int] = defaultdict(int)
        self._loop_task: asyncio.Task[None] | None = None  # None before start

    def start(self) -> None:
        """Begin with what a former process left."""
        self._is_due.set()
        self._loop_task = asyncio.create_task(
            self._deliver_for_ever(), name="call-reporter-delivery"
        )

    async def close(self) -> None:
        """Stop sending; what is not acknowledged stays in the outbox for the next start."""
        tasks = [task for task in (self._loop_task, *self._sending.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    def deliver(self, outcome: WaitingOutcome) -> Answer:
        """Report an outcome just written; the future is done when the server answers for good.

        Its result is None when the server refused the outcome. It may never be done: do not wait
        without a limit.
        """
        answer = self.answer_for(outcome.seq)
        if len(self._sending) >= _AT_ONCE:
            self._is_due.set()
        elif outcome.seq not in self._sending:
            task = asyncio.create_task(self._send_at_once(outcome))
            self._sending[outcome.seq] = task
        return answer

    def answer_for(self, seq: int) -> Answer:
        """Find the future of a pending outcome's answer."""
        if seq not in self._answers:
            self._answers[seq] = asyncio.get_running_loop().create_future()
        return self._answers[seq]

    async def _send_at_once(self, outcome: WaitingOutcome) -> None:
        try:
            await self._send_alone(outcome)
        except DeliveryFailed as error:
            _log_failure(error, 1)
            self._is_due.set()
        finally:
            self._sending.pop(outcome.seq, None)

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
                    _log_failure(error, self._outbox.backlog().pending)
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
        self._is_answered.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.back_off_s(failures)):
                await self._is_answered.wait()

    async def _deliver_waiting(self) -> tuple[int, bool]:
        """Walk once through what waits; say how many were settled and whether all were."""
        settled, seen, after_seq = 0, 0, 0
        while batch := await self._list_waiting(after_seq):
            after_seq = batch[-1].seq
            busy = self._sending.keys() | self._settled
            outcomes = [outcome for outcome in batch if outcome.seq not in busy]
            seen += len(outcomes)
            settled += await self._send(outcomes)
        return settled, settled == seen

    async def _list_waiting(self, after_seq: int) -> Sequence[WaitingOutcome]:
        self._settled.clear()
        self._is_listing = True
        try:
            return await self._outbox.list_waiting(after_seq, self._batch_count, _BATCH_BYTES)
        finally:
            self._is_listing = False

    async def _send(self, outcomes: Sequence[WaitingOutcome]) -> int:
        if len(outcomes) < 2:  # noqa: PLR2004 - a backlog of one is a Report
            return await self._send_each(outcomes)
        try:
            settled = await self._send_batch(outcomes)
        except DeliveryError as error:
            if error.code in _TOO_MUCH:
                self._batch_count = max(1, self._batch_count // 2)
            if error.code in _NOT_NOW:
                raise
            return await self._send_each(outcomes)  # one of them may be what the server trips over
        self._batch_count = min(_BATCH_COUNT, self._batch_count * 2)
        return settled

    async def _send_each(self, outcomes: Sequence[WaitingOutcome]) -> int:
        settled = 0
        for outcome in outcomes:
            try:
                await self._send_alone(outcome)
                settled += 1
            except DeliveryFailed as error:
                if error.code in _NOT_NOW:
                    raise
                _log_failure(error, 1)
        return settled

    async def _send_alone(self, outcome: WaitingOutcome) -> None:
        self._attempts[outcome.seq] += 1
        try:
            response = await self._wire.report(outcome.result)
        except ReportRefused as error:
            self._bury(outcome, error.reason)
        else:
            self._options.failpoint("report.before_ack")
            self._outbox.acknowledge([outcome.seq])
            self._settle(outcome, response)

    async def _send_batch(self, outcomes: Sequence[WaitingOutcome]) -> int:
        for outcome in outcomes:
            self._attempts[outcome.seq] += 1
        entries = await self._wire.report_batch([outcome.result for outcome in outcomes])
        self._options.failpoint("report.before_ack")
        acknowledged: list[int] = []
        refused = 0
        for outcome, entry in zip(outcomes, entries, strict=True):
            if entry.HasField("response"):
                acknowledged.append(outcome.seq)
                self._settle(outcome, entry.response)
            elif entry.error.code == _INVALID_ARGUMENT:
                refused += 1
                self._bury(outcome, _describe(entry.error))
        self._outbox.acknowledge(acknowledged)
        return len(acknowledged) + refused

    def _settle(self, outcome: WaitingOutcome, response: pb.ReportResponse) -> None:
        self._is_answered.set()
        age_us = int(self._options.clock.now().timestamp() * 1_000_000) - outcome.written_at
        log.info(
            "report_acknowledged call_id=%s call_sid=%s disposition=%s attempts=%d ms=%.1f",
            response.call_id or outcome.result.call_id,
            outcome.result.call_sid,
            word_of(pb.Disposition, response.disposition).upper(),
            self._attempts.pop(outcome.seq, 1),
            age_us / 1_000,
        )
        self._answer(outcome.seq, response)

    def _bury(self, outcome: WaitingOutcome, reason: str) -> None:
        self._is_answered.set()
        log.error(
            "report_refused call_id=%s call_sid=%s reason=%s: kept as a dead letter",
            outcome.result.call_id,
            outcome.result.call_sid,
            reason,
        )
        self._attempts.pop(outcome.seq, None)
        self._outbox.bury(outcome.seq, reason)
        self._answer(outcome.seq, None)

    def _answer(self, seq: int, response: pb.ReportResponse | None) -> None:
        if self._is_listing:
            self._settled.add(seq)
        answer = self._answers.pop(seq, None)
        if answer is not None and not answer.done():
            answer.set_result(response)


def _log_failure(error: DeliveryFailed, count: int) -> None:
    log.warning(
        "report_failed count=%d code=%s reason=%s: kept, sent again",
        count,
        error.code.name,
        error.reason,
    )


def _describe(error: pb.ReportError) -> str:
    fields = "; ".join(
        f"{violation.field}: {violation.description}" for violation in error.violations
    )
    return f"{error.message} ({fields})" if fields else error.message
