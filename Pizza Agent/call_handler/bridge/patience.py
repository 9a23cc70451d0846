"""How long the agent waits in silence and on hold, counted on the media clock."""

from collections.abc import Sequence

from call_handler.bridge.wishes import NEVER_MS
from call_handler.outcome import EndKind
from call_handler.outcome.callee_words import Speech

_MUSIC_MS = 15_000  # a sound for so long without a word is no sentence
_GAP_MS = 5_000  # music pauses shorter than that
_REPLY_MS = 4_000  # so long the callee may think about what the agent has just said
_ASKS_TO_WAIT = frozenset({Speech.HOLD, Speech.QUEUE})


class Patience:
    """Counts the callee's silence, and the time that they keep us waiting.

    Silence is the callee's alone: what the agent asks into it does not end it, but its answers
    begin it anew. While the agent speaks or the person is being asked nobody is silent.
    """

    def __init__(self, silence_ms: int, hold_ms: int) -> None:
        self._silence_ms = silence_ms
        self._hold_ms = hold_ms
        self._quiet_since: int | None = 0  # None while the callee's side sounds
        self._wordless_since: int | None = None  # None while no sound awaits its words
        self._hold_since: int | None = None  # None while nobody asked us to wait
        self._agent_ms = -_REPLY_MS  # when the agent was last heard
        self._is_nudged = False
        self._is_recorded = False
        self._is_music = False
        self._questions = 0

    @property
    def is_on_hold(self) -> bool:
        """Say whether they keep us waiting."""
        return self._hold_since is not None

    @property
    def is_sounding(self) -> bool:
        """Say whether the callee's side sounds just now."""
        return self._quiet_since is None

    @property
    def hold_since(self) -> int:
        """Say since when they keep us waiting; never while they do not."""
        return NEVER_MS if self._hold_since is None else self._hold_since

    @property
    def due_ms(self) -> int:
        """Say when `tick` has something to do."""
        if self._hold_since is not None:
            due_ms = self._hold_since + self._hold_ms
            return due_ms if self._music_ends_ms is None else min(due_ms, self._music_ends_ms)
        dues = [NEVER_MS]
        if self._quiet_since is not None and not self._questions:
            silent_ms = self._quiet_since + self._silence_ms
            dues.append(max(silent_ms, self._agent_ms + _REPLY_MS))
        if self._wordless_since is not None:
            dues.append(self._wordless_since + _MUSIC_MS)
        return min(dues)

    def sounded(self, clock_ms: int) -> None:
        """Note that the callee's side begins to sound."""
        paused_long = self._quiet_since is not None and clock_ms - self._quiet_since > _GAP_MS
        if self._wordless_since is None or paused_long:
            self._wordless_since = clock_ms
        self._quiet_since = None
        self._is_nudged = False

    def hushed(self, clock_ms: int) -> None:
        """Note that the callee's side is quiet again."""
        self._quiet_since = clock_ms

    def said(self, kinds: Sequence[Speech], clock_ms: int, *, is_brief: bool = False) -> None:
        """Note what was said; `is_brief`: in so few words as no advert is."""
        self._wordless_since = clock_ms if self.is_sounding else None
        telling = [kind for kind in kinds if kind is not Speech.UNCLEAR]
        last = telling[-1] if telling else Speech.UNCLEAR
        if last in _ASKS_TO_WAIT:
            self._is_recorded = last is Speech.QUEUE
            self._is_music = False
            if self._hold_since is None:
                self._hold_since = clock_ms
        elif last is not Speech.UNCLEAR or is_brief or not self._is_recorded:
            self._end_hold()

    def unheard(self, clock_ms: int) -> None:
        """Note that words were said which nobody could write down."""
        self._wordless_since = clock_ms if self.is_sounding else None

    def nudged(self) -> None:
        """Note that the agent is about to ask into the silence."""
        self._is_nudged = True

    def agent_sounds(self, clock_ms: int) -> None:
        """Note that the agent is being heard."""
        self._agent_ms = clock_ms

    def agent_said(self, clock_ms: int) -> None:
        """Note that a turn of the agent was heard; an answer begins the callee's silence anew."""
        self._agent_ms = clock_ms
        if self._quiet_since is not None and not self._is_nudged:
            self._quiet_since = clock_ms

    def asked_person(self) -> None:
        """Note that the person is being asked, so that the callee has to wait."""
        self._questions += 1

    def person_answered(self, clock_ms: int) -> None:
        """Note that the person answered, or will not."""
        self._questions = max(0, self._questions - 1)
        self._is_nudged = False
        if self._quiet_since is not None:
            self._quiet_since = clock_ms

    def tick(self, clock_ms: int) -> EndKind | None:
        """Say which limit is reached; None while none is."""
        if self._wordless_since is not None and clock_ms >= self._wordless_since + _MUSIC_MS:
            self._judge_sound(clock_ms)
        if self._music_ends_ms is not None and clock_ms >= self._music_ends_ms:
            self._end_hold()
        if clock_ms < self.due_ms:
            return None
        return EndKind.SILENCE_LIMIT if self._hold_since is None else EndKind.HOLD_LIMIT

    @property
    def _music_ends_ms(self) -> int | None:
        """Say when music is over unless it goes on; None for a hold that was asked for."""
        if not self._is_music or self._quiet_since is None:
            return None
        return self._quiet_since + _GAP_MS

    def _judge_sound(self, clock_ms: int) -> None:
        """Take a long sound without words for a hold."""
        goes_on = self._quiet_since is None or clock_ms - self._quiet_since < _GAP_MS
        if goes_on and self._hold_since is None:
            self._hold_since = self._wordless_since
            self._is_music = True
        self._wordless_since = None

    def _end_hold(self) -> None:
        self._hold_since = None
        self._is_recorded = self._is_music = False
