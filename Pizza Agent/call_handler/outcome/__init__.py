"""What a call's end amounts to: the facts of the end, and the result that follows from them."""

from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind, FactClaim, HeldCall
from call_handler.outcome.evidence import find_evidence
from call_handler.outcome.result import build_result

__all__ = [
    "AgentReason",
    "CallEnd",
    "EndKind",
    "FactClaim",
    "HeldCall",
    "build_result",
    "find_evidence",
]
