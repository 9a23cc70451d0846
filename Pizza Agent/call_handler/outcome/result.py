"""The table from endings to results: the one place where a call's result is born."""

import uuid
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind, HeldCall
from call_handler.outcome.verdict import judge_facts, judge_outcome, pick_snippet
from call_handler.outcome.wording import describe_error, write_summary
from ringback.v1.call_results_pb2 import (
    AnsweredBy,
    CallResult,
    CallStatus,
    EndReason,
    Outcome,
    Source,
)

_MS_PER_S = 1_000
_LONGEST_S = 86_400


@dataclass(frozen=True, slots=True)
class Ending:
    """What follows from the way a call ended, whatever was said in it."""

    end_reason: EndReason.ValueType
    status: CallStatus.ValueType = CallStatus.CALL_STATUS_COMPLETED


ENDINGS: dict[EndKind, Ending] = {
    EndKind.CALLEE_HUNG_UP: Ending(EndReason.END_REASON_CALLEE_HUNG_UP),
    EndKind.AGENT_HUNG_UP: Ending(EndReason.END_REASON_AGENT_HUNG_UP),
    EndKind.PERSON_HUNG_UP: Ending(EndReason.END_REASON_PERSON_HUNG_UP),
    EndKind.TIME_LIMIT: Ending(EndReason.END_REASON_TIME_LIMIT),
    EndKind.MEDIA_LOST: Ending(EndReason.END_REASON_MEDIA_LOST),
    EndKind.MODEL_LOST: Ending(EndReason.END_REASON_MODEL_ERROR),
    EndKind.HANDLER_STOPPED: Ending(EndReason.END_REASON_HANDLER_STOPPED),
    EndKind.NOT_CLAIMED: Ending(EndReason.END_REASON_NOT_CLAIMED),
    EndKind.INTERNAL_ERROR: Ending(EndReason.END_REASON_INTERNAL_ERROR),
}


def build_result(call: HeldCall, end: CallEnd) -> CallResult:
    """Build the result of a call that was connected and is over.

    Nothing of it depends on anything but the arguments, except the freshly minted report_id.
    """
    ending = ENDINGS[end.kind]
    facts = judge_facts(call.order.facts, end)
    outcome = judge_outcome(call.order.facts, facts, end)
    result = CallResult(
        call_sid=call.call_sid,
        call_id=call.call_id,
        task_id=call.order.task_id,
        attempt=call.order.attempt,
        report_id=uuid.uuid4().hex,
        status=ending.status,
        duration=_duration_s(end),
        summary=write_summary(end, outcome, facts),
        transcript_snippet=pick_snippet(facts, end),
        error_message=describe_error(end),
        end_reason=_end_reason(ending, end),
        outcome=outcome,
        answered_by=_answered_by(end, outcome),
        fault=end.fault,
        source=Source.SOURCE_HANDLER,
        to_number=call.order.to_number,
        transcript=end.turns,
        transcript_complete=end.transcript_complete,
        facts=facts,
        usage=end.usage,
        handler_instance=call.handler_instance,
        test=call.is_test,
    )
    answered, ended, reported = Timestamp(), Timestamp(), Timestamp()
    answered.FromDatetime(call.answer_time)
    ended.FromDatetime(end.end_time)
    reported.FromDatetime(end.end_time)
    result.answer_time.CopyFrom(answered)
    result.end_time.CopyFrom(ended)
    result.report_time.CopyFrom(reported)
    return result


def _duration_s(end: CallEnd) -> int | None:
    """Count the media's seconds; None when we never listened: then only the carrier can tell."""
    return min(end.media_ms // _MS_PER_S, _LONGEST_S) if end.media_ms else None


def _end_reason(ending: Ending, end: CallEnd) -> EndReason.ValueType:
    by_agent = end.kind is EndKind.AGENT_HUNG_UP
    if by_agent and end.agent_reason is AgentReason.VOICEMAIL:
        return EndReason.END_REASON_VOICEMAIL
    return ending.end_reason


def _answered_by(end: CallEnd, outcome: Outcome.ValueType) -> AnsweredBy.ValueType:
    """Say who answered as far as the conversation shows it."""
    if end.agent_reason is AgentReason.VOICEMAIL:
        return AnsweredBy.ANSWERED_BY_VOICEMAIL
    if outcome in {Outcome.OUTCOME_SUCCEEDED, Outcome.OUTCOME_PARTIAL, Outcome.OUTCOME_REFUSED}:
        return AnsweredBy.ANSWERED_BY_HUMAN
    return AnsweredBy.ANSWERED_BY_UNSPECIFIED
