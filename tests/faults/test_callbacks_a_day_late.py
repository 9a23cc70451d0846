"""Fault F35: what comes five times, in the wrong order and a day late changes nothing."""

import random

from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_rig import NONCE, Rig

DAY_S = 86_400
WORDS = ("initiated", "ringing", "in-progress", "completed")


async def repeat_all(rig: Rig, call_id: str, seed: int) -> None:
    """Have each word called back five times, and the handler's report told five times."""
    told = [*WORDS, "report"] * 5
    random.Random(seed).shuffle(told)  # noqa: S311 - repeatable, not secret
    for word in told:
        if word == "report":
            await rig.report(call_id)
        else:
            await rig.call_back(call_id, word, duration_s=49 if word == "completed" else None)


async def test_f35_five_repeats_a_day_late_change_nothing(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.progress(call_id, "Luigi's, hello?", nonce=NONCE)
    await rig.call_back(call_id, "completed", duration_s=49)
    await rig.report(call_id)
    await rig.sweep()
    before = await rig.finished(call_id)
    rig.clock.advance(DAY_S)
    await repeat_all(rig, call_id, seed=35)
    await rig.sweep()
    assert await rig.finished(call_id) == before
    assert (await rig.row(call_id)).due_at is None


async def test_f35_a_call_that_nobody_answered_stays_so_when_all_is_told_again(rig: Rig) -> None:
    call_id = await rig.dial()
    await rig.call_back(call_id, "no-answer")
    before = await rig.finished(call_id)
    rig.clock.advance(DAY_S)
    for word in ("no-answer", "ringing", "initiated") * 5:
        await rig.call_back(call_id, word)
    await rig.sweep()
    assert await rig.finished(call_id) == before
    assert before.status == pb.CALL_STATUS_NO_ANSWER
