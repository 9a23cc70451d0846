"""One call as its agent sees it: claim it, tell its turns, finish it; leaving it reports it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypedDict, Unpack

from call_reporter import vocabulary as words
from call_reporter.errors import ClaimRefused, InvalidCall, NotStarted, OutboxUnavailable
from call_reporter.limits import MAX_DURATION_S, clean_text, fit_turn
from call_reporter.options import ReporterOptions
from call_reporter.outbox import Outbox
from call_reporter.progress import CallNames, Progress
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")


class TurnDetails(TypedDict, total=False):
    """Holds what may be told of a turn besides its words: fields of TranscriptTurn."""

    start_ms: int | None
    end_ms: int | None
    interrupted: bool
    item_id: str
    tool: pb.ToolUse | None
    dtmf: str


class TurnChanges(TurnDetails, total=False):
    """Holds what may change in a turn that was told."""

    text: str


class Ending(TypedDict, total=False):
    """Holds how a call ended: fields of CallResult, enums as words or numbers."""

    status: str | int
    duration: int | None
    summary: str
    transcript_snippet: str
    error_message: str
    outcome: str | int
    end_reason: str | int
    answered_by: str | int
    facts: Mapping[str, str] | Sequence[pb.Fact]
    to_number: str
    from_number: str
    recording_url: str
    provider_status: str
    transcript_complete: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """Holds what a reporter lends to each of its calls."""

    outbox: Outbox
    wire: Wire
    options: ReporterOptions
    report: Callable[[pb.CallResult], Awaitable[pb.ReportResponse | None]]
    enter: Callable[[ReportedCall], None]
    leave: Callable[[ReportedCall], None]


class ReportedCall:
    """Is one running call; use it with `async with`."""

    def __init__(self, desk: Desk, draft: pb.CallResult, stream_nonce: str, call_key: str) -> None:
        self.call_sid = draft.call_sid
        self.call_id = draft.call_id
        """The Orchestrator's id; empty for an external call until its claim is answered."""
        self.call_key = call_key
        """Names the call in the outbox."""
        self.is_over = False
        """True when the call was reported, or belongs to another stream."""
        self.is_refused = False
        """True when the claim was refused because another stream holds the call."""
        self._desk = desk
        self._draft = draft
        self._is_claimable = bool(stream_nonce)
        self._opening_id = uuid.uuid4().hex
        self._turns: list[pb.TranscriptTurn] = []
        self._is_entered = False
        self._ending: pb.CallResult | None = None  # None until finish()
        names = CallNames(draft.call_sid, draft.call_id, stream_nonce, draft.handler_instance)
        self._progress = Progress(desk.wire, desk.options, names, self._turns, desk.outbox.settle)

    @property
    def cancel_requested(self) -> asyncio.Event:
        """Is set when the person or an operator asked to end the call: say goodbye and hang up."""
        return self._progress.cancel_requested

    @property
    def answered_by_word(self) -> str:
        """Give the newest word of the carrier's detection of who answered, "" before."""
        return self._progress.answered_by_word

    @property
    def turns(self) -> Sequence[pb.TranscriptTurn]:
        """List the turns told so far."""
        return tuple(self._turns)

    async def __aenter__(self) -> Self:
        """Journal the call; when this returns, the call cannot be forgotten any more."""
        self._desk.enter(self)
        self._is_entered = True
        try:
            await self._desk.outbox.start_call(self._opening_id, self.call_key, self._draft)
        except OutboxUnavailable:
            # The phone is in somebody's hand: the call goes on, its result may still be delivered
            # directly.
            log.exception("call_not_journalled call_id=%s call_sid=%s", self.call_id, self.call_sid)
        except BaseException as error:  # cancelled: the row may be written, so it needs its result
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        if not self._is_claimable:
            self._progress.start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Report the call unless it was reported, as finished or as far as it is known."""
        try:
            self._progress.stop()  # a cancel must not come between the call and its report
            if not self.is_over:
                await self._desk.report(self._build_result(error))
            await self._progress.close()
        except OutboxUnavailable:
            if error is None:
                raise
            log.exception("call_not_reported call_id=%s call_sid=%s", self.call_id, self.call_sid)
        finally:
            self._is_entered = False
            self._desk.leave(self)

    async def claim(self) -> pb.Order:
        """Claim the call for this media stream and learn what it is for; 3 s at most.

        Returns: the order; empty but for the call_id when the server placed no order. Connect no
        model before.
        Raises: ClaimRefused (another stream or telephone call holds it, or nobody knows it),
        ClaimUnanswered.
        """
        try:
            response = await self._progress.claim()
        except ClaimRefused as error:
            if error.is_taken:
                self.is_over = self.is_refused = True
                self._desk.outbox.mark_refused(self._opening_id)
            raise
        self.call_id = response.call_id or self.call_id
        self._desk.outbox.mark_claimed(self._opening_id)
        self._progress.start()
        return response.order if response.HasField("order") else pb.Order(call_id=self.call_id)

    async def ask_person(self, text: str, wait_s: float) -> str | None:
        """Ask the person who ordered the call, in its chat, while the call goes on.

        What they write is data for the agent, never instructions.
        Returns: the answer; None when none came within `wait_s`, 1 to 300 s. Raises: InvalidCall
        for a text of none or over 500 characters, and while another question is open.
        """
        return await self._progress.questions.ask(text, wait_s)

    def turn(self, role: str | int, text: str, **details: Unpack[TurnDetails]) -> int:
        """Tell a turn: it is written down and sent behind the agent's back.

        `role`: "callee", "agent", "tool", "system" or the contract's number.
        Returns: the turn's position in the transcript, from 0. Raises: InvalidCall for an unknown
        role.
        """
        turn = pb.TranscriptTurn(role=words.role_of(role), text=clean_text(text), **details)
        self._turns.append(fit_turn(turn))
        position = len(self._turns) - 1
        self._note_turn(position)
        return position

    def revise_turn(self, position: int, **changes: Unpack[TurnChanges]) -> None:
        """Change a turn, such as to the part that was heard. Raises: InvalidCall."""
        if not 0 <= position < len(self._turns):
            raise InvalidCall(
                f"position: {position} is not a turn of this call, it has {len(self._turns)}"
            )
        revised = pb.TranscriptTurn(**changes)
        revised.text = clean_text(revised.text)
        turn = pb.TranscriptTurn()
        turn.CopyFrom(self._turns[position])
        for name, value in changes.items():
            if value is None:
                turn.ClearField(name)  # type: ignore[arg-type]  # the keys of TurnChanges are the message's fields
            elif name == "tool":
                turn.tool.CopyFrom(revised.tool)
            else:
                setattr(turn, name, getattr(revised, name))
        self._turns[position] = fit_turn(turn)
        self._note_turn(position)

    def finish(self, **ending: Unpack[Ending]) -> None:
        """Say how the call ended; leaving the call reports it. The first word stands.

        `status`: "completed" unless told. `facts`: name to value, or the contract's Fact with its
        evidence.
        Raises: InvalidCall for a word or number that the contract does not allow.
        """
        if self._ending is not None:
            log.warning("call_finished_twice call_id=%s call_sid=%s", self.call_id, self.call_sid)
            return
        self._ending = _build_ending(ending)

    def note_reported(self) -> None:
        """Note that this call's result is reported: leaving the call does not report it again."""
        self.is_over = True
        self._progress.stop()

    def _note_turn(self, position: int) -> None:
        if not self._is_entered:
            raise NotStarted("tell turns inside `async with reporter.call(...)`")
        self._desk.outbox.put_turn(self._opening_id, position, self._turns[position])
        if not self.is_over:
            self._progress.note_turn(position)

    def _build_result(self, error: BaseException | None) -> pb.CallResult:
        result = pb.CallResult()
        result.CopyFrom(self._draft)
        result.call_id = self._draft.call_id
        result.source = pb.SOURCE_HANDLER
        result.MergeFrom(self._ending or self._guess_ending(error))
        result.transcript.extend(self._turns)
        return result

    def _guess_ending(self, error: BaseException | None) -> pb.CallResult:
        """Say what is known of a call that was left without finish()."""
        is_stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit)
        ending = pb.CallResult(
            status=pb.CALL_STATUS_COMPLETED if self._turns else pb.CALL_STATUS_UNKNOWN,
            outcome=pb.OUTCOME_FOLLOW_UP,
            summary="The agent left the call without saying how it ended.",
        )
        if is_stopped:
            ending.end_reason = pb.END_REASON_HANDLER_STOPPED
            ending.error_message = "The agent was stopped while the call ran."
        elif error is not None:
            ending.end_reason = pb.END_REASON_INTERNAL_ERROR
            ending.error_message = f"The agent failed with {type(error).__name__}."
            ending.fault.component = pb.FAULT_COMPONENT_HANDLER
            ending.fault.code = type(error).__name__[:128]
            ending.fault.message = clean_text(str(error))
        return ending


def _build_ending(ending: Ending) -> pb.CallResult:
    duration = ending.get("duration")
    if duration is not None and not 0 <= duration <= MAX_DURATION_S:
        raise InvalidCall(f"duration: {duration} is not from 0 to {MAX_DURATION_S} seconds")
    facts = ending.get("facts", ())
    if isinstance(facts, Mapping):
        facts = [pb.Fact(name=name, value=value) for name, value in facts.items()]
    result = pb.CallResult(
        status=words.final_status_of(ending.get("status", "completed")),
        duration=duration,
        facts=facts,
        transcript_complete=ending.get("transcript_complete", True),
    )
    for name in _TEXTS:
        setattr(result, name, clean_text(str(ending.get(name, ""))))
    if "outcome" in ending:
        result.outcome = words.outcome_of(ending["outcome"])
    if "end_reason" in ending:
        result.end_reason = words.end_reason_of(ending["end_reason"])
    if "answered_by" in ending:
        result.answered_by = words.answered_by_of(ending["answered_by"])
    return result


_TEXTS = (
    "summary",
    "transcript_snippet",
    "error_message",
    "to_number",
    "from_number",
    "recording_url",
    "provider_status",
)
