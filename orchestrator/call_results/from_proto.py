"""Turns the contract's messages into the model.

By hand: MessageToDict costs four times as much and drops zeros.
"""

from collections.abc import Iterable
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, ValidationError

from orchestrator.call_results.model import CallReport, Cleaning, ProgressReport
from orchestrator.call_results.violations import describe_violations
from orchestrator.errors import InvalidInput, Violation
from ringback.v1 import call_results_pb2 as pb

M = TypeVar("M", bound=BaseModel)
Fields = dict[str, object]
NANOS = 1_000_000_000


def from_proto(message: pb.CallResult, cleaning: Cleaning) -> CallReport:
    """Build the model from a message.

    `cleaning`: says in the end whether a text had to be cleaned. Raises: InvalidInput.
    """
    return build(CallReport, read_result(message), cleaning)


def progress_from_proto(request: pb.ReportProgressRequest, cleaning: Cleaning) -> ProgressReport:
    """Build the model of a progress report. Raises: InvalidInput."""
    fields: Fields = {
        "call_id": request.call_id,
        "call_sid": request.call_sid,
        "status": request.status or pb.CALL_STATUS_IN_PROGRESS,
        "first_turn": request.first_turn,
        "turns": read_turns(request.turns),
        "stream_nonce": request.stream_nonce,
        "handler_instance": request.handler_instance,
    }
    if request.HasField("question"):
        question = request.question
        fields["question"] = {
            "question_id": question.question_id,
            "text": question.text,
            "wait_s": question.wait_s,
        }
    return build(ProgressReport, fields, cleaning)


def build(model: type[M], fields: Fields, cleaning: Cleaning) -> M:
    """Validate plain fields. Raises: InvalidInput with one violation per field."""
    try:
        return model.model_validate(fields, context=cleaning)
    except ValidationError as error:
        raise InvalidInput(describe_violations(error)) from None


def read_result(message: pb.CallResult) -> Fields:
    """Read all fields of a result into plain values."""
    fields: Fields = {
        "call_sid": message.call_sid,
        "status": message.status,
        "summary": message.summary,
        "transcript_snippet": message.transcript_snippet,
        "error_message": message.error_message,
        "call_id": message.call_id,
        "task_id": message.task_id,
        "attempt": message.attempt,
        "report_id": message.report_id,
        "end_reason": message.end_reason,
        "outcome": message.outcome,
        "answered_by": message.answered_by,
        "source": message.source,
        "origin": message.origin,
        "to_number": message.to_number,
        "from_number": message.from_number,
        "transcript": read_turns(message.transcript),
        "transcript_complete": message.transcript_complete,
        "facts": [_read_fact(fact) for fact in message.facts],
        "recording_url": message.recording_url,
        "provider_status": message.provider_status,
        "handler_instance": message.handler_instance,
        "test": message.test,
        "revision": message.revision,
    }
    if message.HasField("duration"):
        fields["duration"] = message.duration
    if message.HasField("fault"):
        fields["fault"] = _read_fault(message.fault)
    if message.HasField("usage"):
        fields["usage"] = _read_usage(message.usage)
    _read_times(message, fields)
    return fields


def read_turns(turns: Iterable[pb.TranscriptTurn]) -> list[Fields]:
    """Read the turns of a transcript into plain values."""
    return [_read_turn(turn) for turn in turns]


def _read_turn(turn: pb.TranscriptTurn) -> Fields:
    fields: Fields = {"role": turn.role, "text": turn.text}
    if turn.HasField("start_ms"):
        fields["start_ms"] = turn.start_ms
    if turn.HasField("end_ms"):
        fields["end_ms"] = turn.end_ms
    if turn.interrupted:
        fields["interrupted"] = True
    if turn.item_id:
        fields["item_id"] = turn.item_id
    if turn.HasField("tool"):
        tool = turn.tool
        fields["tool"] = {"name": tool.name, "arguments": tool.arguments, "output": tool.output}
    if turn.dtmf:
        fields["dtmf"] = turn.dtmf
    return fields


def _read_fact(fact: pb.Fact) -> Fields:
    return {"name": fact.name, "value": fact.value, "evidence_turns": list(fact.evidence_turns)}


def _read_fault(fault: pb.Fault) -> Fields:
    return {
        "component": fault.component,
        "code": fault.code,
        "message": fault.message,
        "retryable": fault.retryable,
    }


def _read_usage(usage: pb.Usage) -> Fields:
    fields: Fields = {"model": usage.model, "currency": usage.currency}
    if usage.HasField("input_tokens"):
        fields["input_tokens"] = usage.input_tokens
    if usage.HasField("cached_input_tokens"):
        fields["cached_input_tokens"] = usage.cached_input_tokens
    if usage.HasField("output_tokens"):
        fields["output_tokens"] = usage.output_tokens
    if usage.HasField("input_audio_tokens"):
        fields["input_audio_tokens"] = usage.input_audio_tokens
    if usage.HasField("output_audio_tokens"):
        fields["output_audio_tokens"] = usage.output_audio_tokens
    if usage.HasField("estimated_cost_micros"):
        fields["estimated_cost_micros"] = usage.estimated_cost_micros
    return fields


def _read_times(message: pb.CallResult, fields: Fields) -> None:
    if message.HasField("dial_time"):
        fields["dial_time"] = read_time(message.dial_time, "dial_time")
    if message.HasField("answer_time"):
        fields["answer_time"] = read_time(message.answer_time, "answer_time")
    if message.HasField("end_time"):
        fields["end_time"] = read_time(message.end_time, "end_time")
    if message.HasField("report_time"):
        fields["report_time"] = read_time(message.report_time, "report_time")
    if message.HasField("record_time"):
        fields["record_time"] = read_time(message.record_time, "record_time")


def read_time(time: Timestamp, field: str) -> int:
    """Return a time in microseconds since the epoch. Raises: InvalidInput for impossible nanos."""
    if not 0 <= time.nanos < NANOS:
        raise InvalidInput([Violation(field, f"nanos must be 0 to 999999999, not {time.nanos}")])
    return time.seconds * 1_000_000 + time.nanos // 1000
