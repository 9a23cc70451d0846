"""What a listener makes of 20 ms frames: the sentences in them, how far each was heard."""

from dataclasses import dataclass, field

from sandbox.mulaw import FRAME_MS, is_loud
from sandbox.speech import Heard, recognise
from sandbox.tones import is_tone

_NEARLY_ALL = 0.95  # heard this far, a sentence counts as heard to its end


@dataclass(slots=True)
class Span:
    """A stretch of one sentence, heard without another one in between."""

    text: str
    voice: str
    first_ms: int
    end_ms: int
    total_ms: int
    frames: int = 1

    @property
    def is_whole(self) -> bool:
        """Say whether the sentence was heard from its beginning to its end."""
        return self.first_ms <= self.total_ms * (1 - _NEARLY_ALL) and self.is_ended

    @property
    def is_ended(self) -> bool:
        """Say whether the end of the sentence was heard."""
        return self.end_ms >= self.total_ms * _NEARLY_ALL

    @property
    def lost_frames(self) -> int:
        """Count the frames that are missing within the stretch."""
        return (self.end_ms - self.first_ms) // FRAME_MS - self.frames

    def words(self) -> str:
        """Give the words within the stretch, cut in proportion to time at word boundaries."""
        if self.is_whole:
            return self.text
        words = self.text.split()
        begin = round(self.first_ms / self.total_ms * len(words))
        end = int(self.end_ms / self.total_ms * len(words))
        return " ".join(words[begin:end])


@dataclass(slots=True)
class Utterance:
    """What was heard between two pauses, sentence by sentence."""

    spans: list[Span] = field(default_factory=list)
    unknown_frames: int = 0
    """Loud frames that nobody spoke: a microphone, or audio that was altered on its way."""
    loud_frames: int = 0

    def add(self, frame: bytes) -> Heard | None:
        """Take one frame; give what it is known as."""
        heard = recognise(frame)
        if heard is None:
            loud = is_loud(frame) and not is_tone(frame)
            self.unknown_frames += loud
            self.loud_frames += loud
            return None
        self.loud_frames += 1
        last = self.spans[-1] if self.spans else None
        if last is None or not _continues(last, heard):
            end_ms = heard.offset_ms + FRAME_MS
            self.spans.append(
                Span(heard.text, heard.voice, heard.offset_ms, end_ms, heard.total_ms)
            )
        else:
            last.end_ms = heard.offset_ms + FRAME_MS
            last.frames += 1
        return heard

    @property
    def text(self) -> str:
        """Give the words that were understood; empty when there were none."""
        return " ".join(words for span in self.spans if (words := span.words()))

    @property
    def lost_frames(self) -> int:
        """Count the frames missing within the sentences."""
        return sum(span.lost_frames for span in self.spans)

    @property
    def has_ended(self) -> bool:
        """Say whether the last sentence came to its end, so that no more is to be expected."""
        return bool(self.spans) and self.spans[-1].is_ended


def _continues(last: Span, heard: Heard) -> bool:
    same = (last.text, last.voice) == (heard.text, heard.voice)
    return same and heard.offset_ms >= last.end_ms
