"""The progress of one running call: its claim, its turns, and what comes back from the person."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import grpc

from call_reporter.errors import (
    ClaimRefused,
    ClaimUnanswered,
    DeliveryError,
    DeliveryFailed,
    NotStarted,
    OutboxUnavailable,
)
from call_reporter.limits import MAX_TURNS
from call_reporter.options import ReporterOptions
from call_reporter.questions import Questions
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

_TURNS_AT_ONCE = 200
_FINAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
}


@dataclass(frozen=True, slots=True)
class CallNames:
    """Holds what a call is known by; each may be empty but not both ids."""

    call_sid: str
    call_id: str
    stream_nonce: str
    handler_instance: str


class Progress:
    """Tells the server how one call goes, soon after turns or every 2 s; never holds the agent up.

    `answered_by_word`: the newest word of the carrier's detection of who answered; "" before.
    """

    def __init__(
        self,
        wire: Wire,
        options: ReporterOptions,
        names: CallNames,
        turns: Sequence[pb.TranscriptTurn],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._wire = wire
        self._options = options
        self._names = names
        self._turns = turns
        self._settle = settle
        self._next_turn = 0
        self._has_news = asyncio.Event()
        # Set for news that waits for no other.
        self._is_urgent = asyncio.Event()
        self._is_told = False
        self._task: asyncio.Task[None] | None = None  # None while not running
        self.cancel_requested = asyncio.Event()
        self.questions = Questions(options.question_grace_s, self._hurry)
        self.answered_by_word = ""

    def start(self) -> None:
        """Begin to tell; the first progress goes at once, unless the claim was one."""
        if self._task is None:
            if not self._is_told:
                self._hurry()
            self._task = asyncio.create_task(self._tell_for_ever(), name="call-reporter-progress")

    def stop(self) -> None:
        """Stop telling, without waiting for it."""
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Stop telling."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def note_turn(self, position: int) -> None:
        """Note that the turn at `position` is new or was changed."""
        self._next_turn = min(self._next_turn, position)
        self._has_news.set()

    async def claim(self) -> pb.ReportProgressResponse:
        """Claim the call for this stream; a server that is away is asked again until the deadline.

        Raises: ClaimRefused, ClaimUnanswered.
        """
        deadline_s = self._options.claim_deadline_s
        request = self._build_request(0)
        request.stream_nonce = self._names.stream_nonce
        last: DeliveryError = DeliveryFailed(grpc.StatusCode.DEADLINE_EXCEEDED, "no answer")
        failures = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while True:
                    try:
                        response = await self._wire.report_progress(request, deadline_s)
                    except DeliveryError as error:
                        if error.code in _FINAL:
                            raise ClaimRefused(error.code, error.reason) from error
                        last = error
                    else:
                        self._is_told = True
                        self._note_answer(response)
                        return response
                    failures += 1
                    await asyncio.sleep(self._options.back_off_s(failures))
        raise ClaimUnanswered(
            last.code, f"no answer within {deadline_s} s: {last.reason}"
        ) from last

    async def _tell_for_ever(self) -> None:
        failures = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._wait_for_news()
            self._has_news.clear()
            self._is_urgent.clear()
            try:
                await self._tell()
                failures = 0
            except NotStarted:
                return  # the reporter was closed before the call: recovery reports it
            except DeliveryError as error:
                if error.code in _FINAL:
                    self._log("progress_refused", error)
                    return
                failures += 1
                if failures == 1:
                    self._log("progress_failed", error)
                await asyncio.sleep(self._options.back_off_s(failures))
                self._hurry()

    async def _wait_for_news(self) -> None:
        """Wait for news and for what comes with it: each progress is a commit over there.

        Raises: TimeoutError when it has gathered for long enough.
        """
        await self._has_news.wait()
        async with asyncio.timeout(self._options.progress_gather_s):
            await self._is_urgent.wait()

    def _hurry(self) -> None:
        self._is_urgent.set()
        self._has_news.set()

    def _pause_s(self) -> float:
        options = self._options
        if self.questions.open is None:
            return options.progress_every_s
        return min(options.progress_every_s, options.question_every_s)

    async def _tell(self) -> None:
        request = self._build_request(self._next_turn)
        first, self._next_turn = self._next_turn, self._next_turn + len(request.turns)
        try:
            with suppress(OutboxUnavailable):  # without a disk the server is the only witness
                await self._settle()  # what others know of us must survive our own death
            response = await self._wire.report_progress(request, self._options.progress_deadline_s)
        except BaseException:
            self._next_turn = min(self._next_turn, first)
            raise
        self._note_answer(response)
        if response.last_turn < first:  # the server knows less than it said: begin where it stands
            self._next_turn = min(self._next_turn, response.last_turn)
            self._hurry()
        elif self._next_turn < min(len(self._turns), MAX_TURNS):
            self._has_news.set()

    def _build_request(self, first_turn: int) -> pb.ReportProgressRequest:
        end = min(first_turn + _TURNS_AT_ONCE, MAX_TURNS)
        asked = self.questions.open
        now = asyncio.get_running_loop().time()
        return pb.ReportProgressRequest(
            question=asked.describe(now) if asked is not None else None,
            call_id=self._names.call_id,
            call_sid=self._names.call_sid,
            status=pb.CALL_STATUS_IN_PROGRESS,
            first_turn=first_turn,
            turns=self._turns[first_turn:end],
            handler_instance=self._names.handler_instance,
        )

    def _note_answer(self, response: pb.ReportProgressResponse) -> None:
        if response.cancel_requested and not self.cancel_requested.is_set():
            log.info(
                "cancel_requested call_id=%s call_sid=%s", response.call_id, self._names.call_sid
            )
            self.cancel_requested.set()
        if self.questions.open is not None and response.HasField("answer"):
            self.questions.open.take(response.answer)
        self.answered_by_word = response.answered_by_word or self.answered_by_word

    def _log(self, event: str, error: DeliveryError) -> None:
        log.warning(
            "%s call_id=%s call_sid=%s code=%s reason=%s",
            event,
            self._names.call_id,
            self._names.call_sid,
            error.code.name,
            error.reason,
        )
