"""The callee's audio as the model gets it: counted, cut into frames, listened to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.listening import Utterance
from sandbox.speech import FRAME_BYTES, FRAME_MS
from sandbox.voice_activity import SpeechStarted, SpeechStopped, VoiceActivity

_PCM_BYTES_PER_FRAME = 960  # 20 ms of 16 bits at 24 kHz


@dataclass(frozen=True, slots=True)
class SilenceEnded:
    """Nobody spoke for the session's `idle_timeout_ms`; both times count appended audio."""

    audio_start_ms: int
    audio_end_ms: int


Happening = SpeechStarted | SpeechStopped | SilenceEnded


class InputTrack:
    """Follows the input of one session. Time is the audio that was appended."""

    def __init__(self) -> None:
        self.appended_ms = 0
        self.buffered_ms = 0
        """Audio since the last commit or clear."""
        self.utterance = Utterance()
        """What was heard since the last commit or clear."""
        self.wrong_format_frames = 0
        self._rest = b""
        self._activity = VoiceActivity()
        self._idle_since_ms: int | None = None

    @property
    def is_speaking(self) -> bool:
        """Say whether the callee is talking just now."""
        return self._activity.is_speaking

    def append(
        self, audio: bytes, format_type: object, vad: Mapping[str, object] | None
    ) -> Iterator[Happening]:
        """Take audio of any length and yield what happens in it, in order.

        `vad`: the session's turn detection; None when there is none. Audio in another format
        than mu-law is counted and otherwise passes unheard.
        """
        size = _PCM_BYTES_PER_FRAME if format_type == "audio/pcm" else FRAME_BYTES
        audio = self._rest + audio
        whole = len(audio) - len(audio) % size
        self._rest = audio[whole:]
        for start in range(0, whole, size):
            self.appended_ms += FRAME_MS
            self.buffered_ms += FRAME_MS
            if format_type != "audio/pcmu":
                self.wrong_format_frames += 1
                continue
            happening = self._hear(audio[start : start + size], vad)
            if happening is not None:
                yield happening

    def take(self) -> tuple[Utterance, int]:
        """Empty the buffer; give what was heard in it and its length in ms."""
        taken = self.utterance, self.buffered_ms
        self.utterance, self.buffered_ms = Utterance(), 0
        return taken

    def expect_speech(self, after_ms: int) -> None:
        """Begin to count silence `after_ms` from now, when the agent's last word has played."""
        self._idle_since_ms = self.appended_ms + after_ms

    def expect_nothing(self) -> None:
        """Stop counting silence."""
        self._idle_since_ms = None

    def _hear(self, frame: bytes, vad: Mapping[str, object] | None) -> Happening | None:
        self.utterance.add(frame)
        if vad is None or vad.get("type") != "server_vad":
            return None
        happening = self._activity.feed(frame, self.appended_ms, vad)
        if happening is not None:
            self._idle_since_ms = None
            return happening
        return self._idle(vad)

    def _idle(self, vad: Mapping[str, object]) -> SilenceEnded | None:
        timeout_ms = vad.get("idle_timeout_ms")
        if self._idle_since_ms is None or not isinstance(timeout_ms, int) or self.is_speaking:
            return None
        if self.appended_ms - self._idle_since_ms < timeout_ms:
            return None
        start_ms, self._idle_since_ms = self._idle_since_ms, None
        return SilenceEnded(max(0, start_ms), self.appended_ms)
