"""What reports of equal standing disagree about: kept in the history, and shown with the call."""

from dataclasses import dataclass

from sqlalchemy import Connection

from orchestrator.call_results.history import join_all, read_history
from orchestrator.call_results.join import Value, find_conflicts, read_values


@dataclass(frozen=True, slots=True)
class Dispute:
    """One thing that a report says and the record does not."""

    field: str
    """As the join names it; "call_sid" for a report about another telephone call."""
    value: Value
    source: int


def read_disputes(connection: Connection, call_id: str, call_sid: str) -> list[Dispute]:
    """Read what the history of a call holds against its record, in the order of receipt.

    Not what a higher rank has settled. Reports about another telephone call than `call_sid` claim
    this call without right; of them only the CallSid is told.
    """
    history = read_history(connection, call_id)
    if len(history) < 2:  # noqa: PLR2004 - one report disagrees with nobody
        return []
    joined = join_all(history, call_sid)
    disputes: list[Dispute] = []
    for past in history:
        if not past.is_about(call_sid):
            disputes.append(Dispute("call_sid", past.report.call_sid, past.key.source))
            continue
        values = read_values(past.report, past.key)
        names = find_conflicts(joined, values, past.key)
        disputes += [Dispute(name, values[name], past.key.source) for name in names]
    return disputes
