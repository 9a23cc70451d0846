"""The receipt of a report: what its sender is told, and the one line in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from foundation.text import mask_number
from orchestrator.call_results.received import Received
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)


class _EnumWords(Protocol):
    """Is what the contract's enums have in common: they share no class."""

    def items(self) -> Sequence[tuple[str, int]]:
        """Return the names with their numbers."""


def _words(enum: _EnumWords) -> Mapping[int, str]:
    """Name an enum's numbers; one from a newer contract has no name and stays a number."""
    return {number: name for name, number in enum.items()}


_RECEIPT = "result_stored"
_STATUS, _OUTCOME = _words(pb.CallStatus), _words(pb.Outcome)
_END_REASON, _SOURCE = _words(pb.EndReason), _words(pb.Source)
_DISPOSITION = _words(pb.Disposition)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Says what became of a report; the same for a repeat."""

    disposition: int
    call_id: str
    """The call it was recorded under; minted for an external call."""
    revision: int
    """The record's revision after the report; 0 for an orphan."""

    @property
    def word(self) -> str:
        """Return the disposition's name in the contract."""
        return _DISPOSITION[self.disposition]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Holds what the log tells of one report."""

    received: Received
    recorded: Recorded
    outcome: int
    """Of the record, shown when the report tells none."""
    conflicts: tuple[str, ...] = ()
    """Fields in which a report of equal standing says something else."""


def log_receipts(receipts: Sequence[Receipt]) -> None:
    """Log of each what was received and what became of it; nothing of what was said."""
    lines = [_line(receipt) for receipt in receipts]
    if len(lines) > 1:
        log.info(_RECEIPT, many=lines)
    else:
        log.info(_RECEIPT, **lines[0])
    for receipt in receipts:
        if receipt.conflicts:
            fields = list(receipt.conflicts)
            log.warning("report_conflict", call_id=receipt.recorded.call_id, fields=fields)


def _line(receipt: Receipt) -> dict[str, object]:
    received, recorded, told = receipt.received, receipt.recorded, receipt.received.told
    line: dict[str, object] = {
        "call_id": recorded.call_id,
        "call_sid": told.call_sid,
        "status": _STATUS.get(told.status, told.status),
        "outcome": _OUTCOME.get(told.outcome or receipt.outcome, told.outcome),
        "end_reason": _END_REASON.get(told.end_reason, told.end_reason),
        "duration": received.duration,
        "turns": len(told.transcript),
        "bytes": len(received.raw),
        "source": _SOURCE.get(told.source or pb.SOURCE_MANUAL, told.source),
        "disposition": recorded.word,
    }
    if received.was_cleaned:
        line["cleaned"] = True
    return line


def log_opt_out(call_id: str, number: str) -> None:
    """Log that a number must not be called again."""
    log.info("number_opted_out", call_id=call_id, number=mask_number(number))
