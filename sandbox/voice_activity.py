"""Server VAD: tells from the loudness of 20 ms frames when the callee starts and stops talking.

Beeps, music and fax tones are loud and nobody's speech: what `tones` made counts as silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.mulaw import FRAME_MS, loudness
from sandbox.tones import is_tone

_ONSET_FRAMES = 3  # 60 ms: shorter noises are not speech


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to talk; `audio_start_ms` counts appended audio, padding included."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Somebody stopped talking; `audio_end_ms` counts appended audio, the silence included."""

    audio_end_ms: int


class VoiceActivity:
    """Follows one input track. It has no clock: time is the audio that was appended."""

    def __init__(self) -> None:
        self.is_speaking = False
        self._loud_frames = 0
        self._quiet_frames = 0

    def feed(
        self, frame: bytes, end_ms: int, settings: Mapping[str, object]
    ) -> SpeechStarted | SpeechStopped | None:
        """Take one frame and say whether speech begins or ends with it.

        `end_ms`: end of the frame in appended audio. `settings`: the session's turn detection.
        """
        if loudness(frame) > _floor(settings) and not is_tone(frame):
            self._loud_frames += 1
            self._quiet_frames = 0
            return self._begin(end_ms, settings)
        self._loud_frames = 0
        self._quiet_frames += 1
        return self._end(end_ms, settings)

    def _begin(self, end_ms: int, settings: Mapping[str, object]) -> SpeechStarted | None:
        if self.is_speaking or self._loud_frames < _ONSET_FRAMES:
            return None
        self.is_speaking = True
        padding_ms = _milliseconds(settings, "prefix_padding_ms", 300)
        return SpeechStarted(max(0, end_ms - _ONSET_FRAMES * FRAME_MS - padding_ms))

    def _end(self, end_ms: int, settings: Mapping[str, object]) -> SpeechStopped | None:
        patience_ms = _milliseconds(settings, "silence_duration_ms", 500)
        if not self.is_speaking or self._quiet_frames * FRAME_MS < patience_ms:
            return None
        self.is_speaking = False
        return SpeechStopped(end_ms)


def _floor(settings: Mapping[str, object]) -> float:
    """Translate the session's threshold (0 to 1) to a loudness on the 16-bit scale."""
    threshold = settings.get("threshold")
    return 300.0 + 1_000.0 * (float(threshold) if isinstance(threshold, int | float) else 0.5)


def _milliseconds(settings: Mapping[str, object], key: str, default: int) -> int:
    value = settings.get(key)
    return value if isinstance(value, int) else default
