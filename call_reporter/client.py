"""The public face: a reporter that makes the results of calls durable and delivers them."""

import asyncio
import logging
import re
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from call_reporter.errors import InvalidCall, NotStarted, OutboxUnavailable
from call_reporter.limits import fit_result
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Backlog, Outbox, RememberedOrder
from call_reporter.recovery import recover_lost_calls
from call_reporter.reported_call import Desk, ReportedCall
from call_reporter.reports import Reports
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_PRUNE_EVERY_S = 3_600.0
_LEGS_KEPT = 10_000


class CallReporter:
    """Reports calls to one Orchestrator; use it with `async with`, once per process and outbox.

    What `report` was given and what `call` was opened with survives the death of the process: it
    is in the outbox before it is sent, and is sent until the server has answered, by this process
    or the next one.

    `target`: the server's address, or a way of one's own to it. `outbox`: the file, or an outbox
    that is not opened yet, built with the same options.
    """

    def __init__(  # noqa: PLR0913 - the ten-line example shows why: each is one word there
        self,
        target: str | Wire,
        *,
        outbox: str | Path | Outbox,
        token: str = "",
        handler_instance: str = "",
        test: bool = False,
        ack_wait_s: float = 2.0,
        options: ReporterOptions | None = None,
    ) -> None:
        self._options = options or ReporterOptions()
        self._handler_instance = handler_instance
        self._test = test
        self._ack_wait_s = ack_wait_s
        self._outbox = outbox if isinstance(outbox, Outbox) else Outbox(Path(outbox), self._options)
        self._wire = target if isinstance(target, Wire) else Wire(target, token, self._options)
        self._reports: Reports | None = None  # None while not started
        self._pruning: asyncio.Task[None] | None = None  # None while not started
        self._calls: list[ReportedCall] = []
        # call_id -> the CallSid that was opened first, for as long as a second one may come.
        self._first_legs: dict[str, str] = {}
        self._desk = Desk(
            self._outbox,
            self._wire,
            self._options,
            self.report,
            self._calls.append,
            self._calls.remove,
        )

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def start(self) -> None:
        """Open the outbox, recover what a former process left, connect and begin to deliver.

        Raises: OutboxInUse when another reporter holds the outbox, OutboxUnavailable when it
        cannot be opened.
        """
        await self._outbox.open()
        try:
            await recover_lost_calls(self._outbox, self._options)
        except BaseException:
            await self._outbox.close()
            raise
        self._wire.open()
        self._reports = Reports(self._outbox, self._wire, self._options, self._ack_wait_s)
        self._reports.start()
        self._pruning = asyncio.create_task(self._prune_for_ever(), name="call-reporter-pruning")

    async def close(self) -> None:
        """Wait for reports under way (`ack_wait_s` at most) and stop; the outbox keeps the rest."""
        if self._reports is None or self._pruning is None:
            return
        reports, self._reports = self._reports, None
        self._pruning.cancel()
        await asyncio.gather(self._pruning, return_exceptions=True)
        await reports.close()
        await self._wire.close()
        await self._outbox.close()

    def call(self, call_sid: str, *, call_id: str = "", stream_nonce: str = "") -> ReportedCall:
        """Open a call that begins now; use it with `async with`, which journals it first.

        `call_id`: the Orchestrator's, when it placed the call. `stream_nonce`: of the media
        stream's token, for `claim()`. Raises: InvalidCall when neither id can name the call.
        """
        if not call_id and _CALL_SID.fullmatch(call_sid) is None:
            raise InvalidCall(f"call_sid: {call_sid!r} is not 'CA' and 32 hex digits")
        draft = pb.CallResult(
            call_sid=call_sid,
            call_id=call_id,
            handler_instance=self._handler_instance,
            test=self._test,
        )
        call_key = self._key_of(call_id, call_sid, remember=True)
        return ReportedCall(self._desk, draft, stream_nonce, call_key)

    async def report(self, result: pb.CallResult) -> pb.ReportResponse | None:
        """Make a result durable, send it and wait up to `ack_wait_s` for the answer.

        The first result of a call stands; for another one the answer to the first is returned. A
        caller that is cancelled meanwhile loses nothing.
        Returns: the answer; None when it is kept and sent on, or when the server refused it (a
        dead letter, logged).
        Raises: OutboxUnavailable only if it could neither be written nor delivered in time.
        """
        call = self._find_call(result)
        if call is not None:
            call.note_reported()
        call_key = self._find_key(result, call)
        return await self._started.report(call_key, self._complete(result), is_first=True)

    async def revise(self, result: pb.CallResult) -> pb.ReportResponse | None:
        """Report an addition to a call that was reported, such as a late line of the transcript.

        The same path as `report`, beside the first result. Give it no report_id, or one of its own.
        """
        call_key = self._find_key(result, self._find_call(result))
        return await self._started.report(call_key, self._complete(result), is_first=False)

    async def remember_order(self, call_id: str, body: bytes) -> RememberedOrder:
        """Remember an order before its call is dialled, or find what is known of it.

        Raises: OutboxUnavailable (OutboxFull when the disk is short): take no new calls.
        """
        return await self._outbox.remember_order(call_id, body)

    async def recall_order(self, call_id: str) -> RememberedOrder | None:
        """Tell what is known of an order; None when it is new. Raises: OutboxUnavailable."""
        return await self._outbox.recall_order(call_id)

    async def answer_order(self, call_id: str, answer: bytes) -> None:
        """Remember the answer to an order, for its repeats. Raises: OutboxUnavailable."""
        await self._outbox.answer_order(call_id, answer)

    async def is_over(self, call_id: str) -> bool:
        """Say whether this outbox holds a result of the call. Raises: OutboxUnavailable."""
        return await self._outbox.is_over(call_id)

    async def trouble(self) -> str:
        """Say in a line why no new calls should be taken; empty when all is well.

        Asks the outbox's thread, so that a disk that has space again is seen; a disk that hangs
        holds the answer up.
        """
        try:
            await self._outbox.check_space()
        except OutboxUnavailable as error:
            return str(error)
        return ""

    def backlog(self) -> Backlog:
        """Count what is not delivered."""
        return self._outbox.backlog()

    @property
    def _started(self) -> Reports:
        if self._reports is None:
            raise NotStarted("the reporter is not started: use it inside `async with`")
        return self._reports

    def _find_call(self, result: pb.CallResult) -> ReportedCall | None:
        """Find the running call of a result; of two legs of one call the one with its CallSid."""
        for call in self._calls:
            if result.call_sid and result.call_sid == call.call_sid and not call.is_refused:
                return call
        for call in self._calls:
            is_same = bool(result.call_id) and result.call_id == call.call_id
            if is_same and not result.call_sid and not call.is_refused:
                return call
        return None

    def _find_key(self, result: pb.CallResult, call: ReportedCall | None) -> str:
        if call is not None:
            return call.call_key
        key = self._key_of(result.call_id, result.call_sid)
        if not key:
            raise InvalidCall(
                "call_sid: a result names its call by call_sid or call_id, both are empty"
            )
        return key

    def _key_of(self, call_id: str, call_sid: str, *, remember: bool = False) -> str:
        """Say what names a call in the outbox: its call_id, for a second leg its CallSid.

        Two telephone calls may come for one call_id, and the first need not be the one that is
        granted: neither may take the other's place.
        """
        if not (call_id and call_sid):
            return call_id or call_sid
        if remember:
            self._first_legs.setdefault(call_id, call_sid)
        return call_id if self._first_legs.get(call_id, call_sid) == call_sid else call_sid

    def _complete(self, result: pb.CallResult) -> pb.CallResult:
        """Copy a result, cut to size, with what every report carries."""
        completed = fit_result(result, self._options.max_result_bytes)
        completed.report_id = completed.report_id or uuid.uuid4().hex
        completed.handler_instance = completed.handler_instance or self._handler_instance
        completed.test = completed.test or self._test
        if completed.source == pb.SOURCE_UNSPECIFIED:
            completed.source = pb.SOURCE_HANDLER
        if not completed.HasField("report_time"):
            completed.report_time.FromDatetime(self._options.clock.now())
        return completed

    async def _prune_for_ever(self) -> None:
        while True:
            with suppress(OutboxUnavailable):
                await self._outbox.prune()
            for call_id in [*self._first_legs][:-_LEGS_KEPT]:
                del self._first_legs[call_id]
            await asyncio.sleep(_PRUNE_EVERY_S)
