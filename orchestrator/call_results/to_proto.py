"""Turns what is known about a call into the contract's message and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from orchestrator.call_results.from_proto import build, read_result
from orchestrator.call_results.join import (
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
    JoinedReport,
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
    holder: str = ""
    """The process whose agent holds a call of ours; empty until it was claimed."""


def to_proto(joined: Joined, identity: Identity) -> pb.CallResult:
    """Build the record: what the reports say, with what the server knows filled in."""
    fields: dict[str, object] = {
        "to_number": identity.to_number,
        "from_number": identity.from_number,
    }
    fields |= _message_fields(joined.values)
    fields |= {
        "call_id": identity.call_id,
        "call_sid": identity.call_sid,
        "task_id": identity.task_id,
        "origin": identity.origin,
    }
    if identity.attempt:
        fields["attempt"] = identity.attempt
    record = _build(fields)
    if not record.outcome:
        outcome = follow_outcome(record.status, identity.origin)
        record.outcome = pb.Outcome.ValueType(outcome)
    return record


def _message_fields(values: Mapping[str, Value]) -> dict[str, object]:
    """Turn values into what the message's constructor takes; one call of it beats many setters."""
    fields: dict[str, object] = {}
    facts: list[FactReport] = []
    for name, value in values.items():
        match value:
            case FactReport():
                facts.append(value)
            case Transcript():
                fields["transcript"] = [turn_to_proto(turn) for turn in value.turns]
                fields["transcript_complete"] = value.is_complete
            case FaultReport():
                fields["fault"] = fault_to_proto(value) if value != FaultReport() else None
            case UsageReport():
                fields["usage"] = usage_to_proto(value)
            case int() if name in TIMES:
                fields[name] = time_to_proto(value)
            case _:
                fields[name] = value
    facts.sort(key=lambda fact: fact.name)
    fields["facts"] = [fact_to_proto(fact) for fact in facts]
    return fields


def _build(fields: Mapping[str, object]) -> pb.CallResult:
    return pb.CallResult(**fields)  # type: ignore[arg-type]  # by name; enums are plain numbers


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


def fact_to_proto(fact: FactReport) -> pb.Fact:
    """Build the message of a fact."""
    return pb.Fact(name=fact.name, value=fact.value, evidence_turns=fact.evidence_turns)


def time_to_proto(time_us: int) -> Timestamp:
    """Build a Timestamp from microseconds since the epoch."""
    seconds, micros = divmod(time_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def report_to_proto(report: CallReport) -> pb.CallResult:
    """Build the message of a report: for the history, and for its content hash."""
    key = read_key(
        report, report_id=report.report_id, report_time=0, is_override=False, is_fetched=False
    )
    fields = _message_fields(read_values(report, key))
    fields |= {
        "call_id": report.call_id,
        "call_sid": report.call_sid,
        "task_id": report.task_id,
        "source": report.source,
        "facts": [fact_to_proto(fact) for fact in report.facts],
        "report_time": None if report.report_time is None else time_to_proto(report.report_time),
    }
    return _build(fields)


def pack_provenance(joined: Joined) -> dict[str, object]:
    """Make the provenance fit for a JSON column: each key once, each field's place among them.

    Where all comes from one report it may have a shorter form: {"reports", "filled"}, the second
    naming what no report told (`first.py`).
    """
    places: dict[ReportKey, int] = {}
    fields = {name: places.setdefault(key, len(places)) for name, key in joined.keys.items()}
    return {"reports": [list(key) for key in places], "fields": fields}


def unpack(record: pb.CallResult, provenance: Mapping[str, object]) -> Joined:
    """Read a stored record and its provenance back; what the server filled in drops out."""
    reports = cast("list[tuple[bool, int, bool, bool, int, int, int, str]]", provenance["reports"])
    known = [ReportKey(*key) for key in reports]
    report = build(JoinedReport, read_result(record), Cleaning(is_clean=True))
    if "filled" in provenance:
        filled = cast("list[str]", provenance["filled"])
        told = read_values(report, known[0])
        keys = {name: known[0] for name in told if name not in filled}
    else:
        fields = cast("dict[str, int]", provenance["fields"])
        keys = {name: known[place] for name, place in fields.items()}
    values = read_values(report, keys["source"])
    values["report_time"] = report.report_time if report.report_time is not None else 0
    return Joined({name: values[name] for name in keys}, keys)
