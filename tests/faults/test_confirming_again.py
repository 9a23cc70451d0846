"""Fault F51: the person confirms more than once; a key stands for one call for good."""

import pytest

from tests.faults.life_rig import Rig


@pytest.mark.parametrize("keys", [("key-1", "key-2"), (None, "key-2")])
async def test_f51_a_key_that_met_a_running_call_never_dials_another(
    rig: Rig, keys: tuple[str | None, str]
) -> None:
    task_id = await rig.add_task()
    first = await rig.confirm(task_id, keys[0])
    await rig.confirm(task_id, keys[1])
    await rig.sweep()
    await rig.call_back(first.call_id, "busy")
    late = await rig.confirm(task_id, keys[1])
    assert (late.call_id, late.is_new) == (first.call_id, False)
    await rig.sweep(after_s=5)
    assert len(rig.handlers.orders) == 1


async def test_f51_another_try_needs_a_new_key(rig: Rig) -> None:
    task_id = await rig.add_task()
    first = await rig.confirm(task_id, "key-1")
    await rig.sweep()
    await rig.call_back(first.call_id, "busy")
    again = await rig.confirm(task_id, "key-2")
    assert (again.attempt, again.is_new) == (2, True)
    assert (await rig.confirm(task_id, "key-2")).call_id == again.call_id
    assert (await rig.confirm(task_id, "key-1")).call_id == first.call_id
