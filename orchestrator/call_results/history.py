"""The history of a call: its reports as received, joined again where the record does not tell."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from orchestrator.call_results.case import open_case, stamp
from orchestrator.call_results.join import Joined, ReportKey, join, read_key, read_values
from orchestrator.call_results.model import CallReport
from orchestrator.call_results.received import FETCHED, Told, read_again
from orchestrator.call_results.to_proto import Identity, to_proto
from orchestrator.store.reading import ResultEvent
from orchestrator.store.results import KeptReport, select_calls, select_history
from ringback.v1 import call_results_pb2 as pb

_OF_AGENTS = frozenset({pb.SOURCE_HANDLER, pb.SOURCE_RECOVERED})


@dataclass(frozen=True, slots=True)
class PastReport:
    """Holds one report of the history, read again."""

    report: CallReport
    key: ReportKey
    received_at: int
    is_orphan: bool

    def find_strange(self, identity: Identity) -> str:
        """Name the field by which it tells nothing about a call; empty when it counts."""
        return find_strange(self.report, identity, is_override=self.key.is_override)


def find_strange(told: Told, identity: Identity, *, is_override: bool) -> str:
    """Name the field by which a report tells nothing about a call; empty when it counts.

    Another telephone call that claims this call_id must not mix with ours. Nor must an agent that
    heard nothing while another held the call: a carrier that opens the stream at two Call Handlers
    has one talk, and the other, whose claim got no answer, report that nothing was said.
    """
    if told.call_sid and told.call_sid != identity.call_sid:
        return "call_sid"
    is_deaf = identity.holder and not told.transcript and told.source in _OF_AGENTS
    if is_deaf and not is_override and told.handler_instance not in {"", identity.holder}:
        return "handler_instance"
    return ""


def read_history(connection: Connection, call_id: str) -> list[PastReport]:
    """Read all reports of a call, in the order of their receipt."""
    return [_read(kept) for kept in select_history(connection, call_id)]


def join_all(history: Sequence[PastReport], identity: Identity) -> Joined:
    """Join the reports of one telephone call; their order is of no consequence.

    What `find_strange` finds is history only.
    """
    joined = Joined()
    for past in history:
        if not past.find_strange(identity):
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
    joined = join_all(history, case.identity)
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
