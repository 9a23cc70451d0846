"""Joins reports of one call, field by field: commutative and idempotent.

A field takes the value of the report that stands highest for that field. The order is total and
does not hang on arrival: an override stands above all; then the rank of the source, where for
status and duration PROVIDER stands above HANDLER; then fetched above called back; then the fuller
transcript, so that a late line from the same source adds to the record; then the earlier report
time; then the smaller report_id. Between two overrides neither source nor transcript counts, only
the later report time, and at the same time the smaller report_id: who corrects a correction tells
a later time, or none (then it is that of the receipt).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from orchestrator.call_results.model import (
    CallReport,
    FactReport,
    FaultReport,
    TurnReport,
    UsageReport,
)
from ringback.v1 import call_results_pb2 as pb

FACT = "fact:"
"""Stands before a fact's name: each fact is a field of its own."""
TRANSCRIPT = "transcript"
PLAIN_FIELDS = (
    "status",
    "duration",
    "summary",
    "transcript_snippet",
    "error_message",
    "attempt",
    "end_reason",
    "outcome",
    "answered_by",
    "to_number",
    "from_number",
    "dial_time",
    "answer_time",
    "end_time",
    "recording_url",
    "provider_status",
    "handler_instance",
    "test",
)
_TOLD_BY_PRESENCE = frozenset({"duration", "dial_time", "answer_time", "end_time"})
_CARRIER_FIELDS = frozenset({"status", "duration"})
_ABOVE_HANDLER = pb.SOURCE_HANDLER + 1
_NOT_A_CONFLICT = frozenset({"report_id", "report_time", "handler_instance"})


class Transcript(NamedTuple):
    """Holds the turns together with whether they are all: the two come from one report."""

    turns: tuple[TurnReport, ...]
    is_complete: bool


Value: TypeAlias = int | str | bool | Transcript | FactReport | FaultReport | UsageReport


class ReportKey(NamedTuple):
    """Says where a report stands among the reports of its call; plain enough for JSON."""

    is_override: bool
    source: int
    is_fetched: bool
    """True when the carrier was asked, false when it called back or the source is another."""
    is_complete: bool
    turns: int
    chars: int
    report_time: int
    report_id: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Holds what all reports of a call say together, and which report each field comes from."""

    values: Mapping[str, Value] = field(default_factory=dict)
    keys: Mapping[str, ReportKey] = field(default_factory=dict)


def read_key(
    report: CallReport, *, report_id: str, report_time: int, is_override: bool, is_fetched: bool
) -> ReportKey:
    """Say where a report stands. `report_time`: as told, else when it was received."""
    return ReportKey(
        is_override,
        report.source or pb.SOURCE_MANUAL,
        is_fetched,
        report.transcript_complete,
        len(report.transcript),
        sum(len(turn.text) for turn in report.transcript),
        report_time,
        report_id,
    )


def read_values(report: CallReport, key: ReportKey) -> dict[str, Value]:
    """Read what a report tells; a field that it does not tell is left out.

    Who tells how the call ended also tells what went wrong, nothing included: else the complaint of
    a guess would stand beside the first-hand end that replaced it.
    """
    values: dict[str, Value] = {
        "source": key.source,
        "report_id": key.report_id,
        "report_time": key.report_time,
    }
    for name in PLAIN_FIELDS:
        value = getattr(report, name)
        if value or (value is not None and name in _TOLD_BY_PRESENCE):
            values[name] = value
    if report.transcript or report.transcript_complete:
        values[TRANSCRIPT] = Transcript(report.transcript, report.transcript_complete)
    for fact in report.facts:
        values[FACT + fact.name] = fact
    if report.end_reason:
        values["error_message"] = report.error_message
    if report.end_reason or (report.fault is not None and report.fault != FaultReport()):
        values["fault"] = report.fault or FaultReport()
    if report.usage is not None and report.usage != UsageReport():
        values["usage"] = report.usage
    return values


def join(joined: Joined, values: Mapping[str, Value], key: ReportKey) -> Joined:
    """Add one report to what the others say."""
    if not joined.keys:
        return Joined(values, dict.fromkeys(values, key))
    kept, keys = dict(joined.values), dict(joined.keys)
    for name, value in values.items():
        held = keys.get(name)
        if held is None or outranks(name, key, held):
            kept[name], keys[name] = value, key
    return Joined(kept, keys)


def outranks(name: str, one: ReportKey, other: ReportKey) -> bool:
    """Say whether `one` stands above `other` for the field `name`."""
    if one.is_override or other.is_override:
        if one.is_override and other.is_override:
            if one.report_time == other.report_time:
                return one.report_id < other.report_id
            return one.report_time > other.report_time
        return one.is_override
    heights = _height(name, one), _height(name, other)
    if heights[0] != heights[1]:
        return heights[0] > heights[1]
    return (one.report_time, one.report_id) < (other.report_time, other.report_id)


def find_conflicts(joined: Joined, values: Mapping[str, Value], key: ReportKey) -> list[str]:
    """Name the fields in which a report of equal standing says something else."""
    return [
        name
        for name, value in values.items()
        if name not in _NOT_A_CONFLICT
        and (held := joined.keys.get(name)) is not None
        and not (key.is_override or held.is_override)
        and _height(name, key) == _height(name, held)
        and joined.values[name] != value
    ]


def _height(name: str, key: ReportKey) -> tuple[int, bool, bool, int, int]:
    return _rank(name, key.source), key.is_fetched, key.is_complete, key.turns, key.chars


def _rank(name: str, source: int) -> int:
    if source == pb.SOURCE_PROVIDER and name in _CARRIER_FIELDS:
        return _ABOVE_HANDLER
    # A source from a newer contract is kept, and ranks like one that does not say.
    return source if pb.SOURCE_DEADLINE <= source <= pb.SOURCE_HANDLER else pb.SOURCE_MANUAL


def follow_outcome(status: int, origin: int) -> int:
    """Say which outcome follows from the status when nobody told one."""
    if status == pb.CALL_STATUS_UNKNOWN:
        return pb.OUTCOME_UNKNOWN
    if status != pb.CALL_STATUS_COMPLETED:
        return pb.OUTCOME_NOT_REACHED
    ours = origin == pb.CALL_ORIGIN_RINGBACK
    return pb.OUTCOME_FOLLOW_UP if ours else pb.OUTCOME_UNKNOWN
