"""A number that asked not to be called again is dialled by no replica, from that commit on."""

from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.conversation import may_retry
from orchestrator.store.opt_outs import remove_opt_out
from ringback.v1 import call_results_pb2 as pb
from tests.faults.life_peers import sid
from tests.faults.life_rig import LUIGI, Rig, replica_of


async def say_no_more_calls(rig: Rig, call_id: str) -> None:
    result = pb.CallResult(
        call_id=call_id,
        call_sid=sid(1),
        status=pb.CALL_STATUS_COMPLETED,
        end_reason=pb.END_REASON_OPT_OUT,
        outcome=pb.OUTCOME_REFUSED,
        source=pb.SOURCE_HANDLER,
    )
    await record_call_result(rig.store, receive_proto(result))


async def test_a_call_that_was_confirmed_before_is_not_dialled_after(rig: Rig) -> None:
    first = await rig.dial()
    second = await rig.confirm()  # in time, and for the same number
    await say_no_more_calls(rig, first)
    async with replica_of(rig) as other:
        await other.sweep()
    result = await rig.finished(second.call_id)
    assert result.end_reason == pb.END_REASON_NOT_PLACED
    assert result.error_message == "They asked not to be called again, on 23 November 2026."
    assert (result.fault.code, may_retry(result)) == ("opted_out", False)
    assert len(rig.handlers.orders) == 1


async def test_a_number_that_was_freed_is_dialled_again(rig: Rig) -> None:
    first = await rig.dial()
    await say_no_more_calls(rig, first)
    assert await rig.store.write(lambda tx: remove_opt_out(tx, LUIGI))
    await rig.confirm()
    await rig.sweep()
    assert len(rig.handlers.orders) == 2
