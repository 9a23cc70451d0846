"""Sends outcomes alone or as a batch, and settles each by what the server said to it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence

import grpc

from call_reporter.errors import DeliveryError, DeliveryFailed, ReportRefused
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Outbox, WaitingOutcome
from call_reporter.vocabulary import word_of
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

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

Answer = asyncio.Future[pb.ReportResponse | None]


class Sender:
    """Brings outcomes to the server, marks them in the outbox and tells who waits for one."""

    def __init__(self, outbox: Outbox, wire: Wire, options: ReporterOptions) -> None:
        self.is_answered = asyncio.Event()
        """Set at each answer for good: the server is there."""
        self.settled: set[int] = set()
        """What was settled while `notes_settled`."""
        self.notes_settled = False
        self._outbox = outbox
        self._wire = wire
        self._options = options
        self._answers: dict[int, Answer] = {}
        self._failures: defaultdict[int, int] = defaultdict(int)

    def close(self) -> None:
        """Let those go who wait for an answer."""
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    def answer_for(self, seq: int) -> Answer:
        """Find the future of a pending outcome's answer."""
        if seq not in self._answers:
            self._answers[seq] = asyncio.get_running_loop().create_future()
        return self._answers[seq]

    async def send(self, outcomes: Sequence[WaitingOutcome]) -> int:
        """Send some, one by one where a batch fails for one of them; returns how many are settled.

        Raises: DeliveryFailed when no other outcome would fare better now.
        """
        if len(outcomes) < 2:  # noqa: PLR2004 - a backlog of one is a Report
            return await self._send_each(outcomes)
        try:
            return await self._send_batch(outcomes)
        except DeliveryError as error:
            if error.code in _NOT_NOW:
                raise
            return await self._send_each(outcomes)  # one of them may be what the server trips over

    async def _send_each(self, outcomes: Sequence[WaitingOutcome]) -> int:
        settled = 0
        for outcome in outcomes:
            try:
                await self._send_alone(outcome)
                settled += 1
            except DeliveryFailed as error:
                if error.code in _NOT_NOW:
                    raise
                log_failure(error, 1)
        return settled

    async def _send_alone(self, outcome: WaitingOutcome) -> None:
        try:
            response = await self._wire.report(outcome.result)
        except ReportRefused as error:
            self._bury(outcome, error.reason)
        except DeliveryFailed:
            self._failures[outcome.seq] += 1
            raise
        else:
            self._options.failpoint("report.before_ack")
            self._outbox.acknowledge([outcome.seq])
            self._settle(outcome, response, self._now_us())

    async def _send_batch(self, outcomes: Sequence[WaitingOutcome]) -> int:
        try:
            entries = await self._wire.report_batch([outcome.body for outcome in outcomes])
        except DeliveryError:
            self._note_failures(outcomes)
            raise
        self._options.failpoint("report.before_ack")
        acknowledged: list[int] = []
        refused = 0
        now_us = self._now_us()
        for outcome, entry in zip(outcomes, entries, strict=True):
            if entry.HasField("response"):
                acknowledged.append(outcome.seq)
                self._settle(outcome, entry.response, now_us)
            elif entry.error.code == _INVALID_ARGUMENT:
                refused += 1
                self._bury(outcome, _describe(entry.error))
            else:
                self._note_failures([outcome])
        self._outbox.acknowledge(acknowledged)
        return len(acknowledged) + refused

    def _note_failures(self, outcomes: Sequence[WaitingOutcome]) -> None:
        for outcome in outcomes:
            self._failures[outcome.seq] += 1

    def _now_us(self) -> int:
        return int(self._options.clock.now().timestamp() * 1_000_000)

    def _settle(self, outcome: WaitingOutcome, response: pb.ReportResponse, now_us: int) -> None:
        attempts = self._failures.pop(outcome.seq, 0) + 1
        if log.isEnabledFor(logging.INFO):
            result = outcome.result
            log.info(
                "report_acknowledged call_id=%s call_sid=%s disposition=%s attempts=%d ms=%.1f",
                response.call_id or result.call_id,
                result.call_sid,
                word_of(pb.Disposition, response.disposition).upper(),
                attempts,
                (now_us - outcome.written_at) / 1_000,
            )
        self._answer(outcome.seq, response)

    def _bury(self, outcome: WaitingOutcome, reason: str) -> None:
        result = outcome.result
        log.error(
            "report_refused call_id=%s call_sid=%s reason=%s: kept as a dead letter",
            result.call_id,
            result.call_sid,
            reason,
        )
        self._failures.pop(outcome.seq, None)
        self._outbox.bury(outcome.seq, reason)
        self._answer(outcome.seq, None)

    def _answer(self, seq: int, response: pb.ReportResponse | None) -> None:
        self.is_answered.set()
        if self.notes_settled:
            self.settled.add(seq)
        answer = self._answers.pop(seq, None)
        if answer is not None and not answer.done():
            answer.set_result(response)


def log_failure(error: DeliveryFailed, count: int) -> None:
    """Log that `count` outcomes were not delivered this time."""
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
