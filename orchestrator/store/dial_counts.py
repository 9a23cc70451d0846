"""What the caps count: dials and calls under way, read in the claim's own transaction."""

from sqlalchemy import and_, bindparam, func, or_, select

from orchestrator.store.calls import CallState
from orchestrator.store.prepared import Prepared, Values
from orchestrator.store.schema import call as calls
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb

# Written so that the index on due_at answers it.
_IS_OPEN = calls.c.due_at > 0
_COUNT = select(func.count()).select_from(calls)
# Counts the dials to a number that nobody knows the fate of.
_UNRESOLVED_DIALS = Prepared(
    _COUNT.where(
        _IS_OPEN,
        calls.c.to_number == bindparam("number"),
        calls.c.state == CallState.DIALING.value,
        calls.c.call_sid.is_(None),
    )
)
# Reported, but the carrier has not said that it is over: it may still hold its line.
_MAY_LIVE_ON = and_(
    calls.c.state == CallState.FINAL.value,
    calls.c.call_sid.is_not(None),
    calls.c.provider.is_(None),
)
# Counts our own calls under way.
_RUNNING_CALLS = Prepared(
    _COUNT.where(
        _IS_OPEN,
        or_(
            calls.c.state == CallState.DIALING.value,
            calls.c.state == CallState.WAITING.value,
            _MAY_LIVE_ON,
        ),
        calls.c.origin == pb.CALL_ORIGIN_RINGBACK,
    )
)
_SINCE = _COUNT.where(calls.c.dial_at > bindparam("since"))
# Counts the dials since a moment.
_DIALS_SINCE = Prepared(_SINCE)
# Counts those to one number.
_DIALS_TO_NUMBER = Prepared(_SINCE.where(calls.c.to_number == bindparam("number")))


def count_unresolved_dials(tx: Transaction, to_number: str) -> int:
    """Count the dials to a number of which nobody knows yet whether they were placed."""
    return _count(tx, _UNRESOLVED_DIALS, {"number": to_number})


def count_running_calls(tx: Transaction) -> int:
    """Count our own calls that are being dialled or run, as far as the carrier has told."""
    return _count(tx, _RUNNING_CALLS, {})


def count_dials_since(tx: Transaction, since_us: int, to_number: str | None = None) -> int:
    """Count the dials since a moment, all of them or those to one number."""
    if to_number is None:
        return _count(tx, _DIALS_SINCE, {"since": since_us})
    return _count(tx, _DIALS_TO_NUMBER, {"since": since_us, "number": to_number})


def _count(tx: Transaction, query: Prepared, values: Values) -> int:
    found = query.first(tx.connection, values)
    return 0 if found is None else int(found[0])
