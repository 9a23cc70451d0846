"""One call as a phone page shows it: its sound, and the sentences of both sides."""

from typing import Protocol

from sandbox.mulaw import FRAME_MS, is_loud
from sandbox.speech import Heard, recognise
from sandbox.tones import ToneEar

_ONSET_FRAMES = 10  # 200 ms of sound: longer than the press of a key
_QUIET_FRAMES = 25  # half a real second of silence ends what was said


class Screen(Protocol):
    """What a call needs of a page."""

    def tell(self, **message: str | int) -> None:
        """Send a message to the page."""

    def play(self, frame: bytes) -> None:
        """Let the page sound 20 ms."""

    def leave(self, guest: object) -> None:
        """Free the page, if it still shows `guest`."""


class PageTalk:
    """The transcript of one call, line by line. `agent` and `callee` are its two sides.

    `factor`: the speed of the sandbox, which makes gaps on the line longer in script time.
    """

    def __init__(self, screen: Screen, factor: float = 1.0) -> None:
        self._screen = screen
        self._lines = 0
        quiet_frames = max(_QUIET_FRAMES, round(_QUIET_FRAMES * factor))
        self._sides = {who: _Side(self, who, quiet_frames) for who in ("agent", "callee")}

    def listen(self, who: str, frame: bytes) -> None:
        """Take the next 20 ms of one side."""
        self._sides[who].listen(frame)

    def note_key(self, who: str, key: str) -> None:
        """Show that a key was pressed."""
        self._screen.tell(event="key", who=who, key=key)

    def finish(self) -> None:
        """Show what the end of the call cut short."""
        for side in self._sides.values():
            side.finish()

    def begin_line(self, who: str, text: str) -> int:
        """Show a line that is being said; "" for words that nobody here knows."""
        self._lines += 1
        self._screen.tell(event="line", line=self._lines, who=who, text=text, state="begun")
        return self._lines

    def end_line(self, line: int, who: str, text: str, heard: str) -> None:
        """Show how much of a line was heard: `heard`, its first words or all of them."""
        state = "whole" if heard == text else "cut"
        self._screen.tell(event="line", line=line, who=who, text=text, heard=heard, state=state)


class _Side:
    """Follows one direction: sentences that are known, and sound whose words are not."""

    def __init__(self, talk: PageTalk, who: str, quiet_frames: int) -> None:
        self._talk = talk
        self._who = who
        self._most_quiet = quiet_frames
        self._line = self._sound_line = 0
        self._sound = _UnknownSound(quiet_frames)
        self._keys = ToneEar()
        self._sentence: Heard | None = None  # its newest frame; None between sentences
        self._quiet_frames = 0

    def listen(self, frame: bytes) -> None:
        heard = recognise(frame)
        self._listen_to_sound(frame, is_known=heard is not None)
        if heard is None:
            self._wait_for_the_rest()
            return
        if self._sentence is None or not _goes_on(self._sentence, heard):
            self._end_sentence()
            self._line = self._talk.begin_line(self._who, heard.text)
        self._sentence = heard
        self._quiet_frames = 0
        if _end_ms(heard) >= heard.total_ms:
            self._end_sentence()

    def finish(self) -> None:
        self._end_sentence()
        if self._sound.is_heard:
            self._talk.end_line(self._sound_line, self._who, "", "")

    def _listen_to_sound(self, frame: bytes, *, is_known: bool) -> None:
        change = self._sound.listen(frame, is_known=is_known)
        if not is_known and (key := self._keys.hear(frame)) is not None:
            self._talk.note_key(self._who, key)
            self._sound.forget()
        if change == "began":
            self._sound_line = self._talk.begin_line(self._who, "")
        elif change == "ended":
            self._talk.end_line(self._sound_line, self._who, "", "")

    def _wait_for_the_rest(self) -> None:
        """Take a short silence for a gap on the line, a longer one for the end."""
        self._quiet_frames += 1
        if self._quiet_frames >= self._most_quiet:
            self._end_sentence()

    def _end_sentence(self) -> None:
        if self._sentence is not None:
            words = _first_words(self._sentence)
            self._talk.end_line(self._line, self._who, self._sentence.text, words)
            self._sentence = None


class _UnknownSound:
    """Tells when sound that is no known sentence begins and ends: a microphone, a real model."""

    def __init__(self, quiet_frames: int) -> None:
        self.is_heard = False
        self._most_quiet = quiet_frames
        self._loud_frames = 0
        self._quiet_frames = 0

    def listen(self, frame: bytes, *, is_known: bool) -> str:
        """Take 20 ms; gives `began`, `ended` or ""."""
        if not is_known and is_loud(frame):
            self._loud_frames += 1
            self._quiet_frames = 0
        else:
            self._quiet_frames += 1
        if is_known or self._quiet_frames >= self._most_quiet:
            self._loud_frames = 0
        if not self.is_heard and self._loud_frames >= _ONSET_FRAMES:
            self.is_heard = True
            return "began"
        if self.is_heard and (is_known or self._quiet_frames >= self._most_quiet):
            self.is_heard = False
            return "ended"
        return ""

    def forget(self) -> None:
        """Take what was loud just now for the tone of a key."""
        self._loud_frames = 0


def _goes_on(sentence: Heard, heard: Heard) -> bool:
    is_same = (heard.text, heard.voice) == (sentence.text, sentence.voice)
    return is_same and heard.offset_ms > sentence.offset_ms


def _end_ms(heard: Heard) -> int:
    return heard.offset_ms + FRAME_MS


def _first_words(last: Heard) -> str:
    """Give the words of a sentence up to its frame `last`."""
    if _end_ms(last) >= last.total_ms:
        return last.text
    words = last.text.split()
    return " ".join(words[: round(_end_ms(last) / last.total_ms * len(words))])
