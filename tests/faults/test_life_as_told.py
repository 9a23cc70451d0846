"""What the page is told of a call's life: its turns, none missed, and each change once."""

from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_rig import NONCE, Rig


async def test_turns_beyond_a_gap_are_asked_for_again(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "one", nonce=NONCE)
    answer = await rig.progress(call_id, "three", first=2)
    assert answer.last_turn == 1


async def test_a_turn_sent_again_with_more_text_replaces_it(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Lui", nonce=NONCE)
    await rig.progress(call_id, "Luigi's, hello?")
    await rig.progress(call_id, "Luigi's, hello?")
    turns = await rig.events("turn")
    assert [turn["text"] for turn in turns] == ["Lui", "Luigi's, hello?"]


async def test_each_change_of_a_call_is_one_event(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "ringing")
    await rig.call_back(call_id, "ringing")
    await rig.call_back(call_id, "busy")
    seen = [(event["state"], event["status"]) for event in await rig.events("call")]
    assert seen[:5] == [
        ("ready", 0),
        ("dialing", 0),
        ("waiting", 0),
        ("waiting", pb.CALL_STATUS_RINGING),
        ("waiting", pb.CALL_STATUS_BUSY),
    ]
    assert seen[-1] == ("final", pb.CALL_STATUS_BUSY)
