"""What the ledger of audio is made of: stretches, items, and the carrier's queue as we know it."""

from collections import deque
from dataclasses import dataclass, field

BYTES_PER_MS = 8


@dataclass(slots=True)
class Segment:
    """A stretch of one item's audio up to its mark; `mark` is None while it is still growing.

    `most_bytes`: how long it may grow. `is_begin`: the queue may be empty when it gets there;
    `begin_mark` goes before it then, unless the end of the stretch before does. `dry_bytes`: how
    long it may grow by sound that may find the queue empty, too.
    """

    item_id: str
    most_bytes: int
    is_begin: bool
    dry_bytes: int = 0
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
        heard = min(self.heard_bytes, self.received_bytes) // BYTES_PER_MS
        received = self.received_bytes // BYTES_PER_MS
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
    all_bytes: int = 0
    """The sum of its segments: it is looked at with every delta."""

    @property
    def length_ms(self) -> int:
        """Give the length of all that is in it."""
        return self.all_bytes // BYTES_PER_MS

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

    `at_ms`: when we sent the `clear`. `items`: those that it cuts, in playing order. `echoes`: its
    marks that have come back since, with their times.
    """

    queue: Queue
    at_ms: int
    items: list[PlayedItem]
    echoes: list[tuple[str, int]] = field(default_factory=list)
