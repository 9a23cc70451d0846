"""Processes for work that only computes: they take what time the parts of a run leave over."""

import logging
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import structlog

_LEAST_URGENT = 19


@contextmanager
def spare_workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """Open `count` processes of the lowest priority; work in virtual time is none the wiser."""
    spawn = multiprocessing.get_context("spawn")  # a process that has spoken gRPC must not fork
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=step_back) as workers:
        yield workers


def step_back() -> None:
    """Make this process the least urgent one; what dies in it on purpose is not told."""
    os.nice(_LEAST_URGENT)
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=silent)
