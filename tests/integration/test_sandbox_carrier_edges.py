"""The carrier at its edges: fetched TwiML, the dial queue, deaths, half-open streams."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from sandbox.address_map import Address
from sandbox.callees import Step
from sandbox.carrier_faults import CarrierFaults, StreamFault
from sandbox.speech import SILENCE
from sandbox.world import CarrierSettings
from tests.integration.sandbox_carrier_rig import (
    ACCOUNT,
    ORCHESTRATOR,
    STREAM_URL,
    TOKEN,
    How,
    Rig,
    Talker,
    running_rig,
)

NOBODY_LISTENS = 1
STATUS = "/twilio/status/c1"
SAYS = "<Response><Say>One moment.</Say><Pause length='1'/></Response>"
STREAM_WITH_CALLBACK = (
    f'<Response><Connect><Stream url="{STREAM_URL}"'
    f' statusCallback="{ORCHESTRATOR}/twilio/stream/c1"/></Connect></Response>'
)


async def books(rig: Rig, kind: str) -> list[dict[str, object]]:
    await rig.world.ledger.settle()
    return [dict(line) for line in rig.lines(kind)]


async def test_a_url_is_fetched_signed_only_when_answered(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.documents["/voice"] = SAYS
        await rig.create(url=f"{ORCHESTRATOR}/voice", twiml="not even read")
        await rig.product.wait_for(4, STATUS)
        paths = [hook.path for hook in rig.product.webhooks]
        voice = (await rig.product.wait_for(1, "/voice"))[0]
        said = await books(rig, "say")
    assert paths.index("/voice") > paths.index(STATUS)
    assert voice.fields["CallStatus"] == "in-progress"
    signature = voice.headers["x-twilio-signature"]
    assert RequestValidator(TOKEN).validate(f"{ORCHESTRATOR}/voice", dict(voice.fields), signature)
    assert [line["text"] for line in said] == ["One moment."]


async def test_a_broken_url_falls_back(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.documents["/spare"] = SAYS
        rig.product.statuses["/voice"] = [500]
        await rig.create(url=f"{ORCHESTRATOR}/voice", fallback_url=f"{ORCHESTRATOR}/spare")
        await rig.product.wait_for(4, STATUS)
        fetched = [(line["answer"], line.get("error")) for line in await books(rig, "webhook")]
    assert fetched == [(500, 11200), (200, None)]


@pytest.mark.parametrize("document", ["<Response><Dial/></Response>", "no xml"])
async def test_a_document_that_does_not_parse_ends_the_call(tmp_path: Path, document: str) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.documents["/voice"] = document
        await rig.create(url=f"{ORCHESTRATOR}/voice")
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
        errors = [line["error"] for line in await books(rig, "webhook")]
    assert (last["CallStatus"], errors) == ("completed", [12100])


async def test_stream_callbacks_tell_the_start_and_the_end(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=5)) as rig:
        await rig.create(twiml=STREAM_WITH_CALLBACK)
        hooks = await rig.product.wait_for(2, "/twilio/stream/c1")
    assert {hook.fields["StreamEvent"] for hook in hooks} == {"stream-started", "stream-stopped"}
    assert len({hook.fields["StreamSid"] for hook in hooks}) == 1
    assert all("StreamError" not in hook.fields for hook in hooks)


async def close_normally(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.close()


async def die(socket: ServerConnection) -> None:
    await socket.recv()
    socket.transport.abort()


@pytest.mark.parametrize("leave", [close_normally, die])
async def test_the_products_end_of_a_stream_is_31921_and_the_next_verb(
    tmp_path: Path, leave: Callable[[ServerConnection], Awaitable[None]]
) -> None:
    twiml = STREAM_WITH_CALLBACK.replace("</Response>", "<Say>Sorry.</Say></Response>")
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.handle_stream = leave
        await rig.create(twiml=twiml)
        hooks = await rig.product.wait_for(2, "/twilio/stream/c1")
        await rig.product.wait_for(4, STATUS)
        said = await books(rig, "say")
    errors = [hook.fields["StreamError"] for hook in hooks if "StreamError" in hook.fields]
    assert [error[:5] for error in errors] == ["31921"]
    assert [line["text"] for line in said] == ["Sorry."]


async def test_a_dead_replica_of_the_redirect_ends_the_call(tmp_path: Path) -> None:
    redirect = "<Redirect>https://nowhere.ringback.test/after-stream/c1</Redirect></Response>"
    twiml = STREAM_WITH_CALLBACK.replace("</Response>", redirect)
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        rig.product.handle_stream = die
        await rig.create(twiml=twiml)
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
        errors = [line["error"] for line in await books(rig, "webhook")]
    assert (last["CallStatus"], errors) == ("completed", [11210])


async def test_beside_a_dead_replica_the_other_gets_every_request_and_the_stream(
    tmp_path: Path,
) -> None:
    frames = [SILENCE] * 5
    beside_a_dead_one = How(dead=(Address("127.0.0.1", NOBODY_LISTENS),))
    callee = partial(Talker, frames, hang_up_at=4)
    async with running_rig(tmp_path, callee, how=beside_a_dead_one) as rig:
        await rig.create()
        hooks = await rig.product.wait_for(4, STATUS)
        async with asyncio.timeout(30):
            while len(attempts := await books(rig, "callback")) < len(hooks):
                pass  # it is written down when the answer has come
        opened = await books(rig, "stream_opened")
    assert [hook.fields["CallStatus"] for hook in hooks][-1] == "completed"
    assert (len(attempts), len(opened)) == (4, 1)


async def test_a_half_open_stream_sends_nothing_and_the_call_lives_on(tmp_path: Path) -> None:
    faults = CarrierFaults(stream=StreamFault.SILENT, stream_fault_at_ms=100)
    events: list[str] = []

    async def listen(socket: ServerConnection) -> None:
        try:
            async for text in socket:
                event = json.loads(text)["event"]
                events.append(event)
        except ConnectionClosed:
            events.append("reset")

    async with running_rig(tmp_path, lambda: Talker([]), faults=faults) as rig:
        rig.product.handle_stream = listen
        await rig.create(time_limit=10)
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
    assert events[:7] == ["connected", "start", *["media"] * 5]
    assert "stop" not in events
    assert (last["CallStatus"], last["CallDuration"]) == ("completed", "10")


async def test_a_stream_that_never_opens_leaves_an_answered_call(tmp_path: Path) -> None:
    faults = CarrierFaults(stream=StreamFault.NEVER_OPENED)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=50), faults=faults) as rig:
        await rig.create()
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
        opened = await books(rig, "stream_opened")
    assert (last["CallStatus"], last["CallDuration"], opened) == ("completed", "1", [])


async def test_creates_above_the_rate_are_queued_and_placed_in_turn(tmp_path: Path) -> None:
    settings = CarrierSettings(ACCOUNT, TOKEN, calls_per_s=1)
    async with running_rig(tmp_path, lambda: Talker([]), how=How(2, settings)) as rig:
        sids = [await rig.create(status_callback_event=["initiated"]) for _ in range(3)]
        calls = [rig.world.book.find(sid) for sid in sids]
        hooks = await rig.product.wait_for(3, STATUS)
    # On a slow machine the later ones are made later, and wait less.
    placed_s = [call.made + call.queue_ms / 1_000 for call in calls if call is not None]
    assert len(placed_s) == 3
    assert all(later - earlier > 0.5 for earlier, later in pairwise(placed_s))
    assert [hook.fields["CallSid"] for hook in hooks] == sids


@pytest.mark.parametrize(("answer", "status"), [(21220, 400), (20404, 404)])
async def test_the_answer_to_a_late_hang_up_can_be_chosen(
    tmp_path: Path, answer: int, status: int
) -> None:
    faults = CarrierFaults(hang_up_of_ended=answer)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        sid = await rig.create()
        await rig.product.wait_for(4, STATUS)
        with pytest.raises(TwilioRestException) as refused:
            await asyncio.to_thread(lambda: rig.client().calls(sid).update(status="completed"))
    assert (refused.value.status, refused.value.code) == (status, answer)


async def test_a_late_hang_up_can_be_answered_with_the_unchanged_call(tmp_path: Path) -> None:
    faults = CarrierFaults(hang_up_of_ended=200)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        sid = await rig.create()
        await rig.product.wait_for(4, STATUS)
        call = await asyncio.to_thread(lambda: rig.client().calls(sid).update(status="completed"))
    assert call.status == "completed"


async def test_a_shared_key_signs_with_sha256_and_says_so(tmp_path: Path) -> None:
    settings = CarrierSettings(ACCOUNT, TOKEN, shared_key="12345", calls_per_s=100)
    async with running_rig(
        tmp_path, lambda: Talker([], hang_up_at=1), how=How(settings=settings)
    ) as rig:
        await rig.create()
        hook = (await rig.product.wait_for(4, STATUS))[0]
    said = hook.headers["x-twilio-webhooks-signature-settings"]
    assert said.endswith("algorithm=HMAC_SHA256")
    assert len(hook.headers["x-twilio-signature"]) == 44


async def test_an_unknown_path_is_twilios_404(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{rig.ports.carrier}/2010-04-01/Nothing.json")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_a_callee_that_breaks_ends_its_call_as_failed(tmp_path: Path) -> None:
    class Broken(Talker):
        def step(self, heard: bytes) -> Step:
            raise ValueError(len(heard))

    async with running_rig(tmp_path, lambda: Broken([])) as rig:
        await rig.create()
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
    assert last["CallStatus"] == "failed"
