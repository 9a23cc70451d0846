"""How much of the agent's items the carrier has played: the truth that a truncate is held against.

The model and the carrier are one process, so the model may ask the carrier's playback buffer.
"""

from collections.abc import Callable

from sandbox.agent_turns import Turn
from sandbox.conversation import Item
from sandbox.sentence_track import SentenceTrack


class AgentPlayout:
    """Follows one session's items. `find_track` gives the call's track; None without a stream."""

    def __init__(self, find_track: Callable[[], SentenceTrack | None]) -> None:
        self._find_track = find_track
        # By the turn itself: the same words may be begun again before the first are truncated.
        self._said_before: dict[int, tuple[Turn, int]] = {}

    def begin(self, turn: Turn) -> None:
        """Note that the agent is about to say a turn, perhaps not for the first time."""
        track = self._find_track()
        count = 0 if track is None else track.times_said(turn.say)
        self._said_before[id(turn)] = (turn, count)

    def facts(self, item: Item | None) -> dict[str, object]:
        """Give an item's text, its length and what was played of it, both in ms.

        `played_ms` is None where no carrier plays: in a call that was not placed here.
        """
        if item is None or item.turn is None:
            return {"text": "", "length_ms": 0 if item is None else item.audio_ms, "played_ms": 0}
        text = item.turn.say
        track = self._find_track()
        _, before = self._said_before.get(id(item.turn), (item.turn, 0))
        played_ms = None if track is None else track.played_ms(text, before)
        return {"text": text, "length_ms": item.audio_ms, "played_ms": played_ms}
