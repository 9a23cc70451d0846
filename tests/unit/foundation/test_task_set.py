"""Tasks of the app: finished although their starters are cancelled, and never lost silently."""

import asyncio

import pytest
import structlog.testing

from foundation.task_set import TaskSet, completed


async def test_a_cancelled_waiter_still_sees_its_task_to_the_end() -> None:
    go = asyncio.Event()
    done: list[str] = []

    async def work() -> str:
        await go.wait()
        done.append("report")
        return "acknowledged"

    tasks = TaskSet()
    task = tasks.spawn(work(), name="work")
    waiter = asyncio.create_task(completed(task))
    for _ in range(3):
        await asyncio.sleep(0)
        waiter.cancel()
    assert not waiter.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert done == ["report"]
    assert await completed(task) == "acknowledged"


async def test_waiting_covers_tasks_that_tasks_start() -> None:
    tasks = TaskSet()
    ended: list[int] = []

    async def work(left: int) -> None:
        await asyncio.sleep(0)
        if left:
            tasks.spawn(work(left - 1), name=f"work {left}")
        ended.append(left)

    tasks.spawn(work(3), name="first")
    assert await tasks.wait()
    assert ended == [3, 2, 1, 0]
    assert len(tasks) == 0


async def test_waiting_gives_up_and_closing_cancels() -> None:
    tasks = TaskSet()
    never = asyncio.Event()
    task = tasks.spawn(never.wait(), name="stuck")
    assert not await tasks.wait(timeout_s=0.01)
    assert not task.done()
    with structlog.testing.capture_logs() as lines:
        await tasks.close(timeout_s=0.01)
    assert task.cancelled()
    assert lines == [
        {
            "event": "tasks_cancelled_at_shutdown",
            "log_level": "error",
            "tasks": ["stuck"],
            "after_s": 0.01,
        }
    ]


async def test_a_failed_task_is_logged() -> None:
    async def work() -> None:
        raise ValueError("broken")

    tasks = TaskSet()
    with structlog.testing.capture_logs() as lines:
        tasks.spawn(work(), name="doomed")
        await tasks.wait()
        await asyncio.sleep(0)
    assert [(line["event"], line["task"]) for line in lines] == [
        ("background_task_failed", "doomed")
    ]
