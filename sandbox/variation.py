"""How one call differs from the next: which wording is taken, and how long a pause is."""

import random
from collections.abc import Sequence

_FRAME_MS = 20
_LEAST, _MOST = 0.6, 1.6


class Variation:
    """Makes the choices of one call. The same seed makes the same choices in the same order."""

    def __init__(self, seed: str | None = None, shop: str = "") -> None:
        """`seed`: None takes the first of all wordings and the mean of all pauses.

        `shop`: whose number was called, by the contacts; empty for a number without a name.
        """
        self.shop = shop
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - no secret

    def pick(self, phrasings: Sequence[str]) -> str:
        """Choose one of several wordings of a sentence."""
        return phrasings[0] if self._random is None else self._random.choice(phrasings)

    def pause_ms(self, mean: int) -> int:
        """Choose a pause around `mean` milliseconds, in whole frames of 20 ms."""
        if self._random is None:
            return mean
        return round(mean * self._random.uniform(_LEAST, _MOST) / _FRAME_MS) * _FRAME_MS
