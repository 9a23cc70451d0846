"""The book of calls that a stopping service waits for."""

import asyncio

from foundation.drain import Drain


async def is_idle(drain: Drain) -> bool:
    waiting = asyncio.ensure_future(drain.wait_idle())
    await asyncio.sleep(0)
    idle = waiting.done()
    waiting.cancel()
    return idle


async def test_without_calls_there_is_nothing_to_wait_for() -> None:
    assert await is_idle(Drain())


async def test_a_dialled_call_is_waited_for_until_its_stream_is_over() -> None:
    drain = Drain()
    drain.expect("c1", 60)
    drain.confirm("c1", 60, "CA1")
    assert drain.expected() == {"c1": "CA1"}
    drain.enter("c1")
    assert (drain.live, drain.busy, drain.expected()) == (1, 1, {})
    assert not await is_idle(drain)
    drain.leave("c1")
    assert (drain.live, drain.busy) == (0, 0)
    assert await is_idle(drain)


async def test_a_dialled_call_is_waited_for_no_longer_than_it_can_ring() -> None:
    drain = Drain()
    drain.expect("c1", 0.0)
    async with asyncio.timeout(30):
        await drain.wait_idle()
    assert drain.busy == 0


async def test_a_call_that_was_over_before_its_dial_was_answered_is_not_waited_for() -> None:
    drain = Drain()
    drain.expect("c1", 60)
    drain.enter("c1")
    drain.leave("c1")
    drain.confirm("c1", 60, "CA1")
    assert await is_idle(drain)


async def test_a_refused_call_is_forgotten() -> None:
    drain = Drain()
    drain.expect("c1", 60)
    drain.forget("c1")
    drain.forget("c1")
    assert await is_idle(drain)


async def test_one_call_of_two_keeps_the_service_up() -> None:
    drain = Drain()
    drain.enter("c1")
    drain.enter("c2")
    drain.leave("c1")
    assert not await is_idle(drain)


async def test_beginning_refuses_new_orders_and_nothing_else() -> None:
    drain = Drain()
    drain.begin()
    assert drain.draining
    assert not drain.stopping.is_set()
