"""How long the bridge waits for what: in-call spans on the media clock, network spans on ours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BridgeLimits:
    """Spans of one call; names in `_ms` run on the media timestamp, in `_s` on the wall clock."""

    time_limit_ms: int = 600_000
    """The carrier ends the call here; we say goodbye a little earlier."""
    farewell_ms: int = 8_000
    """So long before the time limit the agent is asked to say goodbye."""
    first_word_ms: int = 2_500
    """Silence at the start after which the agent speaks first."""
    goodbye_ms: int = 5_000
    """The longest wait for a goodbye that makes no progress."""
    kept_frames: int = 100
    """Frames of 20 ms kept while the model is not ready: the newest 2 s."""
    frame_gap_s: float = 4.4
    """No frame for so long: the stream is lost, with its result written within 5 s. The carrier
    sends silence, too."""
    blocked_s: float = 5.0
    """A send that takes longer: that side is lost."""
    response_s: float = 5.0
    """From the end of the callee's sentence to the start of the answer."""
    polite_s: float = 10.0
    """So long the agent does not begin to speak while the callee does."""
    audio_s: float = 10.0
    """From the start of an answer to its first sound, or its end."""
    done_s: float = 60.0
    """From the start of an answer to its end."""
    retry_s: float = 0.3
    """Pause before a failed answer is asked for again."""
    late_s: float = 0.8
    """How long the model's late transcripts are waited for after the call."""
    tick_s: float = 0.25
    """How often the wall-clock limits are looked at."""
