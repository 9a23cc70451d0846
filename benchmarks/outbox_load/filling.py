"""Fills an outbox with results that wait, as a reporter does whose server is away."""

import asyncio
from pathlib import Path

from benchmarks.report_load.payload import sample_result
from call_reporter import ReporterOptions
from call_reporter.outbox import Outbox

_AT_ONCE = 1_000


async def fill_outbox(path: Path, count: int) -> None:
    """Write `count` results into a new outbox, each of another call."""
    outbox = Outbox(path, ReporterOptions())
    await outbox.open()
    try:
        for first in range(0, count, _AT_ONCE):
            results = [sample_result(number) for number in range(first, first + _AT_ONCE)]
            await asyncio.gather(
                *(
                    outbox.put_outcome(result.call_sid, result)
                    for result in results[: count - first]
                )
            )
    finally:
        await outbox.close()
