"""What the callee has really heard: the ledger of audio that was sent and of the marks come back.

The model speaks faster than real time and the carrier plays in real time, so "sent" is not
"heard". All times are milliseconds on the carrier's media clock, never wall time. 8 bytes of
u-law are 1 ms.
"""

import base64
from collections import deque
from dataclasses import dataclass

MARK_MS = 200
"""Marks are at most so far apart."""
_BYTES_PER_MS = 8
_MARK_BYTES = MARK_MS * _BYTES_PER_MS


@dataclass(slots=True)
class Segment:
    """A stretch of one item's audio up to its mark; `mark` is None while it is still growing."""

    item_id: str
    end_bytes: int
    own_bytes: int
    mark: str | None = None


@dataclass(slots=True)
class PlayedItem:
    """What is known of one item's audio.

    `began_ms` is None until its first sound reached the callee; `base_ms` is t0: the clock at which
    the stretch now playing began. `cut_at_ms` is what was heard of it when it was cut short.
    """

    item_id: str
    content_index: int
    received_bytes: int = 0
    echoed_bytes: int = 0
    base_ms: int | None = None
    began_ms: int | None = None
    cut_at_ms: int | None = None

    @property
    def received_ms(self) -> int:
        """Give the length of the audio that came from the model."""
        return self.received_bytes // _BYTES_PER_MS


@dataclass(frozen=True, slots=True)
class Piece:
    """What goes to the carrier next: audio (base64), then a mark, either of them perhaps empty."""

    payload: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """An item that was cut short, and how much of it was heard."""

    item_id: str
    content_index: int
    heard_ms: int
    received_ms: int


class Playout:
    """Keeps the ledger of one call's audio to the callee."""

    def __init__(self) -> None:
        self.generation = 1
        self._marks = 0
        self._segments: deque[Segment] = deque()
        self._items: dict[str, PlayedItem] = {}

    @property
    def is_playing(self) -> bool:
        """Say whether audio of this generation was sent and not all of it has come back."""
        return bool(self._segments)

    @property
    def last_item_id(self) -> str:
        """Name the item whose audio was sent last; empty when none waits."""
        return self._segments[-1].item_id if self._segments else ""

    def is_cut(self, item_id: str) -> bool:
        """Say whether the item was cut short, so that more of its audio must not be played."""
        item = self._items.get(item_id)
        return item is not None and item.cut_at_ms is not None

    def send(self, item_id: str, content_index: int, payload: str, clock_ms: int) -> list[Piece]:
        """Enter one delta of the model and give what goes to the carrier for it.

        `payload`: base64. Audio longer than 200 ms is cut, so that each stretch gets its mark.
        Returns: nothing for an item that was cut short. Raises: ValueError for bad base64.
        """
        audio = base64.b64decode(payload, validate=True)
        if not audio or self.is_cut(item_id):
            return []
        if len(audio) <= _MARK_BYTES:
            return self._enter(item_id, content_index, payload, len(audio), clock_ms)
        pieces: list[Piece] = []
        for start in range(0, len(audio), _MARK_BYTES):
            part = audio[start : start + _MARK_BYTES]
            text = base64.b64encode(part).decode()
            pieces += self._enter(item_id, content_index, text, len(part), clock_ms)
        return pieces

    def finish_item(self, item_id: str) -> list[Piece]:
        """Note that no more audio of the item comes: its last stretch gets its mark."""
        last = self._segments[-1] if self._segments else None
        if last is None or last.item_id != item_id or last.mark is not None:
            return []
        return [self._close(last)]

    def mark_echoed(self, mark: str, clock_ms: int) -> str:
        """Note that a mark came back: everything before it was played.

        Returns: the id of the item it stands in; empty for a mark of an older generation (echoed by
        `clear`) or one never sent.
        """
        if not any(segment.mark == mark for segment in self._segments):
            return ""
        item_id = ""
        while self._segments:
            segment = self._segments.popleft()
            item = self._items[segment.item_id]
            item.echoed_bytes = segment.end_bytes
            item_id = segment.item_id
            self._begin_next(clock_ms)
            if segment.mark == mark:
                break
        return item_id

    def heard_ms(self, item_id: str, clock_ms: int) -> int:
        """Say how much of an item the callee has heard by now; 0 for an item that was never sent.

        Source: realtime.md, section 6.
        """
        item = self._items.get(item_id)
        if item is None:
            return 0
        if item.cut_at_ms is not None:
            return item.cut_at_ms
        heard = item.echoed_bytes // _BYTES_PER_MS
        following = next((each for each in self._segments if each.item_id == item_id), None)
        if following is not None and item.base_ms is not None:
            played = max(0, clock_ms - item.base_ms)
            heard += min(played, following.own_bytes // _BYTES_PER_MS)
        return min(heard, item.received_ms)

    def queued_ms(self, clock_ms: int) -> int:
        """Say how much of what was sent is still to be played."""
        sent = sum(segment.own_bytes for segment in self._segments) // _BYTES_PER_MS
        if not self._segments:
            return 0
        item = self._items[self._segments[0].item_id]
        played = 0 if item.base_ms is None else clock_ms - item.base_ms
        return max(0, sent - min(played, self._segments[0].own_bytes // _BYTES_PER_MS))

    def interrupt(self, clock_ms: int) -> list[Cut]:
        """Cut what is playing and what waits behind it; the next generation begins.

        Returns: the cut items in playing order. Send `clear` before anything else.
        """
        cuts: list[Cut] = []
        for item_id in dict.fromkeys(segment.item_id for segment in self._segments):
            item = self._items[item_id]
            heard = self.heard_ms(item_id, clock_ms)
            item.cut_at_ms = heard
            cuts.append(Cut(item_id, item.content_index, heard, item.received_ms))
        self._segments.clear()
        self._marks = 0
        self.generation += 1
        return cuts

    def _enter(
        self, item_id: str, content_index: int, payload: str, size: int, clock_ms: int
    ) -> list[Piece]:
        pieces: list[Piece] = []
        last = self._segments[-1] if self._segments else None
        if last is not None and last.mark is None and not _fits(last, item_id, size):
            pieces.append(self._close(last))
            last = None
        item = self._items.setdefault(item_id, PlayedItem(item_id, content_index))
        item.received_bytes += size
        if last is None or last.mark is not None:
            last = Segment(item_id, item.received_bytes, 0)
            self._segments.append(last)
        last.end_bytes = item.received_bytes
        last.own_bytes += size
        if len(self._segments) == 1 and last.own_bytes == size:  # sent into an empty queue
            self._begin_next(clock_ms)
        pieces.append(Piece(payload=payload))
        if last.own_bytes >= _MARK_BYTES:
            pieces.append(self._close(last))
        return pieces

    def _close(self, segment: Segment) -> Piece:
        self._marks += 1
        segment.mark = f"{self.generation}:{self._marks}"
        return Piece(mark=segment.mark)

    def _begin_next(self, clock_ms: int) -> None:
        if not self._segments:
            return
        item = self._items[self._segments[0].item_id]
        item.base_ms = clock_ms
        if item.began_ms is None:
            item.began_ms = clock_ms


def _fits(segment: Segment, item_id: str, size: int) -> bool:
    return segment.item_id == item_id and segment.own_bytes + size <= _MARK_BYTES
