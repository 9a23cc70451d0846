"""What makes a scripted callee say its next line."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from sandbox.listening import Utterance
from sandbox.speech import FRAME_MS, SILENCE, is_loud
from sandbox.variation import Variation

PAUSE_MS = 300
"""Silence after a sentence's end before a polite callee speaks."""
_RUN_GAP_MS = 160  # a shorter silence is a pause within a sentence
_BROKEN_OFF_MS = 2_500  # silence after which a sentence without an end counts as over


@dataclass(slots=True)
class AgentTurn:
    """One stretch of the agent's speech, and the silence after it."""

    heard: Utterance = field(default_factory=Utterance)
    speech_ms: int = 0
    quiet_ms: int = 0
    pause_ms: int = PAUSE_MS
    was_talked_over: bool = False
    """Whether the callee spoke into it, and the agent has not begun anew since."""

    @property
    def is_over(self) -> bool:
        """Say whether the agent has finished, or has broken off and does not go on."""
        if not self.speech_ms:
            return False
        if self.heard.has_ended:
            return self.quiet_ms >= self.pause_ms
        return self.quiet_ms >= _BROKEN_OFF_MS and not self.was_talked_over


class Ear:
    """Follows what the agent says, turn by turn."""

    def __init__(self, variation: Variation) -> None:
        self._variation = variation
        self.turn = self._begin_turn()
        self.turns_heard = 0
        self.speech_ms = 0
        """The agent's speech in all turns."""
        self.quiet_ms = 0
        """Silence since the agent's last sound, or since the answer."""
        self.run_ms = 0
        """The agent's speech since it was last silent for a while."""

    def hear(self, frame: bytes) -> None:
        """Take what the agent said in 20 ms."""
        loud = frame != SILENCE and (self.turn.heard.add(frame) is not None or is_loud(frame))
        if loud:
            self.turn.was_talked_over &= self.run_ms > 0
            self.turn.speech_ms += FRAME_MS
            self.speech_ms += FRAME_MS
            self.turn.quiet_ms = self.quiet_ms = 0
            self.run_ms += FRAME_MS
        else:
            self.turn.quiet_ms += FRAME_MS
            self.quiet_ms += FRAME_MS
            if self.quiet_ms >= _RUN_GAP_MS:
                self.run_ms = 0

    def finish_turn(self) -> None:
        """Begin to listen for the next turn."""
        self.turn = self._begin_turn()
        self.turns_heard += 1

    def talk_over(self) -> None:
        """Note that the callee is talking: what the agent breaks off now, it will say again."""
        self.turn.was_talked_over = self.turn.speech_ms > 0

    def _begin_turn(self) -> AgentTurn:
        return AgentTurn(pause_ms=self._variation.pause_ms(PAUSE_MS))


class Cue(ABC):
    """A moment in the call."""

    @abstractmethod
    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the moment is now. `since_ms`: time since the callee's last line ended."""


@dataclass(frozen=True, slots=True)
class After(Cue):
    """So many milliseconds after the callee's own last line (or the answer)."""

    wait_ms: int

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the time has passed."""
        del ear
        return since_ms >= self.wait_ms


@dataclass(frozen=True, slots=True)
class AgentFinished(Cue):
    """The agent has said something to its end; `about`: with words that match, if given."""

    about: str = ""

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the agent has just finished a turn of that kind."""
        del since_ms
        matches = re.search(self.about, ear.turn.heard.text, re.IGNORECASE)
        return ear.turn.is_over and matches is not None


@dataclass(frozen=True, slots=True)
class AgentSaidIt(Cue):
    """The last sound of one of the agent's sentences was heard; who records waits no longer."""

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the agent has come to the end of a sentence."""
        del since_ms
        return ear.turn.heard.has_ended


@dataclass(frozen=True, slots=True)
class AgentHasSpoken(Cue):
    """The agent is silent after `for_ms` of speech in all: a gap in its audio is no cue."""

    for_ms: int

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the agent has said that much and finished."""
        del since_ms
        return ear.speech_ms >= self.for_ms and ear.turn.is_over


@dataclass(frozen=True, slots=True)
class AgentSpeaking(Cue):
    """The agent is in the middle of a turn and has talked for `for_ms`."""

    for_ms: int

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the agent has talked that long without a pause."""
        del since_ms
        return ear.turn.speech_ms >= self.for_ms and not ear.turn.quiet_ms


@dataclass(frozen=True, slots=True)
class IntoSpeech(Cue):
    """The agent has begun anew to talk and has talked for `for_ms`: also after it was cut."""

    for_ms: int

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether the agent is that far into what it says now."""
        del since_ms
        return ear.run_ms >= self.for_ms and not ear.quiet_ms


@dataclass(frozen=True, slots=True)
class AgentSaying(Cue):
    """The agent is in the middle of a sentence, of which words that match were heard."""

    about: str

    def has_come(self, ear: Ear, since_ms: int) -> bool:
        """Say whether those words have just been heard."""
        del since_ms
        text = ear.turn.heard.text
        return not ear.turn.quiet_ms and re.search(self.about, text, re.IGNORECASE) is not None
