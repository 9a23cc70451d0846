"""Processes for work that only computes: they take what time the parts of a run leave over."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

_LEAST_URGENT = 19


@contextmanager
def spare_workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """Open `count` processes of the lowest priority; work in virtual time is none the wiser."""
    spawn = multiprocessing.get_context("spawn")  # a process that has spoken gRPC must not fork
    with ProcessPoolExecutor(
        count, mp_context=spawn, initializer=os.nice, initargs=(_LEAST_URGENT,)
    ) as workers:
        yield workers
