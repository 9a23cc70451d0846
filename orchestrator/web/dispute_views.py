"""How it is shown that reports of a call disagree, in plain words."""

from collections.abc import Mapping, Sequence

from foundation.text import strip_bidi
from orchestrator.call_results import Dispute
from orchestrator.conversation.words import (
    END_REASON_WORDS,
    OUTCOME_WORDS,
    STATUS_WORDS,
    duration_words,
    words_of,
)
from ringback.v1 import call_results_pb2 as pb

_SOURCES: Mapping[int, str] = {
    pb.SOURCE_DEADLINE: "the deadline",
    pb.SOURCE_PROVIDER: "the phone company",
    pb.SOURCE_RECOVERED: "what was recovered",
    pb.SOURCE_MANUAL: "a report by hand",
    pb.SOURCE_HANDLER: "the call handler",
}
_TABLES: Mapping[str, Mapping[int, str]] = {
    "status": STATUS_WORDS,
    "outcome": OUTCOME_WORDS,
    "end_reason": END_REASON_WORDS,
}
_FACT = "fact:"


def dispute_lines(disputes: Sequence[Dispute]) -> list[str]:
    """Say each disagreement in a line, each once."""
    return list(dict.fromkeys(strip_bidi(_line(dispute)) for dispute in disputes))


def _line(dispute: Dispute) -> str:
    source = words_of(_SOURCES, dispute.source)
    if dispute.field == "call_sid":
        return f"Telephone call {dispute.value}, which is not this one (from {source})"
    if dispute.field == "handler_instance":
        return f"Agent {dispute.value}, which did not hold this call (from {source})"
    name = dispute.field.removeprefix(_FACT).replace("_", " ").capitalize()
    return f"{name}: {_words(dispute)} (from {source})"


def _words(dispute: Dispute) -> str:
    """Word a value; what would take a page is only named."""
    field, value = dispute.field, dispute.value
    if field.startswith(_FACT):
        return str(getattr(value, "value", ""))
    if isinstance(value, str):
        return value or "nothing"
    if isinstance(value, int) and field in _TABLES:
        return words_of(_TABLES[field], value)
    if isinstance(value, int) and field == "duration":
        return duration_words(value)
    return "something else"
