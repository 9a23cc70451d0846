"""What reports of equal standing disagree about: kept in the history, and shown with the call."""

from dataclasses import dataclass

from sqlalchemy import Connection

from orchestrator.call_results.case import open_case
from orchestrator.call_results.history import join_all, read_history
from orchestrator.call_results.join import Value, find_conflicts, read_values
from orchestrator.store.results import select_calls


@dataclass(frozen=True, slots=True)
class Dispute:
    """One thing that a report says and the record does not."""

    field: str
    """As the join names it; "call_sid" for a report about another telephone call,
    "handler_instance" for one of an agent that did not hold this one."""
    value: Value
    source: int


def read_disputes(connection: Connection, call_id: str) -> list[Dispute]:
    """Read what the history of a call holds against its record, in the order of receipt.

    Not what a higher rank has settled. Of a report that claims this call without right only that is
    told by which it has none.
    """
    history = read_history(connection, call_id)
    if len(history) < 2:  # noqa: PLR2004 - one report disagrees with nobody
        return []
    identity = open_case(select_calls(connection, [call_id])[0]).identity
    joined = join_all(history, identity)
    disputes: list[Dispute] = []
    for past in history:
        if strange := past.find_strange(identity):
            disputes.append(Dispute(strange, getattr(past.report, strange), past.key.source))
            continue
        values = read_values(past.report, past.key)
        names = find_conflicts(joined, values, past.key)
        disputes += [Dispute(name, values[name], past.key.source) for name in names]
    return disputes
