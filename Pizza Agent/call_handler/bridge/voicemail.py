"""What to do when a voicemail answers: hang up, or leave one message after the beep."""

from collections.abc import Sequence
from enum import Enum, auto

from call_handler.bridge.wishes import NEVER_MS, End, Hush, Speak, Stay, Wish, say_exactly
from call_handler.outcome import EndKind

_PARTING_MS = 1_000  # a person may still pick up
_DOUBTFUL_MS = 3_000  # or may have been one all the time
_LONGEST_PARTING_MS = 6_000
_WORDS_MS = 1_500  # after a sound, its words may still come
_SILENCE_MS = 4_000  # no beep for so long after the greeting: there is none
_BREATH_MS = 300
_PATIENCE_MS = 60_000


class _Stage(Enum):
    """How far it has come."""

    NONE = auto()
    PARTING = auto()
    LISTENING = auto()
    LEAVING = auto()


class Voicemail:
    """Follows one voicemail from the sentence that betrayed it to the end of our message.

    `message` is empty where none is to be left. `was_told`: the message was heard to its end.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        self._stage = _Stage.NONE
        self._begun_ms = 0
        self._parting_ms = _PARTING_MS
        self._quiet_since: int | None = 0  # None while the machine speaks
        self._words_until_ms = 0
        self._speak_ms = NEVER_MS
        self._greeting_ended_ms: int | None = None  # None until the carrier says so
        self.was_told = False

    @property
    def is_on(self) -> bool:
        """Say whether a voicemail is on the line, as far as we know."""
        return self._stage is not _Stage.NONE

    @property
    def is_leaving(self) -> bool:
        """Say whether the message is being told."""
        return self._stage is _Stage.LEAVING

    @property
    def listens(self) -> bool:
        """Say whether the beep is waited for."""
        return self._stage is _Stage.LISTENING

    @property
    def wants_message(self) -> bool:
        """Say whether a message is to be left."""
        return bool(self._message)

    @property
    def due_ms(self) -> int:
        """Say when `tick` has something to do."""
        match self._stage:
            case _Stage.PARTING:
                silent_ms = NEVER_MS if self._quiet_since is None else self._words_until_ms
                parted_ms = max(self._begun_ms + self._parting_ms, silent_ms)
                return min(parted_ms, self._begun_ms + _LONGEST_PARTING_MS)
            case _Stage.LISTENING:
                quiet = self._quiet_since
                silent_ms = NEVER_MS if quiet is None else max(quiet, self._begun_ms) + _SILENCE_MS
                return min(self._speak_ms, silent_ms, self._begun_ms + _PATIENCE_MS)
            case _:
                return NEVER_MS

    def begin(self, clock_ms: int, *, is_certain: bool = True) -> Sequence[Wish]:
        """Note that a voicemail answered, for certain or perhaps."""
        self._begun_ms = clock_ms
        self._parting_ms = _PARTING_MS if is_certain else _DOUBTFUL_MS
        self._words_until_ms = 0
        self._stage = _Stage.LISTENING if self._message else _Stage.PARTING
        if self._greeting_ended_ms is not None and self._quiet_since is not None:
            self._speak_ms = clock_ms + _BREATH_MS
        return [Hush(is_on=True)]

    def sounded(self) -> None:
        """Note that the line sounds."""
        self._quiet_since = None

    def hushed(self, clock_ms: int) -> None:
        """Note that the line is quiet; the words of what sounded may still come."""
        self._quiet_since = clock_ms
        self._words_until_ms = clock_ms + _WORDS_MS

    def beeped(self, clock_ms: int) -> None:
        """Note that a beep has ended."""
        self._speak_ms = min(self._speak_ms, clock_ms + _BREATH_MS)

    def greeting_ended(self, clock_ms: int, *, is_certain: bool) -> None:
        """Note that the carrier heard the end of the greeting; uncertain: only if it is quiet."""
        self._greeting_ended_ms = clock_ms
        if is_certain or self._quiet_since is not None:
            self._speak_ms = min(self._speak_ms, clock_ms + _BREATH_MS)

    def turn_into_person(self) -> Sequence[Wish]:
        """Note that a person has picked up after all: they are talked to."""
        was_leaving = self.is_leaving
        self._stage = _Stage.NONE
        self._speak_ms, self._greeting_ended_ms = NEVER_MS, None
        return [Stay()] if was_leaving else [Hush(is_on=False), Speak()]

    def agent_said(self, *, is_whole: bool) -> None:
        """Note what was heard of the agent; after the beep that is the message."""
        if self.is_leaving and is_whole:
            self.was_told = True

    def tick(self, clock_ms: int) -> Sequence[Wish]:
        """Give what is due."""
        if clock_ms < self.due_ms:
            return []
        is_too_late = clock_ms >= self._begun_ms + _PATIENCE_MS and clock_ms < self._speak_ms
        if self._stage is _Stage.PARTING or is_too_late:
            self._stage = _Stage.PARTING
            return [End(EndKind.VOICEMAIL)]
        self._stage = _Stage.LEAVING
        return [Hush(is_on=False), End(EndKind.VOICEMAIL, say_exactly(self._message))]
