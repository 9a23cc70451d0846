"""A callee who says a list of lines, each at its cue, and otherwise behaves sensibly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sandbox.callees import Step
from sandbox.callees.cues import Cue, Ear
from sandbox.speech import FRAME_BYTES, FRAME_MS, SILENCE, speak
from sandbox.variation import Variation

_PATIENCE_MS = 8_000  # of silence, before anything is done about it
_LAST_PATIENCE_MS = 16_000  # the same, when there is nothing left to say
_LONGEST_MS = 540_000
_ASKED_AGAIN = re.compile(r"did not understand|did not catch|say that again|pardon", re.IGNORECASE)


class Act(StrEnum):
    """What a callee does at the end of a line."""

    NOTHING = "nothing"
    HANG_UP = "hang_up"
    BREAK_LINE = "break_line"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a callee: when, what, and what happens at its end."""

    cue: Cue
    say: str = ""
    act: Act = Act.NOTHING
    sound: bytes = b""
    """Music, a beep: played before anything is said; whole frames of 20 ms."""
    sound_after: bytes = b""
    """The same, after what is said."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What a callee does on a line that stays dead for a while."""

    asks: int = 3
    """How often they ask whether anybody is there."""
    leaves: bool = True
    """Whether they hang up after that."""
    leaves_when_done: bool = True
    """Whether they hang up when all their lines are said."""


PERSON = Patience()
PATIENT = Patience(asks=12)
MACHINE = Patience(asks=0, leaves=False)
STAYING = Patience(asks=0, leaves=False, leaves_when_done=False)


class ScriptedCallee:
    """Plays its lines in order. Repeats one when asked; hangs up on a line that stays dead."""

    def __init__(
        self,
        voice: str,
        lines: Sequence[Line],
        variation: Variation | None = None,
        patience: Patience = PERSON,
    ) -> None:
        """`variation`: of its pauses; None: none."""
        self.said: list[str] = []
        self._voice = voice
        self._lines = list(lines)
        self._ear = Ear(variation or Variation())
        self._audio = b""
        self._at = 0
        self._act = Act.NOTHING
        self._since_ms = 0
        self._lived_ms = 0
        self._patience = patience
        self._asks_left = patience.asks

    @property
    def is_done(self) -> bool:
        """Say whether every line was said: a test fails on lines left over."""
        return not self._lines

    @property
    def _endures_ms(self) -> int:
        return _PATIENCE_MS if self._lines else _LAST_PATIENCE_MS

    @property
    def left_over(self) -> list[str]:
        """Name the lines that were never said."""
        return [line.say or f"({line.cue})" for line in self._lines]

    def step(self, heard: bytes) -> Step:
        """Live through 20 ms of media time. `heard`: 160 bytes from the agent, or silence."""
        self._lived_ms += FRAME_MS
        self._ear.hear(heard)
        if self._at >= len(self._audio):
            self._since_ms += FRAME_MS
            self._choose()
        if self._lived_ms >= _LONGEST_MS:
            self._act = Act.HANG_UP
        return self._speak()

    def _choose(self) -> None:
        """Begin the next line if its cue has come."""
        if self._lines and self._lines[0].cue.has_come(self._ear, self._since_ms):
            self._begin(self._lines.pop(0))
        elif self._ear.turn.is_over:
            asked_again = _ASKED_AGAIN.search(self._ear.turn.heard.text)
            self._ear.finish_turn()
            if asked_again and self.said:
                self._utter(self.said[-1])
        elif min(self._ear.quiet_ms, self._since_ms) >= self._endures_ms:
            self._lose_patience()

    def _begin(self, line: Line) -> None:
        self._ear.finish_turn()  # what the agent says from now on is an answer to this
        self._act = line.act
        self._utter(line.say)
        self._audio = line.sound + self._audio + line.sound_after

    def _utter(self, text: str) -> None:
        self._audio, self._at, self._since_ms = speak(text, self._voice), 0, 0
        if text:
            self.said.append(text)

    def _lose_patience(self) -> None:
        # Once all lines are said and the agent is silent, there is nothing left to wait for.
        if not self._lines:
            self._act = Act.HANG_UP if self._patience.leaves_when_done else Act.NOTHING
        elif self._asks_left:
            self._asks_left -= 1
            self._utter("Hello? Is anybody there?")
        elif self._patience.leaves:
            self._act = Act.HANG_UP

    def _speak(self) -> Step:
        if self._at < len(self._audio):
            frame = self._audio[self._at : self._at + FRAME_BYTES]
            self._at += FRAME_BYTES
            self._ear.talk_over()
            return Step(frame)
        act, self._act = self._act, Act.NOTHING
        return Step(SILENCE, hang_up=act is Act.HANG_UP, reset=act is Act.BREAK_LINE)
