"""Results of calls that the Call Handler cannot tell about, from what the carrier said (pure)."""

from orchestrator.calls.answerers import answerer_of, better_word
from orchestrator.calls.orders import order_of
from orchestrator.calls.sightings import CarrierFacts
from orchestrator.store.calls import CallRow
from ringback.v1 import call_results_pb2 as pb

SIP_DECLINE = 603

_NEVER_CONNECTED = {
    pb.CALL_STATUS_BUSY: (pb.END_REASON_BUSY, "The line was busy."),
    pb.CALL_STATUS_NO_ANSWER: (pb.END_REASON_NO_ANSWER, "Nobody answered."),
    pb.CALL_STATUS_CANCELED: (pb.END_REASON_CANCELED, "The call was cancelled before the answer."),
}
_CARRIER_FAILED = (
    pb.END_REASON_CARRIER_FAILED,
    "The telephone carrier could not reach this number.",
)
_NOT_KNOWN = "The call was not placed: the telephone carrier does not know it. Shall I try again?"
_DECLINED = (pb.END_REASON_DECLINED, "The call was declined.")


def never_connected(row: CallRow, facts: CarrierFacts) -> pb.CallResult:
    """Judge a call that ended before anybody answered."""
    reason, words = _NEVER_CONNECTED.get(facts.status, _CARRIER_FAILED)
    if facts.sip_code == SIP_DECLINE:
        reason, words = _DECLINED
    result = _carrier_result(row, facts)
    result.ClearField("duration")  # it never began; the carrier's callback says 0
    result.end_reason = reason
    result.outcome = pb.OUTCOME_NOT_REACHED
    result.error_message = words
    if reason == pb.END_REASON_CARRIER_FAILED:
        code = "" if facts.sip_code is None else str(facts.sip_code)
        result.fault.CopyFrom(_carrier_fault(code, words))
    return result


def carrier_facts_only(row: CallRow, facts: CarrierFacts) -> pb.CallResult:
    """State what the carrier knows of a connected call, beside the handler's own result."""
    return _carrier_result(row, facts)


def handler_lost(row: CallRow, facts: CarrierFacts, turns: list[bytes]) -> pb.CallResult:
    """Judge a connected call of which the Call Handler never told the end.

    `turns`: what it had reported while the call ran, serialised.
    """
    result = _carrier_result(row, facts)
    result.outcome = pb.OUTCOME_FOLLOW_UP
    if row.is_claimed:
        result.end_reason = pb.END_REASON_HANDLER_LOST
        result.error_message = (
            "The call was connected, but the agent that held it did not say how it ended. "
            "Please check with the callee before calling again."
        )
    elif row.cancel_requested:
        result.end_reason = pb.END_REASON_PERSON_HUNG_UP
        result.error_message = "The call was ended on request before the agent had spoken."
    elif row.origin == pb.CALL_ORIGIN_EXTERNAL:
        result.outcome = pb.OUTCOME_UNKNOWN
    else:
        result.end_reason = pb.END_REASON_MEDIA_LOST
        result.error_message = "Somebody answered, but the agent was never connected to the call."
    result.transcript.extend(pb.TranscriptTurn.FromString(turn) for turn in turns)
    return result


def not_placed(row: CallRow, why: str, code: str = "") -> pb.CallResult:
    """Judge a call that nobody's phone rang for.

    `code`: names a refusal of ours that another try would meet again; else empty.
    """
    result = _own_result(row, "not-placed")
    result.status = pb.CALL_STATUS_FAILED
    result.end_reason = pb.END_REASON_NOT_PLACED
    result.outcome = pb.OUTCOME_NOT_REACHED
    result.error_message = why
    if code:
        fault = pb.Fault(component=pb.FAULT_COMPONENT_ORCHESTRATOR, code=code, message=why)
        result.fault.CopyFrom(fault)
    return result


def dial_refused(row: CallRow, code: str, why: str) -> pb.CallResult:
    """Judge a call that the carrier refused for good; `why` is in plain words."""
    result = _own_result(row, "dial-refused")
    result.status = pb.CALL_STATUS_FAILED
    result.end_reason = pb.END_REASON_DIAL_REFUSED
    result.outcome = pb.OUTCOME_NOT_REACHED
    result.error_message = why
    result.fault.CopyFrom(_carrier_fault(code, why))
    return result


def canceled_before_dial(row: CallRow) -> pb.CallResult:
    """Judge a call that the person cancelled before it was dialled."""
    result = _own_result(row, "canceled")
    result.status = pb.CALL_STATUS_CANCELED
    result.end_reason = pb.END_REASON_CANCELED
    result.outcome = pb.OUTCOME_NOT_REACHED
    result.error_message = "The call was cancelled before it was dialled."
    return result


def not_known_to_the_carrier(row: CallRow) -> pb.CallResult:
    """Judge an unknown dial that the carrier, asked twice, does not know.

    Ranks lowest: should the carrier speak of the call after all, its word replaces this.
    """
    result = not_placed(row, _NOT_KNOWN)
    result.source = pb.SOURCE_DEADLINE
    return result


def several_candidates(row: CallRow, count: int) -> pb.CallResult:
    """Judge an unknown dial for which the carrier knows more than one call."""
    result = _own_result(row, "several-candidates")
    result.source = pb.SOURCE_DEADLINE
    result.status = pb.CALL_STATUS_UNKNOWN
    result.outcome = pb.OUTCOME_UNKNOWN
    result.error_message = (
        f"It is not certain whether this call was placed: the carrier knows {count} calls that "
        "could be it. Please check with the callee before calling again."
    )
    return result


def carrier_unreachable(row: CallRow, hours: int, turns: list[bytes]) -> pb.CallResult:
    """Judge a call about which the carrier could not be asked for so long that we give up.

    `turns`: as for `handler_lost`; nobody knows the end, but what was said is known.
    """
    result = _own_result(row, "deadline")
    result.source = pb.SOURCE_DEADLINE
    result.status = pb.CALL_STATUS_UNKNOWN
    result.end_reason = pb.END_REASON_CARRIER_UNREACHABLE
    result.outcome = pb.OUTCOME_UNKNOWN
    result.error_message = (
        f"The telephone carrier could not be asked for {hours} hours; nobody knows how this call "
        "ended. Please check with the callee."
    )
    result.transcript.extend(pb.TranscriptTurn.FromString(turn) for turn in turns)
    return result


def _own_result(row: CallRow, report_id: str) -> pb.CallResult:
    result = pb.CallResult(
        call_id=row.call_id,
        call_sid=row.call_sid or "",
        task_id=row.task_id or "",
        attempt=row.attempt,
        report_id=report_id,
        source=pb.SOURCE_PROVIDER,
        to_number=row.to_number,
        from_number=row.from_number,
        answered_by=answerer_of(row.answered_by),
        test=order_of(row).is_test,
    )
    if row.dial_at is not None:
        result.dial_time.FromMicroseconds(row.dial_at)
    if row.answered_at is not None:
        result.answer_time.FromMicroseconds(row.answered_at)
    return result


def _carrier_result(row: CallRow, facts: CarrierFacts) -> pb.CallResult:
    result = _own_result(row, f"{'fetched' if facts.fetched else 'callback'}:{facts.word}")
    result.status = facts.status
    result.provider_status = facts.word
    if facts.duration_s is not None:
        result.duration = facts.duration_s
    result.answered_by = answerer_of(better_word(row.answered_by, facts.answered_by))
    result.end_time.FromMicroseconds(facts.at_us)
    result.report_time.FromMicroseconds(facts.at_us)
    return result


def _carrier_fault(code: str, message: str) -> pb.Fault:
    return pb.Fault(component=pb.FAULT_COMPONENT_CARRIER, code=code, message=message)
