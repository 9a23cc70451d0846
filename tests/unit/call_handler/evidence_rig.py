"""Short conversations for the tests of evidence, written as one line each."""

from collections.abc import Sequence

from call_handler.outcome import find_evidence
from ringback.v1.call_results_pb2 import FactKind, Role, TranscriptTurn

MONEY, TIME, NUMBER, DAY, WORDS = (
    FactKind.FACT_KIND_MONEY,
    FactKind.FACT_KIND_TIME,
    FactKind.FACT_KIND_NUMBER,
    FactKind.FACT_KIND_DAY,
    FactKind.FACT_KIND_UNSPECIFIED,
)
ORDER = TranscriptTurn(role=Role.ROLE_AGENT, text="One large margherita, please.")

Case = tuple[str, str, str]
"""The case's name, the claimed value, and what was said after the order; see `talk`."""


def talk(line: str) -> list[TranscriptTurn]:
    """Make a conversation of `callee's turn | > agent's turn | ...`, after the agent's order."""
    return [ORDER, *(_turn(text.strip()) for text in line.split("|"))]


def is_proven(
    value: str, kind: FactKind.ValueType, line: str, quotes: Sequence[str] | None = None
) -> bool:
    """Say whether the value is proven; without `quotes` each turn of the callee is quoted."""
    turns = talk(line)
    own = [turn.text for turn in turns if turn.role == Role.ROLE_CALLEE]
    return bool(find_evidence(value, kind, turns, own if quotes is None else quotes)[1])


def _turn(text: str) -> TranscriptTurn:
    if text.startswith(">"):
        return TranscriptTurn(role=Role.ROLE_AGENT, text=text[1:].strip())
    return TranscriptTurn(role=Role.ROLE_CALLEE, text=text)
