"""Ids of the realtime service: a prefix, an underscore, letters and digits."""

import random
import string

_SIGNS = string.ascii_letters + string.digits


class ModelIds:
    """Mints ids; the same seed mints the same ones."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - must repeat, not be secret

    def mint(self, prefix: str) -> str:
        """Give a new id such as `item_` and 21 signs."""
        return prefix + "_" + "".join(self._random.choices(_SIGNS, k=21))
