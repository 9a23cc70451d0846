"""The carrier's status words and the contract's CallStatus, and which one follows which."""

from ringback.v1.call_results_pb2 import CallStatus

_STATUS_OF: dict[str, CallStatus.ValueType] = {
    "queued": CallStatus.CALL_STATUS_QUEUED,
    "initiated": CallStatus.CALL_STATUS_INITIATED,
    "ringing": CallStatus.CALL_STATUS_RINGING,
    "in-progress": CallStatus.CALL_STATUS_IN_PROGRESS,
    "completed": CallStatus.CALL_STATUS_COMPLETED,
    "busy": CallStatus.CALL_STATUS_BUSY,
    "no-answer": CallStatus.CALL_STATUS_NO_ANSWER,
    "failed": CallStatus.CALL_STATUS_FAILED,
    "canceled": CallStatus.CALL_STATUS_CANCELED,
}
_TERMINAL = 5
_STEP: dict[int, int] = {
    CallStatus.CALL_STATUS_UNSPECIFIED: 0,
    CallStatus.CALL_STATUS_QUEUED: 1,
    CallStatus.CALL_STATUS_INITIATED: 2,
    CallStatus.CALL_STATUS_RINGING: 3,
    CallStatus.CALL_STATUS_IN_PROGRESS: 4,
    CallStatus.CALL_STATUS_COMPLETED: _TERMINAL,
    CallStatus.CALL_STATUS_BUSY: _TERMINAL,
    CallStatus.CALL_STATUS_NO_ANSWER: _TERMINAL,
    CallStatus.CALL_STATUS_FAILED: _TERMINAL,
    CallStatus.CALL_STATUS_CANCELED: _TERMINAL,
    CallStatus.CALL_STATUS_UNKNOWN: _TERMINAL,
}


def status_of_word(word: str) -> CallStatus.ValueType | None:
    """Translate the carrier's word; None for one that is not known: keep it in the history."""
    return _STATUS_OF.get(word)


def is_terminal(status: int) -> bool:
    """Say whether nothing follows this status; a number that we do not know is not terminal."""
    return _STEP.get(status, 0) == _TERMINAL


def rises(old: int, new: int) -> bool:
    """Say whether `new` is news after `old`.

    Status only rises: queued < initiated < ringing < in-progress < terminal. A terminal word never
    changes; only CALL_STATUS_UNKNOWN, which is not the carrier's, gives way to a terminal word.
    """
    if old == CallStatus.CALL_STATUS_UNKNOWN:
        return is_terminal(new) and new != old
    return _STEP.get(new, 0) > _STEP.get(old, 0)
