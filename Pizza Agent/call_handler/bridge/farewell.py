"""The deliberate end of a call: a goodbye is said and played before anybody hangs up."""

from dataclasses import dataclass

from call_handler.bridge.limits import BridgeLimits
from call_handler.outcome import EndKind

GOODBYES = {
    EndKind.PERSON_HUNG_UP: (
        "The person you call for has to stop here. Apologise in one short sentence, say goodbye,"
        " and nothing else."
    ),
    EndKind.TIME_LIMIT: (
        "The time is up. Say in one short sentence that you have to stop, say goodbye, and nothing"
        " else."
    ),
    EndKind.SILENCE_LIMIT: (
        "Nobody has spoken for a long time. Say in one short sentence that you hear nobody and will"
        " hang up, say goodbye, and nothing else."
    ),
    EndKind.HOLD_LIMIT: (
        "You have been on hold for too long. Say in one short sentence that you cannot wait any"
        " longer, say goodbye, and nothing else."
    ),
    EndKind.OPT_OUT: (
        "They asked not to be called again. Apologise in one short sentence, say that they will not"
        " be called again, say goodbye, and nothing else."
    ),
}
"""What the agent is asked to say where the end is not its own idea."""
_LARGEST_SHARE = 4  # at most a quarter of a short call is kept for the goodbye


@dataclass(slots=True)
class Farewell:
    """Knows whether a goodbye is under way and how long to wait for it.

    `kind` is None until then: why the call is being ended.
    """

    limits: BridgeLimits
    kind: EndKind | None = None
    _progress_ms: int = 0

    @property
    def due_ms(self) -> int:
        """Say when a goodbye has to begin, or when waiting for it is to end (media clock)."""
        limit_ms = self.limits.time_limit_ms
        if self.kind is None:
            return limit_ms - min(self.limits.farewell_ms, limit_ms // _LARGEST_SHARE)
        return min(limit_ms, self._progress_ms + self.limits.goodbye_ms)

    def begin(self, kind: EndKind, clock_ms: int) -> None:
        """Begin the goodbye."""
        self.kind = kind
        self._progress_ms = clock_ms

    def progressed(self, clock_ms: int) -> None:
        """Note that more of the goodbye was heard."""
        self._progress_ms = clock_ms
