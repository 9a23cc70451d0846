"""What became of the frames of one direction: how long each was under way, which are missing."""

from array import array

import numpy as np

from sandbox.light.frames import read_stamp

_NS_PER_MS = 1_000_000


class Flow:
    """Counts the frames of all calls in one direction; keeps the delays of a window."""

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.lost = 0
        """Frames that never came although a later one of the same call did."""
        self.altered = 0
        """Frames of which a byte is another, of another call, or come again."""
        self.delays_ns = array("Q")

    def begin_window(self) -> None:
        """Keep delays from now on; what is counted is counted from the start."""
        self.delays_ns = array("Q")

    def facts(self) -> dict[str, float]:
        """Give the counts, and the window's spans from sending to receiving in ms."""
        delays = np.frombuffer(self.delays_ns, dtype=np.uint64) / _NS_PER_MS
        spans = np.percentile(delays, (50, 90, 99, 100)) if delays.size else np.zeros(4)
        names = ("p50_ms", "p90_ms", "p99_ms", "worst_ms")
        return {
            "sent": self.sent,
            "received": self.received,
            "lost": self.lost,
            "altered": self.altered,
            "in_window": len(self.delays_ns),
            **{name: round(float(span), 3) for name, span in zip(names, spans, strict=True)},
        }


class Track:
    """Follows the frames of one call in one direction at their receiver."""

    def __init__(self, flow: Flow, tag: int, side: int) -> None:
        self._flow = flow
        self._whose = (tag, side)
        self._expected = 1

    def take(self, payload: bytes, now_ns: int) -> None:
        """Take a frame (base64) that came in at `now_ns` of the monotonic clock."""
        stamp = read_stamp(payload)
        if stamp is None or stamp[:2] != self._whose or stamp.number < self._expected:
            self._flow.altered += 1
            return
        self._flow.received += 1
        self._flow.lost += stamp.number - self._expected
        self._expected = stamp.number + 1
        self._flow.delays_ns.append(max(0, now_ns - stamp.sent_ns))
