"""The table from endings to results: the one place where a call's result is born."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from call_handler.outcome.answerer import opted_out, who_answered
from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind, HeldCall
from call_handler.outcome.verdict import judge_facts, judge_outcome, pick_snippet
from call_handler.outcome.wording import Verdict, describe_error, write_summary
from ringback.v1.call_results_pb2 import (
    AnsweredBy,
    CallResult,
    CallStatus,
    EndReason,
    Fact,
    Outcome,
    Source,
)

_MS_PER_S = 1_000
_LONGEST_S = 86_400
_MACHINES = frozenset(
    {
        AnsweredBy.ANSWERED_BY_VOICEMAIL,
        AnsweredBy.ANSWERED_BY_IVR,
        AnsweredBy.ANSWERED_BY_FAX,
    }
)


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
    EndKind.SILENCE_LIMIT: Ending(EndReason.END_REASON_SILENCE_LIMIT),
    EndKind.HOLD_LIMIT: Ending(EndReason.END_REASON_HOLD_LIMIT),
    EndKind.VOICEMAIL: Ending(EndReason.END_REASON_VOICEMAIL),
    EndKind.FAX: Ending(EndReason.END_REASON_AGENT_HUNG_UP),
    EndKind.OPT_OUT: Ending(EndReason.END_REASON_OPT_OUT),
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
    verdict = _judge(judge_outcome(call.order.facts, facts, end), facts, end)
    result = CallResult(
        call_sid=call.call_sid,
        call_id=call.call_id,
        task_id=call.order.task_id,
        attempt=call.order.attempt,
        report_id=uuid.uuid4().hex,
        status=ending.status,
        duration=_duration_s(end),
        summary=write_summary(end, verdict),
        transcript_snippet=pick_snippet(facts, end),
        error_message=describe_error(end),
        end_reason=_end_reason(ending, end, verdict),
        outcome=verdict.outcome,
        answered_by=verdict.answered_by,
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


def _judge(outcome: Outcome.ValueType, facts: Sequence[Fact], end: CallEnd) -> Verdict:
    """Join what the facts prove with who answered and what they asked for.

    Whoever named a fact is a person; where nobody did, a machine means that nobody was reached.
    """
    answered_by = who_answered(end)
    if outcome in {Outcome.OUTCOME_SUCCEEDED, Outcome.OUTCOME_PARTIAL}:
        answered_by = AnsweredBy.ANSWERED_BY_HUMAN
    has_opted_out = opted_out(end, answered_by)
    is_open = outcome == Outcome.OUTCOME_FOLLOW_UP and not any(
        fact.evidence_turns for fact in facts
    )
    if is_open and has_opted_out:
        outcome = Outcome.OUTCOME_REFUSED
    elif is_open and (answered_by in _MACHINES or _waited_for_nobody(end, answered_by)):
        outcome = Outcome.OUTCOME_NOT_REACHED
    elif (
        outcome == Outcome.OUTCOME_NOT_REACHED
        and end.agent_reason is AgentReason.VOICEMAIL
        and answered_by == AnsweredBy.ANSWERED_BY_HUMAN
    ):
        outcome = Outcome.OUTCOME_FOLLOW_UP  # the agent took a person for a machine
    return Verdict(outcome, tuple(facts), answered_by, has_opted_out)


def _waited_for_nobody(end: CallEnd, answered_by: AnsweredBy.ValueType) -> bool:
    """Say whether a limit ended the call before anybody spoke who was surely a person."""
    is_limit = end.kind in {EndKind.SILENCE_LIMIT, EndKind.HOLD_LIMIT}
    return is_limit and answered_by == AnsweredBy.ANSWERED_BY_UNKNOWN


def _end_reason(ending: Ending, end: CallEnd, verdict: Verdict) -> EndReason.ValueType:
    """Name the reason: a callee who asks not to be called again is heard whoever hung up."""
    if verdict.has_opted_out:
        return EndReason.END_REASON_OPT_OUT
    if (
        end.kind is EndKind.AGENT_HUNG_UP
        and end.agent_reason is AgentReason.VOICEMAIL
        and verdict.answered_by == AnsweredBy.ANSWERED_BY_VOICEMAIL
    ):
        return EndReason.END_REASON_VOICEMAIL
    return ending.end_reason
