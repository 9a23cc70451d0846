"""Turns what is known about a call into the contract's message and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from orchestrator.call_results.from_proto import build, read_result
from orchestrator.call_results.join import (
    FACT,
    TRANSCRIPT,
    Joined,
    ReportKey,
    Transcript,
    Value,
    follow_outcome,
    read_key,
    read_values,
)
from orchestrator.call_results.model import (
    CallReport,
    Cleaning,
    FactReport,
    FaultReport,
    TurnReport,
    UsageReport,
)
from ringback.v1 import call_results_pb2 as pb

TIMES = frozenset({"dial_time", "answer_time", "end_time", "report_time"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Holds what the server itself knows about a call; it stands above every report."""

    call_id: str
    call_sid: str = ""
    task_id: str = ""
    """Empty for external calls."""
    attempt: int = 0
    """0 for external calls: there a report may tell it."""
    origin: int = pb.CALL_ORIGIN_EXTERNAL
    to_number: str = ""
    """Stands in where no report tells the number."""
    from_number: str = ""


def to_proto(joined: Joined, identity: Identity) -> pb.CallResult:
    """Build the record: what the reports say, with what the server knows filled in."""
    record = pb.CallResult(
        call_id=identity.call_id,
        call_sid=identity.call_sid,
        task_id=identity.task_id,
        origin=pb.CallOrigin.ValueType(identity.origin),
        to_number=identity.to_number,
        from_number=identity.from_number,
    )
    facts: list[FactReport] = []
    for name, value in joined.values.items():
        if isinstance(value, FactReport):
            facts.append(value)
        else:
            _write(record, name, value)
    for fact in sorted(facts, key=lambda one: one.name):
        record.facts.add(name=fact.name, value=fact.value, evidence_turns=fact.evidence_turns)
    if identity.attempt:
        record.attempt = identity.attempt
    if not record.outcome:
        outcome = follow_outcome(record.status, identity.origin)
        record.outcome = pb.Outcome.ValueType(outcome)
    return record


def _write(record: pb.CallResult, name: str, value: Value) -> None:
    match value:
        case Transcript():
            write_turns(record, value.turns)
            record.transcript_complete = value.is_complete
        case FaultReport():
            record.fault.CopyFrom(fault_to_proto(value))
        case UsageReport():
            record.usage.CopyFrom(usage_to_proto(value))
        case int() if name in TIMES:
            write_time(getattr(record, name), value)
        case _:
            setattr(record, name, value)


def write_turns(record: pb.CallResult, turns: Sequence[TurnReport]) -> None:
    """Append turns to a record's transcript."""
    for turn in turns:
        record.transcript.append(turn_to_proto(turn))


def turn_to_proto(turn: TurnReport) -> pb.TranscriptTurn:
    """Build the message of one turn."""
    message = pb.TranscriptTurn(
        role=pb.Role.ValueType(turn.role),
        text=turn.text,
        start_ms=turn.start_ms,
        end_ms=turn.end_ms,
        interrupted=turn.interrupted,
        item_id=turn.item_id,
        dtmf=turn.dtmf,
    )
    if turn.tool is not None:
        tool = turn.tool
        message.tool.name = tool.name
        message.tool.arguments = tool.arguments
        message.tool.output = tool.output
        message.tool.SetInParent()
    return message


def fault_to_proto(fault: FaultReport) -> pb.Fault:
    """Build the message of a fault."""
    return pb.Fault(
        component=pb.FaultComponent.ValueType(fault.component),
        code=fault.code,
        message=fault.message,
        retryable=fault.retryable,
    )


def usage_to_proto(usage: UsageReport) -> pb.Usage:
    """Build the message of a usage; absent numbers stay absent."""
    return pb.Usage(
        model=usage.model,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        estimated_cost_micros=usage.estimated_cost_micros,
        currency=usage.currency,
    )


def write_time(time: Timestamp, time_us: int) -> None:
    """Set a Timestamp from microseconds since the epoch."""
    time.seconds, micros = divmod(time_us, 1_000_000)
    time.nanos = micros * 1000


def report_to_proto(report: CallReport) -> pb.CallResult:
    """Build the message of a report: for the history, and for its content hash."""
    key = read_key(
        report, report_id=report.report_id, report_time=0, is_override=False, is_fetched=False
    )
    values = read_values(report, key)
    values["source"] = report.source
    values.pop("report_time")
    if report.report_time is not None:
        values["report_time"] = report.report_time
    message = pb.CallResult()
    for name, value in values.items():
        if not isinstance(value, FactReport):
            _write(message, name, value)
    for fact in report.facts:
        message.facts.add(name=fact.name, value=fact.value, evidence_turns=fact.evidence_turns)
    message.call_id, message.call_sid, message.task_id = (
        report.call_id,
        report.call_sid,
        report.task_id,
    )
    return message


def pack_provenance(joined: Joined) -> dict[str, object]:
    """Make the provenance fit for a JSON column: each key once, each field's place among them."""
    places: dict[ReportKey, int] = {}
    fields = {name: places.setdefault(key, len(places)) for name, key in joined.keys.items()}
    return {"reports": [list(key) for key in places], "fields": fields}


def unpack(record: pb.CallResult, provenance: Mapping[str, object]) -> Joined:
    """Read a stored record and its provenance back; what the server filled in drops out."""
    reports = cast("list[tuple[bool, int, bool, bool, int, int, int, str]]", provenance["reports"])
    fields = cast("dict[str, int]", provenance["fields"])
    report = build(CallReport, read_result(record), Cleaning(is_clean=True))
    known = [ReportKey(*key) for key in reports]
    keys = {name: known[place] for name, place in fields.items()}
    source_key = keys["source"]
    values = read_values(report, source_key)
    values["report_time"] = report.report_time if report.report_time is not None else 0
    return Joined({name: values[name] for name in keys}, keys)


__all__ = [
    "FACT",
    "TRANSCRIPT",
    "Identity",
    "pack_provenance",
    "report_to_proto",
    "to_proto",
    "unpack",
]
