"""What became of calls: the rules for reports, how they join, the record and its readers."""

from orchestrator.call_results.additions import answerer_report, recording_report
from orchestrator.call_results.desk import count_orphans
from orchestrator.call_results.disputes import Dispute, read_disputes
from orchestrator.call_results.from_proto import progress_from_proto
from orchestrator.call_results.model import (
    CallReport,
    Cleaning,
    FactReport,
    FaultReport,
    ProgressReport,
    ToolReport,
    TurnReport,
    UsageReport,
)
from orchestrator.call_results.queries import get_result, list_results
from orchestrator.call_results.receipt import Recorded
from orchestrator.call_results.received import (
    CALLBACK,
    FETCHED,
    INTERNAL,
    Received,
    receive_internal,
    receive_json,
    receive_proto,
)
from orchestrator.call_results.record import (
    absorb_external,
    adopt_orphans,
    record_call_result,
    record_call_results,
    record_in,
)
from orchestrator.call_results.to_proto import turn_to_proto

__all__ = [
    "CALLBACK",
    "FETCHED",
    "INTERNAL",
    "CallReport",
    "Cleaning",
    "Dispute",
    "FactReport",
    "FaultReport",
    "ProgressReport",
    "Received",
    "Recorded",
    "ToolReport",
    "TurnReport",
    "UsageReport",
    "absorb_external",
    "adopt_orphans",
    "answerer_report",
    "count_orphans",
    "get_result",
    "list_results",
    "progress_from_proto",
    "read_disputes",
    "receive_internal",
    "receive_json",
    "receive_proto",
    "record_call_result",
    "record_call_results",
    "record_in",
    "recording_report",
    "turn_to_proto",
]
