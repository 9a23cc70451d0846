"""Nothing of a call is left soon after its end, however it ended: no socket, no task."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.unit.call_handler.call_peers import (
    CarrierStream,
    ModelSession,
    order_is_taken,
    reset,
    talk_starts,
    until_heard,
)
from tests.unit.call_handler.call_rig import CallRig, call_rig

FEW = 4
MANY = 34  # of each of six endings: 204 in all
how_many = pytest.mark.parametrize("calls", [FEW, pytest.param(MANY, marks=pytest.mark.chaos)])
PATIENCE_S = 20.0
"""What is left then is left for ever; how soon sessions close is in docs/conversation.md."""
End = Callable[[CallRig, CarrierStream], Awaitable[None]]


async def hang_up(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    await stream.stop()


async def cut(rig: CallRig, stream: CarrierStream) -> None:
    del rig
    reset(stream.socket)


async def lose_the_model(rig: CallRig, stream: CarrierStream) -> None:
    del stream
    rig.model.sessions[-1].socket.transport.abort()


async def cancel(rig: CallRig, stream: CarrierStream) -> None:
    rig.orchestrator.cancel = True
    heard = rig.model.sessions[-1].heard
    while not any(event["type"] == "response.create" for event in heard):
        await stream.frames(1)
        await asyncio.wait(ours(), timeout=0.01)
    await stream.stop()  # in the middle of the goodbye


async def stop_the_service(rig: CallRig, stream: CarrierStream) -> None:
    del stream
    rig.door.drain.stopping.set()


def ours() -> set[asyncio.Task[object]]:
    """List the tasks that run, but for those of the gRPC server that plays the Orchestrator."""
    return {task for task in asyncio.all_tasks() if "AioServer" not in repr(task)}


async def nothing_left(rig: CallRig, before: set[asyncio.Task[object]]) -> None:
    """Wait until nothing is left of the calls."""
    async with asyncio.timeout(PATIENCE_S):
        await rig.settled()
        while rig.model.open or ours() - before:
            await asyncio.wait(ours(), timeout=0.01)


@how_many
@pytest.mark.parametrize("end", [hang_up, cut, lose_the_model, cancel, stop_the_service])
async def test_nothing_is_left_soon_after_the_end(end: End, calls: int, tmp_path: Path) -> None:
    async with call_rig(tmp_path, talk_starts) as rig:
        before = ours()
        for _ in range(calls):
            rig.door.drain.stopping.clear()
            rig.orchestrator.cancel = False
            async with rig.stream() as stream:
                await stream.start()
                await stream.frames(5)
                await until_heard(stream)
                await end(rig, stream)
                await stream.socket.wait_closed()
        await nothing_left(rig, before)


@how_many
async def test_nothing_is_left_of_a_call_that_the_agent_ends(calls: int, tmp_path: Path) -> None:
    async with call_rig(tmp_path, order_is_taken) as rig:
        before = ours()
        for _ in range(calls):
            async with rig.stream() as stream:
                await stream.start()
                await stream.frames(5)
                await stream.echo_marks()
        await nothing_left(rig, before)


async def test_a_model_that_never_answers_the_close_is_left_behind(tmp_path: Path) -> None:
    async def hears_nothing(session: ModelSession) -> None:
        session.socket.transport.pause_reading()
        is_deaf.set()
        await session.until_closed()

    is_deaf = asyncio.Event()
    async with call_rig(tmp_path, hears_nothing) as rig:
        before = ours()
        async with rig.stream() as stream:
            await stream.start()
            await stream.frames(5)
            await is_deaf.wait()
            await stream.stop()
            await stream.socket.wait_closed()
        async with asyncio.timeout(PATIENCE_S):
            await rig.settled()
        rig.model.sessions[-1].socket.transport.abort()
        await nothing_left(rig, before)
