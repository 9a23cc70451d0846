"""Whether the process may open more files and sockets: new work is refused before they run out."""

import os
from contextlib import ExitStack


def has_free_descriptors(count: int) -> bool:
    """Say whether `count` more descriptors could be opened, by opening them for a moment."""
    with ExitStack() as opened:
        try:
            for _ in range(count):
                opened.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return False
    return True
