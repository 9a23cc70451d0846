"""What the callee has really heard of the agent: one ledger per call."""

from call_handler.playout.ledger import CLEAR_MS, LOST_MS, MARK_MS, Playout
from call_handler.playout.records import Cut, Piece

__all__ = ["CLEAR_MS", "LOST_MS", "MARK_MS", "Cut", "Piece", "Playout"]
