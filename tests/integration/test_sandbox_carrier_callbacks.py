"""Status callbacks as they arrive: order, signature, retries, and the ways they are spoilt."""

import asyncio
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from sandbox.carrier_faults import CarrierFaults
from sandbox.scenario import RingPlan
from tests.integration.sandbox_carrier_rig import ORCHESTRATOR, TOKEN, How, Rig, Talker, running_rig

STATUS = "/twilio/status/c1"
SAYS_GOODBYE = "<Response><Say>Goodbye.</Say></Response>"


async def statuses(rig: Rig, count: int) -> list[str]:
    hooks = await rig.product.wait_for(count, STATUS)
    return [hook.fields["CallStatus"] for hook in hooks]


async def test_four_events_come_numbered_and_the_last_has_the_duration(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=100), how=How(factor=10)) as rig:
        sid = await rig.create()
        hooks = await rig.product.wait_for(4, STATUS)
    by_number = {hook.fields["SequenceNumber"]: hook.fields for hook in hooks}
    words = [by_number[str(n)]["CallStatus"] for n in range(4)]
    assert words == ["initiated", "ringing", "in-progress", "completed"]
    last = by_number["3"]
    assert (last["CallSid"], last["CallDuration"], last["Duration"]) == (sid, "2", "1")
    assert last["SipResponseCode"] == "200"


async def test_a_callback_is_signed_over_its_public_url_without_the_fragment(
    tmp_path: Path,
) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        await rig.create()
        hook = (await rig.product.wait_for(4, STATUS))[0]
    validator = RequestValidator(TOKEN)
    signature = hook.headers["x-twilio-signature"]
    assert validator.validate(f"{ORCHESTRATOR}{STATUS}", dict(hook.fields), signature)
    assert hook.headers["host"] == "orchestrator.ringback.test"
    assert hook.headers["user-agent"] == "TwilioProxy/1.1"


async def test_only_completed_is_sent_and_numbered_0_by_default(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        await rig.create(status_callback_event=["completed"])
        hooks = await rig.product.wait_for(1, STATUS)
    assert [hook.fields["SequenceNumber"] for hook in hooks] == ["0"]


async def test_with_the_fragment_an_error_is_tried_again_with_the_same_token(
    tmp_path: Path,
) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        rig.product.statuses[STATUS] = [500, 500]
        await rig.create(status_callback_event=["completed"])
        hooks = await rig.product.wait_for(3, STATUS)
    assert len({hook.headers["i-twilio-idempotency-token"] for hook in hooks}) == 1


async def test_without_a_fragment_an_error_loses_the_event(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        rig.product.statuses[STATUS] = [500]
        url = f"{ORCHESTRATOR}{STATUS}"
        await rig.create(status_callback=url, status_callback_event=["ringing", "completed"])
        words = await statuses(rig, 2)
        lines = await rig.wait_for_lines("callback", 2)
        attempts = [(line["event"], line["answer"]) for line in lines]
    assert words == ["ringing", "completed"]
    assert attempts == [("ringing", 500), ("completed", 200)]


@pytest.mark.parametrize(("word", "sip_code"), [("busy", 486), ("no-answer", 603), ("failed", 404)])
async def test_a_call_that_never_connects_says_why_and_opens_no_stream(
    tmp_path: Path, word: str, sip_code: int
) -> None:
    ring = RingPlan(0.2, answers=False, final=word, sip_code=sip_code)  # type: ignore[arg-type]
    async with running_rig(tmp_path, lambda: Talker([]), ring=ring) as rig:
        await rig.create()
        last = (await rig.product.wait_for(3, STATUS))[-1].fields
        await rig.world.ledger.settle()
        opened = rig.lines("stream_opened")
    assert (last["CallStatus"], last["SipResponseCode"]) == (word, str(sip_code))
    assert opened == []


async def test_the_ring_time_out_is_the_creates(tmp_path: Path) -> None:
    ring = RingPlan(3600)
    async with running_rig(tmp_path, lambda: Talker([]), ring=ring) as rig:
        await rig.create(timeout=5)
        last = (await rig.product.wait_for(3, STATUS))[-1].fields
    assert (last["CallStatus"], last["SipResponseCode"]) == ("no-answer", "487")


async def test_the_time_limit_is_an_ordinary_completed(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        await rig.create(time_limit=3)
        last = (await rig.product.wait_for(4, STATUS))[-1].fields
    assert (last["CallStatus"], last["CallDuration"]) == ("completed", "3")


async def test_copies_have_one_token_and_lost_events_never_come(tmp_path: Path) -> None:
    faults = CarrierFaults(callback_copies=2, callbacks_lost=frozenset({"ringing"}))
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        await rig.create()
        hooks = await rig.product.wait_for(6, STATUS)
    words = sorted(hook.fields["CallStatus"] for hook in hooks)
    assert words == ["completed"] * 2 + ["in-progress"] * 2 + ["initiated"] * 2
    assert len({hook.headers["i-twilio-idempotency-token"] for hook in hooks}) == 3


async def test_reordered_means_completed_first(tmp_path: Path) -> None:
    faults = CarrierFaults(callbacks_reordered=True)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        await rig.create()
        words = await statuses(rig, 4)
    assert words[0] == "completed"
    assert sorted(words[1:]) == ["in-progress", "initiated", "ringing"]


@pytest.mark.parametrize("spoil", ["wrong", "missing"])
async def test_a_signature_can_be_spoilt(tmp_path: Path, spoil: str) -> None:
    faults = CarrierFaults(callback_signature=spoil)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        await rig.create()
        hook = (await rig.product.wait_for(1, STATUS))[0]
    signature = hook.headers.get("x-twilio-signature", "")
    validator = RequestValidator(TOKEN)
    assert not validator.validate(f"{ORCHESTRATOR}{STATUS}", dict(hook.fields), signature)
    assert bool(signature) == (spoil == "wrong")


async def test_a_dead_product_harms_neither_the_call_nor_the_books(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=50)) as rig:
        dead = "https://nowhere.ringback.test/twilio/status/c1"
        sid = await rig.create(status_callback=dead, twiml=SAYS_GOODBYE)
        async with asyncio.timeout(30):
            while (await asyncio.to_thread(rig.client().calls(sid).fetch)).status != "completed":
                pass
        await rig.world.ledger.settle()
        states = [line["status"] for line in rig.lines("state")]
        answers = {line["error"] for line in rig.lines("callback")}
    assert states == ["ringing", "in-progress", "completed"]
    assert answers == {11210}
