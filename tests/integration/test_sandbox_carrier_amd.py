"""Machine detection over the wire: the verdict, its callback, and what goes wrong with both."""

import asyncio
from pathlib import Path

from sandbox.carrier_faults import CarrierFaults
from sandbox.mulaw import frames_of
from sandbox.speech import speak
from sandbox.tones import beep
from tests.integration.sandbox_carrier_rig import ORCHESTRATOR, Rig, Talker, running_rig

ANSWERED = "/twilio/answered/c1"
DETECTS = {
    "machine_detection": "DetectMessageEnd",
    "async_amd": "true",
    "async_amd_status_callback": f"{ORCHESTRATOR}{ANSWERED}#rc=5&rp=all",
}
GREETING = frames_of(speak("Please leave a message.", "machine") + beep(400))
SOON = CarrierFaults(answered_by_after_s=0.2)


async def fetched_word(rig: Rig, sid: str) -> str | None:
    call = await asyncio.to_thread(rig.client().calls(sid).fetch)
    word: str | None = call.answered_by
    return word


async def test_a_verdict_is_posted_signed_and_kept_in_the_resource(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([]), faults=SOON) as rig:
        sid = await rig.create(**DETECTS)
        (told,) = await rig.product.wait_for(1, ANSWERED)
        assert await fetched_word(rig, sid) == "human"
    assert (told.fields["CallSid"], told.fields["AnsweredBy"]) == (sid, "human")
    assert int(told.fields["MachineDetectionDuration"]) >= 200
    assert told.headers["x-twilio-signature"]


async def test_the_end_of_a_message_is_told_after_its_beep(tmp_path: Path) -> None:
    talker = Talker(GREETING)
    faults = CarrierFaults(answered_by="machine_end_beep", answered_by_after_s=0.1)
    async with running_rig(tmp_path, lambda: talker, faults=faults) as rig:
        await rig.create(**DETECTS)
        (told,) = await rig.product.wait_for(1, ANSWERED)
        assert len(talker.heard) > len(GREETING)
    assert told.fields["AnsweredBy"] == "machine_end_beep"


async def test_without_waiting_for_the_end_a_machine_is_only_started(tmp_path: Path) -> None:
    faults = CarrierFaults(answered_by="machine_end_beep", answered_by_after_s=0.1)
    async with running_rig(tmp_path, lambda: Talker(GREETING), faults=faults) as rig:
        await rig.create(**{**DETECTS, "machine_detection": "Enable"})
        (told,) = await rig.product.wait_for(1, ANSWERED)
    assert told.fields["AnsweredBy"] == "machine_start"


async def test_a_late_verdict_comes_after_the_call(tmp_path: Path) -> None:
    faults = CarrierFaults(answered_by="fax", answered_by_after_s=0.1, answered_by_late_s=4)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=20), faults=faults) as rig:
        await rig.create(**DETECTS)
        await rig.product.wait_for(1, ANSWERED)
        paths = [hook.path for hook in rig.product.webhooks]
    assert paths[-1] == ANSWERED
    assert rig.product.webhooks[-2].fields["CallStatus"] == "completed"


async def test_a_detection_that_finds_nothing_in_time_says_so(tmp_path: Path) -> None:
    faults = CarrierFaults(answered_by="machine_start", answered_by_after_s=60)
    async with running_rig(tmp_path, lambda: Talker([]), faults=faults) as rig:
        await rig.create(**DETECTS, machine_detection_timeout=3)
        (told,) = await rig.product.wait_for(1, ANSWERED)
    assert told.fields["AnsweredBy"] == "unknown"
    assert 3_000 <= int(told.fields["MachineDetectionDuration"]) < 10_000


async def test_a_lost_verdict_is_still_in_the_resource(tmp_path: Path) -> None:
    faults = CarrierFaults(callbacks_lost=frozenset({"amd"}), answered_by_after_s=0.1)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=40), faults=faults) as rig:
        sid = await rig.create(**DETECTS)
        await rig.product.wait_for(4, "/twilio/status/")
        assert await fetched_word(rig, sid) == "human"
    assert not [hook for hook in rig.product.webhooks if hook.path == ANSWERED]


async def test_a_call_that_ends_first_has_no_verdict(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=3)) as rig:
        sid = await rig.create(**DETECTS)
        await rig.product.wait_for(4, "/twilio/status/")
        assert await fetched_word(rig, sid) is None
        await rig.world.ledger.settle()
        assert rig.lines("amd") == []


async def test_a_synchronous_verdict_keeps_the_stream_waiting_and_stands_in_the_last_callback(
    tmp_path: Path,
) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=60), faults=SOON) as rig:
        await rig.create(machine_detection="Enable")
        last = (await rig.product.wait_for(4, "/twilio/status/"))[-1].fields
        await rig.world.ledger.settle()
        amd, opened = rig.lines("amd"), rig.lines("stream_opened")
    assert (last["CallStatus"], last["AnsweredBy"]) == ("completed", "human")
    assert amd[0]["seq"] < opened[0]["seq"]  # type: ignore[operator]  # both are numbers
