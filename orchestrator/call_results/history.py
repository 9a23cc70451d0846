"""The history of a call: its reports as received, joined again where the record does not tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from orchestrator.call_results.case import open_case, stamp
from orchestrator.call_results.join import Joined, ReportKey, join, read_key, read_values
from orchestrator.call_results.model import CallReport
from orchestrator.call_results.received import FETCHED, read_again
from orchestrator.call_results.to_proto import to_proto
from orchestrator.store.reading import ResultEvent
from orchestrator.store.results import KeptReport, select_calls, select_history
from ringback.v1 import call_results_pb2 as pb


@dataclass(frozen=True, slots=True)
class PastReport:
    """Holds one report of the history, read again."""

    report: CallReport
    key: ReportKey
    received_at: int
    is_orphan: bool

    def is_about(self, call_sid: str) -> bool:
        """Say whether it is about the telephone call of this CallSid; one that names none is."""
        return self.report.call_sid in {"", call_sid}


def read_history(connection: Connection, call_id: str) -> list[PastReport]:
    """Read all reports of a call, in the order of their receipt."""
    return [_read(kept) for kept in select_history(connection, call_id)]


def join_all(history: Sequence[PastReport], call_sid: str) -> Joined:
    """Join the reports of one telephone call; their order is of no consequence.

    A report that names another CallSid than its call has is history only.
    """
    joined = Joined()
    for past in history:
        if past.is_about(call_sid):
            joined = join(joined, read_values(past.report, past.key), past.key)
    return joined


def read_revision(connection: Connection, event: ResultEvent) -> pb.CallResult:
    """Return the record at the revision that an event tells of.

    The newest stands in its row; an older one is joined again from the reports that had come.
    """
    newest = pb.CallResult.FromString(event.record)
    revision, received_at = event.data.get("revision"), event.data.get("received_at")
    if revision == event.revision or not isinstance(received_at, int):
        return newest
    known = select_calls(connection, [event.call_id])
    history = [
        past for past in read_history(connection, event.call_id) if past.received_at <= received_at
    ]
    if not (known and history and isinstance(revision, int)):
        return newest
    case = open_case(known[0])
    joined = join_all(history, case.identity.call_sid)
    return stamp(to_proto(joined, case.identity), revision, case.recorded_at)


def _read(kept: KeptReport) -> PastReport:
    report = read_again(kept.raw, kept.transport)
    key = read_key(
        report,
        report_id=kept.report_id,
        report_time=kept.report_time,
        is_override=kept.override,
        is_fetched=kept.transport == FETCHED,
    )
    return PastReport(report, key, kept.received_at, kept.disposition == pb.DISPOSITION_ORPHAN)
