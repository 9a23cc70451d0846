"""One call from its claim to its report: every ending comes through finish_call, once."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from call_handler.bridge import Bridge, BridgeLimits, CarrierSocket, Dialogue, Signals
from call_handler.call_plan import WHO_ENDED, plan_session, set_up_dialogue
from call_handler.outcome import CallEnd, EndKind, HeldCall, build_result
from call_handler.realtime import ModelSettings, RealtimeModel
from call_handler.settings import HandlerSettings
from call_reporter import (
    CallReporter,
    ClaimRefused,
    ClaimUnanswered,
    OutboxUnavailable,
    ReportedCall,
)
from foundation.clock import Clock
from foundation.failpoints import failpoint
from foundation.settings import Mode
from foundation.task_set import TaskSet, completed
from ringback.v1.call_results_pb2 import (
    CallResult,
    Disposition,
    EndReason,
    Fault,
    FaultComponent,
    Order,
    Outcome,
    ReportResponse,
)
from telephony.twilio_rest import CarrierUnreachable, TwilioRest

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
_DEFAULT_LIMIT_S = 600
# The callee is gone, or hears the apology of /after-stream once our stream is closed.
_ENDS_BY_ITSELF = (EndKind.CALLEE_HUNG_UP, EndKind.MODEL_LOST, EndKind.INTERNAL_ERROR)


@dataclass(frozen=True, slots=True)
class CallServices:
    """What the conduct of calls needs of the service. `stopping`: calls have to end now.

    `limits`: how long what is waited for; the time limit comes with each order.
    """

    reporter: CallReporter
    carrier: TwilioRest
    settings: HandlerSettings
    clock: Clock
    tasks: TaskSet
    stopping: asyncio.Event
    limits: BridgeLimits = field(default_factory=BridgeLimits)


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A media stream that was admitted and has told its `start`."""

    call_id: str
    nonce: str
    call_sid: str
    stream_sid: str
    socket: CarrierSocket
    start_time: datetime


class LiveCall:
    """A call that is being held, and the guard that it is finished only once."""

    def __init__(self, held: HeldCall, bridge: Bridge | None, dialogue: Dialogue | None) -> None:
        self.held = held
        self.bridge = bridge
        """None when no conversation was begun."""
        self.dialogue = dialogue
        self._is_finished = False

    def take_finish(self) -> bool:
        """Say whether the caller is the first who finishes the call, and remember it."""
        is_first, self._is_finished = not self._is_finished, True
        return is_first


async def conduct_call(stream: OpenStream, services: CallServices) -> bool:
    """Claim a call, hold the conversation, end it and report it.

    Run it in the app's task set: it must outlive the WebSocket's own task.
    Returns: False when the claim was refused, so that the stream is to be closed with 1008.
    """
    reporter = services.reporter
    async with reporter.call(
        stream.call_sid, call_id=stream.call_id, stream_nonce=stream.nonce
    ) as reported:
        try:
            order = await reported.claim()
        except ClaimRefused as error:
            log.warning("claim_refused", reason=error.reason)
            return False
        except ClaimUnanswered as error:
            await _give_up(stream, services, error.reason)
            return True
        log.info("call_claimed", errand=order.errand, attempt=order.attempt)
        failpoint("stream.claimed")
        await _converse(stream, services, order, reported)
    return True


async def finish_call(call: LiveCall, end: CallEnd, services: CallServices) -> None:
    """Build the call's result and report it; a second call for the same call does nothing.

    The result is durable before it is sent, and the model's late transcripts, which come as a
    revision, never hold it up.
    """
    if not call.take_finish():
        log.warning("call_finished_twice", end=end.kind.value)
        return
    result = build_result(call.held, end)
    log.info(
        "call_terminated",
        by=WHO_ENDED[end.kind],
        end_reason=EndReason.Name(result.end_reason),
        outcome=Outcome.Name(result.outcome),
        duration_s=result.duration if result.HasField("duration") else None,
        turns=len(result.transcript),
        fault=result.fault.code,
    )
    late = asyncio.create_task(_collect_late_words(call), name="late-words")
    try:
        await _report(result, services)
    finally:
        await asyncio.wait({late})
    if late.result() and call.dialogue is not None:
        await _revise(call, end, call.dialogue, services)


async def _converse(
    stream: OpenStream, services: CallServices, order: Order, reported: ReportedCall
) -> None:
    settings = services.settings
    time_limit_ms = (order.time_limit_s or _DEFAULT_LIMIT_S) * _MS_PER_S
    limits = replace(services.limits, time_limit_ms=time_limit_ms)
    dialogue = Dialogue(set_up_dialogue(stream.stream_sid, order, settings), reported, limits)
    plan = plan_session(order, settings)
    model_settings = ModelSettings(
        settings.openai_base_url, settings.openai_api_key.get_secret_value(), settings.model
    )

    async def connect() -> RealtimeModel:
        return await RealtimeModel.connect(model_settings, stream.call_id, plan, dialogue.writer)

    async def ask_person(question: str) -> str | None:
        return await reported.ask_person(question, settings.ask_person_s)

    signals = Signals(
        services.stopping,
        reported.cancel_requested,
        services.clock,
        ask_person,
        lambda: reported.answered_by_word,
    )
    bridge = Bridge(stream.socket, connect, dialogue, signals, limits)
    call = LiveCall(_hold(stream, services, order), bridge, dialogue)
    try:
        end = await bridge.run()
    except BaseException:  # cancelled: nobody else closes the model's session then
        await bridge.close()
        raise
    await _part(call, end, services)


async def _give_up(stream: OpenStream, services: CallServices, reason: str) -> None:
    """End a call whose order is not to be had: nothing is said, and it is reported all the same."""
    order = Order(call_id=stream.call_id)
    fault = Fault(
        component=FaultComponent.FAULT_COMPONENT_ORCHESTRATOR,
        code="claim_unanswered",
        message=f"The Orchestrator did not answer in time: {reason}",
        retryable=True,
    )
    end = CallEnd(EndKind.NOT_CLAIMED, services.clock.now(), fault=fault)
    await _part(LiveCall(_hold(stream, services, order), None, None), end, services)


async def _part(call: LiveCall, end: CallEnd, services: CallServices) -> None:
    """Report a call and end it at the carrier, each whatever becomes of the other."""
    finish = services.tasks.spawn(finish_call(call, end, services), name="finish-call")
    try:
        if end.kind not in _ENDS_BY_ITSELF:
            await _hang_up(call.held.call_sid, services)
    finally:
        await completed(finish)


async def _hang_up(call_sid: str, services: CallServices) -> None:
    """End the call at the carrier; where that fails, the closing of the stream will do it."""
    try:
        await services.carrier.end_call(call_sid)
    except CarrierUnreachable as error:
        log.warning("hang_up_failed", reason=str(error))


async def _report(result: CallResult, services: CallServices) -> None:
    try:
        response = await services.reporter.report(result)
    except OutboxUnavailable as error:
        # Only memory has it now; the reporter goes on sending for as long as we live.
        log.exception("report_not_durable", reason=str(error))
        return
    # The acknowledgement itself is logged by the reporter, whenever it comes.
    log.info("call_reported", disposition=_name_disposition(response))


async def _collect_late_words(call: LiveCall) -> bool:
    if call.bridge is None:
        return False
    try:
        return await call.bridge.collect_late_words()
    finally:
        await call.bridge.close()


async def _revise(call: LiveCall, end: CallEnd, dialogue: Dialogue, services: CallServices) -> None:
    """Report again with the words that came after the end; the evidence is judged again."""
    whole = replace(
        end,
        turns=dialogue.transcript.turns(),
        transcript_complete=dialogue.transcript.is_complete,
        usage=dialogue.usage.total(),
    )
    result = build_result(call.held, whole)
    result.report_time.FromDatetime(services.clock.now())
    try:
        response = await services.reporter.revise(result)
    except OutboxUnavailable as error:
        log.exception("revision_not_durable", reason=str(error))
        return
    log.info("call_revised", disposition=_name_disposition(response))


def _name_disposition(response: ReportResponse | None) -> str:
    if response is None:
        return "kept"
    known = Disposition.DESCRIPTOR.values_by_number.get(response.disposition)
    return str(response.disposition) if known is None else str(known.name)


def _hold(stream: OpenStream, services: CallServices, order: Order) -> HeldCall:
    return HeldCall(
        call_sid=stream.call_sid,
        order=order,
        answer_time=stream.start_time,
        handler_instance=services.settings.handler_instance,
        is_test=services.settings.mode is Mode.TEST,
    )
