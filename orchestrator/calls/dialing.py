"""The dial: the claim that makes one sweeper order it, and what the order's answer changes."""

from dataclasses import dataclass

from orchestrator.calls.binding import bind_sid
from orchestrator.calls.changes import change_call, file_result, tell_watchers
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.calls.verdicts import dial_refused, not_placed
from orchestrator.dial_policy import DialPolicy, Ruling, judge_dial
from orchestrator.errors import NotAllowed
from orchestrator.store.calls import CallRow, CallState, claim_ready_call, lock_call
from orchestrator.store.transaction import Transaction

NEVER_DIALLED = "The call was not dialled within {minutes:g} minutes of your confirmation."


@dataclass(frozen=True, slots=True)
class DialRules:
    """What the claim goes by."""

    policy: DialPolicy
    timings: CallTimings
    # True: the carrier records every call, and the agent says so first.
    is_recorded: bool = False


def claim_call(tx: Transaction, call_id: str, rules: DialRules) -> CallRow | None:
    """Claim a ready call for dialling, policy and caps in the same transaction.

    Returns: the intent; None when there is nothing to dial (another was faster, too late, refused).
    """
    row = lock_call(tx, call_id)
    if row is None or row.state is not CallState.READY:
        return None
    judgement = judge_dial(tx, row, rules.policy)
    match judgement.ruling:
        case Ruling.NEVER:
            file_result(tx, row, not_placed(row, judgement.reason, judgement.code))
            return None
        case Ruling.LATER:
            due_at = tx.now_us + micros(rules.timings.retry_s)
            change_call(tx, row, {"due_at": due_at, "note": judgement.reason})
            return None
        case Ruling.ALLOWED:
            settle_at = tx.now_us + micros(rules.timings.settle_s)
            if not claim_ready_call(tx, call_id, settle_at, is_recorded=rules.is_recorded):
                return None
    claimed = lock_call(tx, call_id)
    if claimed is not None:
        tell_watchers(tx, claimed)
    return claimed


def expire_call(tx: Transaction, call_id: str, timings: CallTimings) -> None:
    """Close a call that could not be dialled in time: no surprise call later."""
    row = lock_call(tx, call_id)
    if row is None or row.state is not CallState.READY or (row.not_after or 0) > tx.now_us:
        return
    why = NEVER_DIALLED.format(minutes=timings.not_after_s / 60)
    file_result(tx, row, not_placed(row, f"{why} {row.note}" if row.note else why))


def note_accepted(tx: Transaction, call_id: str, call_sid: str, timings: CallTimings) -> bool:
    """Bind the call that the handler says it has dialled.

    Returns: False when another telephone call was bound meanwhile; the claim hangs up the second.
    """
    row = lock_call(tx, call_id)
    if row is None:
        return False
    try:
        row = bind_sid(tx, row, call_sid)
    except NotAllowed:
        return False
    if row.state is CallState.DIALING:
        patience_s = 0.0 if row.cancel_requested else timings.ring_s + timings.ring_slack_s
        due_at = tx.now_us + micros(patience_s)
        change_call(tx, row, {"state": CallState.WAITING, "due_at": due_at, "note": None})
    return True


def note_refused(tx: Transaction, call_id: str, code: str, why: str) -> None:
    """Close a call that was refused for good; `why` is in plain words.

    `code`: the carrier's; empty when it was not even asked.
    """
    row = lock_call(tx, call_id)
    if row is not None and row.state is CallState.DIALING and row.call_sid is None:
        result = dial_refused(row, code, why) if code else not_placed(row, why)
        file_result(tx, row, result)


def note_not_taken(tx: Transaction, call_id: str, why: str, retry_after_s: float) -> None:
    """Send a call back to ready after a definite no: nothing was dialled."""
    row = lock_call(tx, call_id)
    if row is None or row.state is not CallState.DIALING or row.call_sid is not None:
        return
    columns = {
        "state": CallState.READY,
        "due_at": tx.now_us + micros(retry_after_s),
        "dial_at": None,
        "note": why,
    }
    change_call(tx, row, columns)
