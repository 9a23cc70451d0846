"""What the caps ask: dials and calls under way, read in the claim's own transaction."""

from math import inf

from sqlalchemy import and_, bindparam, or_, select

from orchestrator.store.calls import CallState
from orchestrator.store.prepared import Prepared, Values
from orchestrator.store.schema import call as calls
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb

# Written so that the index on due_at answers it.
_IS_OPEN = calls.c.due_at > 0
# Reported, but the carrier has not said that it is over: it may still hold its line.
_MAY_LIVE_ON = and_(
    calls.c.state == CallState.FINAL.value,
    calls.c.call_sid.is_not(None),
    calls.c.provider.is_(None),
)
_ONE_MORE = select(calls.c.dial_at).limit(1).offset(bindparam("passed_over"))
_SINCE = _ONE_MORE.where(calls.c.dial_at > bindparam("since")).order_by(calls.c.dial_at)
_DIAL_SINCE = Prepared(_SINCE)
_DIAL_TO_NUMBER_SINCE = Prepared(_SINCE.where(calls.c.to_number == bindparam("number")))
_RUNNING_CALL = Prepared(
    _ONE_MORE.where(
        _IS_OPEN,
        or_(
            calls.c.state == CallState.DIALING.value,
            calls.c.state == CallState.WAITING.value,
            _MAY_LIVE_ON,
        ),
        calls.c.origin == pb.CALL_ORIGIN_RINGBACK,
    )
)
_UNRESOLVED_DIAL = Prepared(
    _ONE_MORE.where(
        _IS_OPEN,
        calls.c.to_number == bindparam("number"),
        calls.c.state == CallState.DIALING.value,
        calls.c.call_sid.is_(None),
    )
)


def has_unresolved_dial(tx: Transaction, to_number: str) -> bool:
    """Say whether nobody knows yet if a dial to this number was placed."""
    return _has(tx, _UNRESOLVED_DIAL, 1, {"number": to_number})


def has_running_calls(tx: Transaction, wanted: float) -> bool:
    """Say whether `wanted` calls of ours are dialled or run, as far as the carrier has told."""
    return _has(tx, _RUNNING_CALL, wanted, {})


def has_dials_since(tx: Transaction, wanted: float, since_us: int) -> bool:
    """Say whether there were `wanted` dials since a moment."""
    return _has(tx, _DIAL_SINCE, wanted, {"since": since_us})


def has_dials_to(tx: Transaction, wanted: float, since_us: int, to_number: str) -> bool:
    """Say whether there were `wanted` dials to one number since a moment."""
    return _has(tx, _DIAL_TO_NUMBER_SINCE, wanted, {"since": since_us, "number": to_number})


def _has(tx: Transaction, query: Prepared, wanted: float, values: Values) -> bool:
    """Look for the last of `wanted` rows: no more of them are read, and none without a limit."""
    if wanted == inf or wanted < 1:
        return wanted < 1
    return query.first(tx.connection, {"passed_over": int(wanted) - 1, **values}) is not None
