"""The faults a scenario can order from the realtime model, as plain data; none is the default."""

from dataclasses import dataclass
from enum import StrEnum


class ModelEnd(StrEnum):
    """How the model goes away in the middle of a call."""

    RESET = "reset"
    """The TCP connection is reset."""
    CLOSE = "close"
    """A close frame with `EndFault.code` and `EndFault.reason`."""
    SILENCE = "silence"
    """Nothing more is sent; the connection stays open."""


@dataclass(frozen=True, slots=True)
class EndFault:
    """When and how the model goes away: within response `response`, before its delta `delta`."""

    how: ModelEnd
    response: int = 1
    """Counts from 1."""
    delta: int = 1
    """Counts the audio deltas of the response from 1."""
    code: int = 1011
    reason: str = "The server had an error."


@dataclass(frozen=True, slots=True)
class ModelFaults:
    """What the realtime model does, and does wrong on purpose, in one session.

    Times are script time, divided by the time factor.
    """

    refuse_status: int | None = None
    """Answers the upgrade with this HTTP status."""
    refuse_times: int | None = None
    """How many upgrades of a call are answered so; None: all."""
    dropped_sessions: int = 0
    """How many sessions of a call are reset as soon as they are configured."""
    refuse_code: str | None = None
    """Accepts the upgrade, then sends an `error` of this code and closes."""
    created_lost: bool = False
    updated_lost: bool = False
    """Never answers a session.update."""
    updated_formats: str | None = None
    """`session.updated` claims this audio format, for example `audio/pcm`."""
    update_refused: bool = False
    """Answers a valid session.update with an `error`."""
    deaf: bool = False
    """Never sends `speech_started`."""
    ignores_speech: bool = False
    """Commits what the callee said and never answers it."""
    failed_from: int | None = None
    """Number (from 1) of the first response that fails instead of speaking."""
    failed_count: int | None = 1
    """How many responses fail; None: all that follow."""
    failed_code: str = "server_error"
    done_lost_at: int | None = None
    """Number of the response whose `response.done` is never sent."""
    incomplete_at: int | None = None
    """Number of the response that ends `incomplete` half-way, with `max_output_tokens`."""
    end: EndFault | None = None
    stray_events: bool = False
    """Sends event types that nobody knows, and fields nobody knows in known events."""
    transcripts: str = "late"
    """`late`, `failed`, `never` or `twice`."""
    transcript_delay_s: float = 0.4
    """From the commit to the transcript of what the callee said."""
    delta_ms: int = 200
    """Audio per delta, on average."""
    pace: float = 10.0
    """How much faster than it plays audio is made."""
    session_max_s: float = 3_600.0

    def fails(self, number: int) -> bool:
        """Say whether response `number` fails."""
        if self.failed_from is None or number < self.failed_from:
            return False
        return self.failed_count is None or number < self.failed_from + self.failed_count


NO_FAULTS = ModelFaults()
