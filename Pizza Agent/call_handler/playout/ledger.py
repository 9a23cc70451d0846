"""What the callee has really heard: the ledger of audio that was sent and of the marks come back.

The model speaks faster than real time, so "sent" is not "heard". All times are milliseconds on the
carrier's media clock, never wall time. 8 bytes of u-law are 1 ms. Marks tell when something
happened at the carrier; their echoes travel the same way as its clock, so that no delay on the way
counts as heard: `<generation>:<n>` follows a stretch of audio, `<generation>:<n>b` goes before one
that may meet an empty queue: it tells its beginning. `<generation>:<n>e` follows the first 60 ms
of such a one, in case they were torn apart, and `<generation>:clear` follows a `clear`.
"""

import base64

from call_handler.playout.records import (
    BYTES_PER_MS,
    Clearing,
    Cut,
    Piece,
    PlayedItem,
    Queue,
    Segment,
)

MARK_MS = 200
"""Marks are at most so far apart."""
CLEAR_MS = 5_000
"""So long the echo behind a `clear` is waited for; then the clock of the interruption counts."""
LOST_MS = 5_000
"""Audio that must have been played so long ago was played, although its mark never came."""
_DRY_MS = 400  # less than that is in the queue: it may be empty when more arrives there
# A model that speaks just in time never fills the queue, and a mark for each of its deltas of 20 ms
# would be half of the media's messages. While it speaks without a gap every second one is enough:
# between them the clock tells, which on a bad line errs by a frame more.
_FRAME_MS = 20
_DRY_BYTES = _FRAME_MS * BYTES_PER_MS
_MARK_BYTES = MARK_MS * BYTES_PER_MS
_BEGIN_BYTES = 60 * BYTES_PER_MS  # a beginning is sure as soon as its first stretch was played


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
        is_begin = self._may_be_dry(clock_ms)
        if len(audio) <= self._room(is_begin=is_begin):
            return self._enter(item, payload, len(audio), is_begin, clock_ms)
        pieces: list[Piece] = []
        while audio:
            is_begin = self._may_be_dry(clock_ms)
            room = self._room(is_begin=is_begin)
            part, audio = audio[:room], audio[room:]
            text = base64.b64encode(part).decode()
            pieces += self._enter(item, text, len(part), is_begin, clock_ms)
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
        item_id = self._hear(self._queue, count)
        self._queue.base_ms = clock_ms
        return item_id

    def forget_lost(self, clock_ms: int) -> None:
        """Count what must have been played long ago as heard: its marks were lost."""
        if self.lost_at_ms is not None and clock_ms >= self.lost_at_ms:
            self._hear(self._queue, len(self._queue.segments))

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
        self._clear(clearing, clearing.at_ms if clock_ms is None else clock_ms)
        return [item.describe_cut() for item in clearing.items]

    def _may_be_dry(self, clock_ms: int) -> bool:
        is_later = self._sent_at_ms != clock_ms or not self._queue.segments
        return is_later and self.queued_ms(clock_ms) <= _DRY_MS

    def _room(self, *, is_begin: bool) -> int:
        """Say how many bytes the next stretch may have."""
        if is_begin:
            return _BEGIN_BYTES
        last = self._queue.segments[-1] if self._queue.segments else None
        is_behind = last is not None and last.is_begin and last.own_bytes == _BEGIN_BYTES
        return _MARK_BYTES - _BEGIN_BYTES if is_behind else _MARK_BYTES

    def _enter(
        self, item: PlayedItem, payload: str, size: int, is_begin: bool, clock_ms: int
    ) -> list[Piece]:
        segments = self._queue.segments
        last = segments[-1] if segments else None
        pieces: list[Piece] = []
        is_gap = is_begin and clock_ms - (self._sent_at_ms or 0) > _FRAME_MS
        if last is None or last.mark or is_gap or not _fits(last, item, size, is_begin):
            room = self._room(is_begin=is_begin)
            segment = Segment(item.item_id, room, is_begin, min(room, size + _DRY_BYTES))
            last, pieces = segment, self._append(segment, clock_ms)
        self._sent_at_ms = clock_ms
        item.received_bytes += size
        last.own_bytes += size
        self._queue.all_bytes += size
        pieces.append(Piece(payload=payload))
        if last.own_bytes >= last.most_bytes:
            pieces.append(self._close(last))
        return pieces

    def _append(self, segment: Segment, clock_ms: int) -> list[Piece]:
        """Begin a stretch; a mark right before it, whatever it ends, is its beginning."""
        segments = self._queue.segments
        last = segments[-1] if segments else None
        segments.append(segment)
        if last is None:
            self._queue.base_ms = clock_ms  # until its mark comes back and tells better
        if last is not None and last.mark is None:
            return [self._close(last)]
        if not segment.is_begin:
            return []
        segment.begin_mark = f"{self.generation}:{self._marks}b"
        return [Piece(mark=segment.begin_mark)]

    def _close(self, segment: Segment) -> Piece:
        if segment.is_begin and segment.own_bytes == _BEGIN_BYTES:
            segment.mark = f"{self.generation}:{self._marks}e"
        else:
            self._marks += 1
            segment.mark = f"{self.generation}:{self._marks}"
        return Piece(mark=segment.mark)

    def _hear(self, queue: Queue, count: int, until_ms: int | None = None) -> str:
        """Count the first segments as heard; with `until_ms` only what was played by then.

        Returns: the item of the last one.
        """
        item_id = ""
        for _ in range(count):
            segment = queue.segments.popleft()
            queue.all_bytes -= segment.own_bytes
            item_id, heard = segment.item_id, segment.own_bytes
            if until_ms is not None:
                heard = min(heard, max(0, until_ms - queue.base_ms) * BYTES_PER_MS)
                queue.base_ms += heard // BYTES_PER_MS
            self._items[item_id].heard_bytes += heard
        return item_id

    def _note_cleared(self, mark: str, clock_ms: int) -> None:
        """Keep a mark of a queue that is being cleared, until it is known when it was."""
        for clearing in self._clearings.values():
            if clearing.queue.count_up_to(mark) is not None:
                clearing.echoes.append((mark, clock_ms))

    def _clear(self, clearing: Clearing, until_ms: int) -> None:
        """Count what was played until a `clear` took effect.

        A mark that came back before was played up to. One that came back then may have been cleared
        as well: the clock tells which. What stands behind a mark cannot have begun before it.
        """
        queue = clearing.queue
        for mark, at_ms in clearing.echoes:
            count = queue.count_up_to(mark)
            if count is not None:
                self._hear(queue, count, until_ms if at_ms >= until_ms else None)
                queue.base_ms = min(at_ms, until_ms)
        self._hear(queue, len(queue.segments), until_ms)


def _fits(segment: Segment, item: PlayedItem, size: int, is_begin: bool) -> bool:
    most_bytes = segment.dry_bytes if is_begin else segment.most_bytes
    return segment.item_id == item.item_id and segment.own_bytes + size <= most_bytes
