"""What the callee has really heard: the ledger of audio that was sent and of the marks come back.

The model speaks faster than real time, so "sent" is not "heard". All times are milliseconds on the
carrier's media clock, never wall time. 8 bytes of u-law are 1 ms. Marks tell when something
happened at the carrier; their echoes travel the same way as its clock, so that no delay on the way
counts as heard: `<generation>:<n>` follows a stretch of audio, `<generation>:<n>b` goes before one
that may meet an empty queue: it tells its beginning, `<generation>:clear` follows a `clear`.
"""

import base64
from collections import deque
from dataclasses import dataclass, field

MARK_MS = 200
"""Marks are at most so far apart."""
CLEAR_MS = 1_500
"""So long the echo behind a `clear` is waited for; then the clock of the interruption counts."""
LOST_MS = 5_000
"""Audio that must have been played so long ago was played, although its mark never came."""
_DRY_MS = 200  # less than that is in the queue: it may be empty when more arrives there
_BYTES_PER_MS = 8
_MARK_BYTES = MARK_MS * _BYTES_PER_MS


@dataclass(slots=True)
class Segment:
    """A stretch of one item's audio up to its mark; `mark` is None while it is still growing.

    `begin_mark` is empty where the stretch follows directly on the one before.
    """

    item_id: str
    own_bytes: int = 0
    mark: str | None = None
    begin_mark: str = ""


@dataclass(slots=True)
class PlayedItem:
    """What is known of one item's audio."""

    item_id: str
    content_index: int
    received_bytes: int = 0
    heard_bytes: int = 0
    is_cut: bool = False

    def describe_cut(self) -> "Cut":
        """Say how much of it was heard, never more than came from the model."""
        heard = min(self.heard_bytes, self.received_bytes) // _BYTES_PER_MS
        received = self.received_bytes // _BYTES_PER_MS
        return Cut(self.item_id, self.content_index, heard, received)


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


@dataclass(slots=True)
class Queue:
    """The carrier's queue as we know it; its first segment has been playing since `base_ms`."""

    segments: deque[Segment] = field(default_factory=deque)
    base_ms: int = 0

    @property
    def length_ms(self) -> int:
        """Give the length of all that is in it."""
        return sum(segment.own_bytes for segment in self.segments) // _BYTES_PER_MS

    def count_up_to(self, mark: str) -> int | None:
        """Count the segments that stand before a mark; None when it is not in this queue."""
        for index, segment in enumerate(self.segments):
            if segment.begin_mark == mark:
                return index
            if segment.mark == mark:
                return index + 1
        return None


@dataclass(slots=True)
class Clearing:
    """A queue that is being cleared: what was played of it until the `clear` took effect.

    `at_ms`: when we sent the `clear`. `items`: those that it cuts, in playing order.
    """

    queue: Queue
    at_ms: int
    items: list[PlayedItem]


class Playout:
    """Keeps the ledger of one call's audio to the callee."""

    def __init__(self) -> None:
        self.generation = 1
        self._marks = 0
        self._queue = Queue()
        self._clearings: dict[str, Clearing] = {}
        self._items: dict[str, PlayedItem] = {}
        self._sent_at_ms: int | None = None  # None before the first audio of a generation

    @property
    def is_playing(self) -> bool:
        """Say whether audio of this generation was sent and not all of it has come back."""
        return bool(self._queue.segments)

    @property
    def item_ids(self) -> list[str]:
        """Name the items of which something is still to be played, in playing order."""
        return list(dict.fromkeys(segment.item_id for segment in self._queue.segments))

    @property
    def lost_at_ms(self) -> int | None:
        """Say when what is playing must have been played; None while nothing is."""
        queue = self._queue
        return queue.base_ms + queue.length_ms + LOST_MS if queue.segments else None

    def is_cut(self, item_id: str) -> bool:
        """Say whether the item was cut short, so that more of its audio must not be played."""
        item = self._items.get(item_id)
        return item is not None and item.is_cut

    def is_heard(self, item_id: str) -> bool:
        """Say whether all that came of the item was heard."""
        item = self._items.get(item_id)
        return item is not None and not item.is_cut and item.heard_bytes == item.received_bytes

    def refuse(self, item_id: str, content_index: int) -> bool:
        """Cut an item of which nothing was sent. Returns: False when it was sent or cut before."""
        item = self._items.setdefault(item_id, PlayedItem(item_id, content_index))
        is_new = not item.is_cut and not item.received_bytes
        item.is_cut = item.is_cut or is_new
        return is_new

    def send(self, item_id: str, content_index: int, payload: str, clock_ms: int) -> list[Piece]:
        """Enter one delta of the model and give what goes to the carrier for it.

        `payload`: base64. Audio longer than 200 ms is cut, so that each stretch gets its mark.
        Returns: nothing for an item that was cut short. Raises: ValueError for bad base64.
        """
        audio = base64.b64decode(payload, validate=True)
        if not audio or self.is_cut(item_id):
            return []
        item = self._items.setdefault(item_id, PlayedItem(item_id, content_index))
        if len(audio) <= _MARK_BYTES:
            return self._enter(item, payload, len(audio), clock_ms)
        pieces: list[Piece] = []
        for start in range(0, len(audio), _MARK_BYTES):
            part = audio[start : start + _MARK_BYTES]
            text = base64.b64encode(part).decode()
            pieces += self._enter(item, text, len(part), clock_ms)
        return pieces

    def finish_item(self, item_id: str) -> list[Piece]:
        """Note that no more audio of the item comes: its last stretch gets its mark."""
        last = self._queue.segments[-1] if self._queue.segments else None
        if last is None or last.item_id != item_id or last.mark is not None:
            return []
        return [self._close(last)]

    def mark_echoed(self, mark: str, clock_ms: int) -> str:
        """Note that a mark came back: everything before it was played, or was cleared.

        Returns: the id of the item that was heard up to it; empty for a mark of an older
        generation, of a beginning, or never sent.
        """
        count = self._queue.count_up_to(mark)
        if count is None:
            self._note_cleared(mark, clock_ms)
            return ""
        self._queue.base_ms = clock_ms
        return self._hear(count)

    def forget_lost(self, clock_ms: int) -> None:
        """Count what must have been played long ago as heard: its marks were lost."""
        if self.lost_at_ms is not None and clock_ms >= self.lost_at_ms:
            self._hear(len(self._queue.segments))

    def queued_ms(self, clock_ms: int) -> int:
        """Say how much of what was sent is still to be played."""
        if not self._queue.segments:
            return 0
        return max(0, self._queue.length_ms - max(0, clock_ms - self._queue.base_ms))

    def interrupt(self, clock_ms: int) -> str:
        """Cut what is playing and what waits behind it; the next generation begins.

        Returns: the mark to be sent right behind the `clear`: its echo, given to `settle`, tells
        what was played until then. Empty, and nothing is to be sent, when nothing is playing.
        """
        if not self._queue.segments:
            return ""
        items = [self._items[item_id] for item_id in self.item_ids]
        for item in items:
            item.is_cut = True
        self.generation += 1
        mark = f"{self.generation}:clear"
        self._clearings[mark] = Clearing(self._queue, clock_ms, items)
        self._queue, self._marks, self._sent_at_ms = Queue(), 0, None
        return mark

    def settle(self, mark: str, clock_ms: int | None) -> list[Cut]:
        """Say what was heard of the items that an interruption has cut, in playing order.

        `clock_ms`: when the mark behind its `clear` came back; None when it did not, then the time
        of the interruption counts. Returns: nothing for any other mark, or a second time.
        Source: realtime.md, section 6.
        """
        clearing = self._clearings.pop(mark, None)
        if clearing is None:
            return []
        if clearing.queue.segments:
            self._hear_first(clearing.queue, clearing.at_ms if clock_ms is None else clock_ms)
        return [item.describe_cut() for item in clearing.items]

    def _enter(self, item: PlayedItem, payload: str, size: int, clock_ms: int) -> list[Piece]:
        segments = self._queue.segments
        last = segments[-1] if segments else None
        may_be_dry = self._sent_at_ms != clock_ms and self.queued_ms(clock_ms) <= _DRY_MS
        self._sent_at_ms = clock_ms
        pieces: list[Piece] = []
        if last is None or last.mark is not None or may_be_dry or not _fits(last, item, size):
            last, pieces = self._begin_segment(item, clock_ms, may_be_dry=may_be_dry)
        item.received_bytes += size
        last.own_bytes += size
        pieces.append(Piece(payload=payload))
        if last.own_bytes >= _MARK_BYTES:
            pieces.append(self._close(last))
        return pieces

    def _begin_segment(
        self, item: PlayedItem, clock_ms: int, *, may_be_dry: bool
    ) -> tuple[Segment, list[Piece]]:
        """Begin a stretch; a mark right before it, whatever it ends, is its beginning."""
        segments = self._queue.segments
        last = segments[-1] if segments else None
        segment = Segment(item.item_id)
        segments.append(segment)
        if last is None:
            self._queue.base_ms = clock_ms  # until its mark comes back and tells better
        if last is not None and last.mark is None:
            return segment, [self._close(last)]
        if last is not None and not may_be_dry:
            return segment, []
        segment.begin_mark = f"{self.generation}:{self._marks}b"
        return segment, [Piece(mark=segment.begin_mark)]

    def _close(self, segment: Segment) -> Piece:
        self._marks += 1
        segment.mark = f"{self.generation}:{self._marks}"
        return Piece(mark=segment.mark)

    def _hear(self, count: int) -> str:
        """Count the first segments as heard; give the last one's item."""
        item_id = ""
        for _ in range(count):
            segment = self._queue.segments.popleft()
            self._items[segment.item_id].heard_bytes += segment.own_bytes
            item_id = segment.item_id
        return item_id

    def _hear_first(self, queue: Queue, clock_ms: int) -> None:
        """Count of the first segment what was played by then, and drop it."""
        played = min(max(0, clock_ms - queue.base_ms) * _BYTES_PER_MS, queue.segments[0].own_bytes)
        self._items[queue.segments.popleft().item_id].heard_bytes += played
        queue.base_ms += played // _BYTES_PER_MS

    def _note_cleared(self, mark: str, clock_ms: int) -> None:
        """Follow a mark of a queue that is being cleared.

        It came because its audio was played, or because of the `clear`: only the clock tells which.
        What stands behind it cannot have begun any earlier.
        """
        for clearing in self._clearings.values():
            count = clearing.queue.count_up_to(mark)
            if count is None:
                continue
            for _ in range(count):
                self._hear_first(clearing.queue, clock_ms)
            clearing.queue.base_ms = clock_ms


def _fits(segment: Segment, item: PlayedItem, size: int) -> bool:
    return segment.item_id == item.item_id and segment.own_bytes + size <= _MARK_BYTES
