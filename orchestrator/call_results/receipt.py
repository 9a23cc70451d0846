"""The receipt of a report: what its sender is told, and the one line in the log."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import structlog

from foundation.text import mask_number
from orchestrator.call_results.received import Received
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)


class EnumWords(Hashable, Protocol):
    """Is what the contract's enums have in common: they share no class."""

    def items(self) -> Sequence[tuple[str, int]]:
        """Return the names with their numbers."""


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
        return str(_word(pb.Disposition, self.disposition))


@dataclass(frozen=True, slots=True)
class Receipt:
    """Holds what the log tells of one report."""

    received: Received
    recorded: Recorded
    outcome: int
    """Of the record, shown when the report tells none."""
    conflicts: tuple[str, ...] = ()
    """Fields in which a report of equal standing says something else."""


def log_receipts(receipts: Iterable[Receipt]) -> None:
    """Log of each what was received and what became of it; nothing of what was said."""
    for receipt in receipts:
        received, recorded, told = receipt.received, receipt.recorded, receipt.received.told
        log.info(
            "result_stored",
            call_id=recorded.call_id,
            call_sid=told.call_sid,
            status=_word(pb.CallStatus, told.status),
            outcome=_word(pb.Outcome, told.outcome or receipt.outcome),
            end_reason=_word(pb.EndReason, told.end_reason),
            duration=received.duration,
            turns=len(told.transcript),
            bytes=len(received.raw),
            source=_word(pb.Source, told.source or pb.SOURCE_MANUAL),
            disposition=recorded.word,
            **({"cleaned": True} if received.was_cleaned else {}),
        )
        if receipt.conflicts:
            fields = list(receipt.conflicts)
            log.warning("report_conflict", call_id=recorded.call_id, fields=fields)


def log_opt_out(call_id: str, number: str) -> None:
    """Log that a number must not be called again."""
    log.info("number_opted_out", call_id=call_id, number=mask_number(number))


@cache
def _words(enum: EnumWords) -> Mapping[int, str]:
    return {number: name for name, number in enum.items()}


def _word(enum: EnumWords, number: int) -> str | int:
    """Name an enum's number; one from a newer contract stays a number."""
    return _words(enum).get(number, number)
