"""What a session of the realtime model is opened with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sandbox.scenario import Scenario
from sandbox.sentence_track import SentenceTrack
from sandbox.wire_rules import JsonObject


class ModelBooks(Protocol):
    """Where a session writes what happened."""

    def write(self, kind: str, **facts: object) -> None:
        """Append one fact."""


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """What a session is opened with."""

    scenario: Scenario
    call_id: str | None
    """The client's X-Client-Request-Id; None when it sent none."""
    session: JsonObject
    """The session as `session.created` shows it."""
    time_factor: float
    books: ModelBooks
    find_track: Callable[[], SentenceTrack | None]
    """Gives what the carrier has played of the agent's sentences; None without a stream."""
    number: int = 1
    """Counts the sessions of one call from 1."""
