"""The carrier's doubles and waits: a second stream, frames counted, a long queue."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from sandbox.carrier_faults import CarrierFaults, StreamFault
from tests.integration.sandbox_carrier_rig import NUMBER, Rig, Talker, running_rig
from tests.integration.sandbox_stream_end import Speaker, audio
from tests.integration.test_sandbox_carrier_stream import HELLO


async def ended(rig: Rig) -> None:
    """Wait for the end of the call, and for its books."""
    await rig.product.wait_for(4, "/twilio/status/")
    await rig.world.ledger.settle()


async def test_the_books_count_the_frames_of_both_sides(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker(HELLO, hang_up_at=24)) as rig:
        rig.product.handle_stream = Speaker(audio(b"\x01" * 800), audio(b"\x02" * 161))
        await rig.create()
        await ended(rig)
        (closed,) = rig.lines("stream_closed")
    assert (closed["frames_sent"], closed["frames_received"]) == (25, 6)


async def test_a_stream_is_opened_twice_with_the_same_address(tmp_path: Path) -> None:
    paths: list[str] = []

    async def refuse_the_second(socket: ServerConnection) -> None:
        assert socket.request is not None
        paths.append(socket.request.path)
        if len(paths) > 1:
            await socket.close(1008)
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass

    faults = CarrierFaults(stream=StreamFault.OPENED_TWICE, stream_fault_at_ms=100)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=50), faults=faults) as rig:
        rig.product.handle_stream = refuse_the_second
        await rig.create()
        await ended(rig)
        second, closed = rig.lines("second_stream"), rig.lines("stream_closed")
    assert paths == ["/media-stream/c1/t1"] * 2
    assert [line["close_code"] for line in second] == [1008]
    assert [line["by"] for line in closed] == ["carrier"]


async def test_a_call_waits_in_the_queue_and_then_rings(tmp_path: Path) -> None:
    faults = CarrierFaults(queued_s=4.0)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await rig.create()
        await rig.product.wait_for(1, "/twilio/status/")
        waited_s = loop.time() - begin
        await ended(rig)
        (create,) = rig.lines("create")
    assert waited_s >= 4.0 / 20
    assert create["queue_ms"] == 4_000


async def test_a_binding_orders_faults_for_the_calls_to_a_number(tmp_path: Path) -> None:
    async with (
        running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports.control}") as door,
    ):
        carrier = {"callbacks_lost": ["ringing"], "create": "duplicate_ring_error"}
        body = {"number": NUMBER, "scenario": "order_taken", "count": 1, "carrier": carrier}
        assert (await door.post("/control/bind", json=body)).status_code == 200
        with pytest.raises(TwilioRestException):
            await rig.create()
        await rig.product.wait_for(6, "/twilio/status/")
        await rig.world.ledger.settle()
        creates, lost = rig.lines("create"), [li for li in rig.lines("callback") if "lost" in li]
    assert [line["answer"] for line in creates] == [500, 500]
    assert [line["twin_of"] for line in creates] == [None, creates[0]["call_sid"]]
    assert [line["event"] for line in lost] == ["ringing"] * 2
