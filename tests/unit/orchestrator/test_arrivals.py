"""Who is woken by which commit, and that nobody sleeps through one that may concern them."""

import asyncio

import pytest

from orchestrator.store.arrivals import Arrivals

NEVER_S = 60.0


async def waiting(arrivals: Arrivals, after: int, about: str = "") -> asyncio.Task[None]:
    """Start to wait, and be at it."""
    task = asyncio.create_task(arrivals.wait(after, NEVER_S, about))
    await turns()
    return task


async def turns() -> None:
    """Let all that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_commit_wakes_those_whom_it_concerns_and_nobody_else() -> None:
    arrivals = Arrivals(0)
    mine, others, all_events = [await waiting(arrivals, 0, about) for about in ("a", "b", "")]
    arrivals.note(1, {"a", "turn"})
    await turns()
    assert (mine.done(), others.done(), all_events.done()) == (True, False, True)
    arrivals.note(2, {"b"})
    await asyncio.wait_for(others, 1)


async def test_what_came_before_the_wait_is_not_waited_for() -> None:
    arrivals = Arrivals(0)
    arrivals.note(1, {"a"})
    arrivals.note(2, {"b"})
    await asyncio.wait_for(arrivals.wait(0, NEVER_S, "a"), 1)
    too_late = await waiting(arrivals, 1, "a")
    assert not too_late.done()
    too_late.cancel()


@pytest.mark.parametrize("since", [0, 7])
async def test_commits_of_others_may_be_about_anything(since: int) -> None:
    arrivals = Arrivals(5)
    mine = await waiting(arrivals, 5, "a")
    arrivals.note(8, {"b"} if since else None, since)
    await asyncio.wait_for(mine, 1)


async def test_what_nobody_remembers_may_be_about_anything() -> None:
    arrivals = Arrivals(0)
    for newest in range(1, 1_000):
        arrivals.note(newest, {"b"})
    await asyncio.wait_for(arrivals.wait(1, NEVER_S, "a"), 1)
    recent = await waiting(arrivals, 998, "a")
    assert not recent.done()
    recent.cancel()


async def test_everybody_hears_that_events_are_gone() -> None:
    arrivals = Arrivals(9)
    mine = await waiting(arrivals, 9, "a")
    arrivals.set_back(3)
    await asyncio.wait_for(mine, 1)
    assert arrivals.newest_event == 3
    again = await waiting(arrivals, 3, "a")
    arrivals.note(4, {"a"})
    await asyncio.wait_for(again, 1)


async def test_a_wait_ends_by_itself() -> None:
    await asyncio.wait_for(Arrivals(0).wait(0, 0.01, "a"), 1)
