"""The receipt of a report: what its sender is told, and the one line in the log."""

from dataclasses import dataclass

import structlog

from foundation.text import mask_number
from orchestrator.call_results.received import Received
from ringback.v1 import call_results_pb2 as pb

log = structlog.get_logger(__name__)


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
        return pb.Disposition.Name(pb.Disposition.ValueType(self.disposition))


def log_receipt(
    received: Received, recorded: Recorded, outcome: int, conflicts: tuple[str, ...] = ()
) -> None:
    """Log what was received and what became of it; nothing of what was said.

    `outcome`: of the record, shown when the report tells none; `conflicts`: fields in which a
    report of equal standing says something else.
    """
    report = received.report
    log.info(
        "result_stored",
        call_id=recorded.call_id,
        call_sid=report.call_sid,
        status=_word(pb.CallStatus, report.status),
        outcome=_word(pb.Outcome, report.outcome or outcome),
        end_reason=_word(pb.EndReason, report.end_reason),
        duration=report.duration,
        turns=len(report.transcript),
        bytes=len(received.raw),
        source=_word(pb.Source, report.source or pb.SOURCE_MANUAL),
        disposition=recorded.word,
        **({"cleaned": True} if received.was_cleaned else {}),
    )
    if conflicts:
        log.warning("report_conflict", call_id=recorded.call_id, fields=list(conflicts))


def log_opt_out(call_id: str, number: str) -> None:
    """Log that a number must not be called again."""
    log.info("number_opted_out", call_id=call_id, number=mask_number(number))


def _word(enum: object, number: int) -> str | int:
    """Name an enum's number; one from a newer contract stays a number."""
    try:
        return str(enum.Name(number))  # type: ignore[attr-defined]  # the wrappers share no class
    except ValueError:
        return number
