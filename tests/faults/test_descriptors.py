"""F49: a Call Handler that is short of descriptors refuses new calls, before the dial."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.integration.handler_rig import running_handler, settings_of
from tests.integration.scripted_carrier import CREATED, answer, carrier


@contextmanager
def few_descriptors(free: int) -> Iterator[None]:
    """Let this process open only so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + free, hard))
    fillers: list[int] = []
    try:
        with suppress(OSError):
            while True:
                fillers.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(free):
            os.close(fillers.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)


async def test_f49_an_order_without_spare_descriptors_is_refused_before_the_dial(
    tmp_path: Path,
) -> None:
    async with (
        carrier(answer(201, CREATED)) as (book, _),
        running_handler(settings_of(tmp_path, book.url)) as handler,
    ):
        with few_descriptors(30):
            refused = await handler.order()
        assert (refused.status_code, refused.json()["error"]) == (429, "descriptors")
        assert book.requests == []
        assert (await handler.order()).status_code == 201
