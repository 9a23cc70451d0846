"""The path of one result inside this process: written, sent, its answer awaited for a while."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TypeVar

from call_reporter.delivery import Delivery
from call_reporter.errors import DeliveryFailed, OutboxUnavailable, ReportRefused
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Outbox, WaitingOutcome
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

T = TypeVar("T")


class Reports:
    """Takes results, one task each, so that a caller that is cancelled loses nothing."""

    def __init__(
        self, outbox: Outbox, wire: Wire, options: ReporterOptions, ack_wait_s: float
    ) -> None:
        self._outbox = outbox
        self._wire = wire
        self._options = options
        self._ack_wait_s = ack_wait_s
        self._delivery = Delivery(outbox, wire, options)
        self._reports: set[asyncio.Task[pb.ReportResponse | None]] = set()
        self._unwritten: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to deliver what waits in the outbox."""
        self._delivery.start()

    async def close(self) -> None:
        """Wait for the reports under way, `ack_wait_s` at most, and stop delivering."""
        if self._reports:
            await asyncio.wait(self._reports)
        for task in self._unwritten:
            task.cancel()
        await asyncio.gather(*self._unwritten, return_exceptions=True)
        await self._delivery.close()

    async def report(
        self, call_key: str, result: pb.CallResult, *, is_first: bool
    ) -> pb.ReportResponse | None:
        """Write a result and send it; see `CallReporter.report`."""
        task = _start(self._write_and_send(call_key, result, is_first=is_first), self._reports)
        await asyncio.wait({task})  # unlike `await task`, never cancels what it waits for
        return task.result()

    async def _write_and_send(
        self, call_key: str, result: pb.CallResult, *, is_first: bool
    ) -> pb.ReportResponse | None:
        self._options.failpoint("report.before_put")
        try:
            put = await self._outbox.put_outcome(call_key, result, is_first=is_first)
        except OutboxUnavailable as error:
            return await self._send_unwritten(result, error)
        self._options.failpoint("report.after_put")
        if put.is_new:
            now_us = int(self._options.clock.now().timestamp() * 1_000_000)
            answer = self._delivery.deliver(
                WaitingOutcome(put.seq, result.SerializeToString(), now_us)
            )
        else:
            log.warning(
                "call_reported_twice call_id=%s call_sid=%s", result.call_id, result.call_sid
            )
            answer = self._delivery.answer_for(put.seq)
            if await self._outbox.is_settled(put.seq):  # asked last: it may have been meanwhile
                return pb.ReportResponse(
                    disposition=pb.DISPOSITION_DUPLICATE, call_id=result.call_id
                )
        await asyncio.wait({answer}, timeout=self._ack_wait_s)
        if answer.done() and not answer.cancelled():
            return answer.result()
        log.warning(
            "report_kept call_id=%s call_sid=%s: sent until it is answered",
            result.call_id,
            result.call_sid,
        )
        return None

    async def _send_unwritten(
        self, result: pb.CallResult, error: OutboxUnavailable
    ) -> pb.ReportResponse | None:
        """Deliver a result that the disk did not take; until it is answered only memory has it."""
        log.error(
            "report_not_durable call_id=%s call_sid=%s error=%s",
            result.call_id,
            result.call_sid,
            error,
        )
        answer: asyncio.Future[pb.ReportResponse | None] = (
            asyncio.get_running_loop().create_future()
        )
        _start(self._send_until_answered(result, answer), self._unwritten)
        await asyncio.wait({answer}, timeout=self._ack_wait_s)
        if answer.done():
            return answer.result()
        raise error

    async def _send_until_answered(
        self, result: pb.CallResult, answer: asyncio.Future[pb.ReportResponse | None]
    ) -> None:
        failures = 0
        while not answer.done():
            try:
                answer.set_result(await self._wire.report(result))
            except ReportRefused as error:
                log.error(  # noqa: TRY400 - a refusal is an answer, its trace says nothing
                    "report_refused call_sid=%s reason=%s", result.call_sid, error.reason
                )
                answer.set_result(None)
            except DeliveryFailed:
                failures += 1
                await asyncio.sleep(self._options.back_off_s(failures))


def _start(work: Coroutine[None, None, T], tasks: set[asyncio.Task[T]]) -> asyncio.Task[T]:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
