"""The watch over the event loop: it speaks of a loop that stands still, and of no other."""

import asyncio
import threading
from collections.abc import Mapping, Sequence

from structlog.testing import capture_logs

from foundation.loop_watch import LoopWatch


def stand_still(lines: Sequence[Mapping[str, object]]) -> None:
    """Hold the loop's thread up until the watch has spoken of it."""
    for _ in range(1_000):
        if lines:
            return
        threading.Event().wait(0.01)


async def timer(seconds: float) -> None:
    """Let the loop run until a timer of its own is due."""
    due = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, due.set)
    await due.wait()


async def test_a_blocked_loop_is_named_while_it_stands_still() -> None:
    with capture_logs() as lines, LoopWatch(blocked_s=0.1) as watch:
        assert not watch.was_blocked
        stand_still(lines)
        (blocked,) = lines
        assert blocked["event"] == "event_loop_blocked"
        assert "stand_still" in blocked["at"]
        assert watch.was_blocked


async def test_a_loop_that_runs_again_is_doubted_for_a_while() -> None:
    with capture_logs() as lines, LoopWatch(blocked_s=0.1, doubt_s=1.0) as watch:
        stand_still(lines)
        await timer(0.04)  # behind the watch's own, which is due
        assert lines[1]["event"] == "event_loop_runs_again"
        assert lines[1]["after_s"] >= 0.1
        assert watch.was_blocked
        async with asyncio.timeout(30):  # a machine that stands still prolongs it
            while watch.was_blocked:
                await timer(0.05)


async def test_a_loop_that_runs_is_left_in_peace() -> None:
    with capture_logs() as lines, LoopWatch(blocked_s=5) as watch:
        await asyncio.sleep(0)
    assert lines == []
    assert not watch.was_blocked
