"""The outbox's time: stamps by the wall clock, and an age that no jump of it makes longer."""

from collections import deque

from call_reporter.options import Clock

_US = 1_000_000
_NOTICED_S = 1.0  # less is the clock being corrected, as it is all the time


class Stamps:
    """Stamps rows, and says which stamps are older than `keep_s` whatever the wall clock did.

    It takes the clock for right at its start; every stamp looks whether it has jumped since.
    """

    def __init__(self, clock: Clock, keep_s: float) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._wall_s = clock.now().timestamp()
        self._monotonic_s = clock.monotonic()
        self._leaps: deque[tuple[float, float]] = deque()  # (monotonic, by how much), oldest first

    def now(self) -> int:
        """Stamp a row: microseconds since the epoch by the wall clock."""
        self._look()
        return int(self._wall_s * _US)

    def settled_before(self) -> int:
        """Give the stamp before which every row has been here for `keep_s`.

        A row looks too old by what the clock leapt forward since; the leaps of the last `keep_s`
        are all that a younger one can have seen.
        """
        self._look()
        while self._leaps and self._monotonic_s - self._leaps[0][0] >= self._keep_s:
            self._leaps.popleft()
        return int((self._wall_s - self._keep_s - sum(by_s for _, by_s in self._leaps)) * _US)

    def _look(self) -> None:
        wall_s, monotonic_s = self._clock.now().timestamp(), self._clock.monotonic()
        leap_s = (wall_s - self._wall_s) - (monotonic_s - self._monotonic_s)
        if leap_s > _NOTICED_S:
            self._leaps.append((monotonic_s, leap_s))
        self._wall_s, self._monotonic_s = wall_s, monotonic_s
