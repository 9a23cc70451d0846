"""The loop whose time is virtual, and the deaths that nobody sees coming."""

import asyncio

import pytest

from tests.simulation.virtual_time import Deadlock, Process, VirtualLoop


@pytest.fixture
def loop() -> VirtualLoop:
    return VirtualLoop()


def test_a_day_passes_at_once(loop: VirtualLoop) -> None:
    loop.run_until_complete(asyncio.sleep(86_400.0))

    assert loop.time() == 86_400.0
    loop.bury()


def test_a_killed_process_runs_no_finally(loop: VirtualLoop) -> None:
    process, seen = Process("h1"), []

    async def work() -> None:
        try:
            await asyncio.sleep(10.0)
        finally:
            seen.append("finally")

    loop.spawn(work(), process)

    def kill() -> None:
        process.is_alive = False

    loop.call_later(1.0, kill)
    loop.run_until_complete(asyncio.sleep(100.0))

    assert not seen
    loop.bury()


def test_a_frozen_process_goes_on_where_it_stood(loop: VirtualLoop) -> None:
    process, seen = Process("h1"), []

    async def work() -> None:
        await asyncio.sleep(1.0)
        seen.append(loop.time())

    loop.spawn(work(), process)
    process.is_frozen = True
    loop.call_later(30.0, loop.thaw, process)
    loop.run_until_complete(asyncio.sleep(100.0))

    assert seen == [31.0]
    loop.bury()


def test_what_can_never_go_on_is_told(loop: VirtualLoop) -> None:
    with pytest.raises(Deadlock):
        loop.run_until_complete(loop.create_future())
    loop.bury()
