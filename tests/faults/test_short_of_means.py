"""F49 with real processes: a Call Handler without descriptors, without memory, or held up."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio

from ringback.v1 import call_results_pb2 as pb
from tests.faults.fleet_rig import Calls, running_calls
from tests.faults.tracing import strace_words

pytestmark = [pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]

HANDLER = "handler-1"
SPANS = {"RINGBACK_RING_S": "30", "RINGBACK_GRACE_S": "2"}
MEMORY_GROUPS = Path("/sys/fs/cgroup/memory")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Calls]:
    folder = tmp_path_factory.mktemp("means")
    async with running_calls(folder, time_factor=5, spans=SPANS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def calls(fleet: Calls) -> Calls:
    await fleet.make_whole()
    return fleet


@contextmanager
def spare_descriptors(pid: int, count: int) -> Iterator[None]:
    """Let a process open only so many more files."""
    open_now = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()) + 1
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + count, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def no_more_memory(pid: int) -> Iterator[None]:
    """Give a process no memory beyond what it has: the kernel kills it for the next page."""
    group = MEMORY_GROUPS / f"ringback-{pid}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no memory groups to be made here: {error.strerror}")
    try:
        (group / "memory.limit_in_bytes").write_text("0")
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with suppress(ProcessLookupError):  # where it lives, the test has failed already
            (MEMORY_GROUPS / "cgroup.procs").write_text(str(pid))
        group.rmdir()


@asynccontextmanager
async def held_up(pid: int, seconds: float) -> AsyncIterator[None]:
    """Hold the main thread, on which the loop runs, up at its next look for events."""
    words = strace_words(f"inject=epoll_pwait,epoll_wait:delay_enter={seconds:g}s:when=1")
    words.remove("-f")  # the other threads go on
    tracer = await asyncio.create_subprocess_exec(
        *(*words, "-p", str(pid)), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(tracer.pid, signal.SIGTERM)
        await tracer.wait()


async def talking(calls: Calls, number: str) -> str:
    """Place a call and wait until somebody speaks in it."""
    await calls.bind(number, "order_taken")
    call_id = await calls.place(number)
    await calls.until_said(call_id, "agent")
    return call_id


async def test_f49_short_of_descriptors_the_next_order_waits_and_the_call_goes_on(
    calls: Calls,
) -> None:
    running = await talking(calls, "+14155550150")
    await calls.bind("+14155550151", "order_taken")
    with spare_descriptors(calls.fleet.pid(HANDLER), 12):
        refused = await calls.place("+14155550151")
        await calls.until_logged(HANDLER, "order_not_taken", "descriptors")
        told = await calls.until_result(running)
        assert await calls.books(refused, "create") == []
    later = await calls.until_result(refused)
    await calls.judge(running, refused)
    assert {told.outcome, later.outcome} == {pb.OUTCOME_SUCCEEDED}
    assert {told.source, later.source} == {pb.SOURCE_HANDLER}


async def test_f49_without_any_descriptor_the_running_call_keeps_its_result(calls: Calls) -> None:
    running = await talking(calls, "+14155550152")
    with spare_descriptors(calls.fleet.pid(HANDLER), 0):
        await calls.until_over(running)
        told = await calls.until_result(running)
    await calls.judge(running)
    assert (told.source, told.outcome) == (pb.SOURCE_HANDLER, pb.OUTCOME_SUCCEEDED)
    assert calls.fleet.is_alive(HANDLER)


async def test_f49_a_loop_that_is_blocked_says_so_takes_no_order_and_keeps_the_result(
    calls: Calls,
) -> None:
    running = await talking(calls, "+14155550153")
    await calls.bind("+14155550154", "order_taken")
    async with held_up(calls.fleet.pid(HANDLER), 5):
        await calls.until_logged(HANDLER, "event_loop_blocked")
        await calls.until_logged(HANDLER, "event_loop_runs_again")
        waiting = await calls.place("+14155550154")
    await calls.until_logged(HANDLER, "order_not_taken", "overloaded")
    told, later = await calls.until_result(running), await calls.until_result(waiting)
    await calls.judge(running, waiting)
    assert told.source == pb.SOURCE_HANDLER
    assert later.outcome == pb.OUTCOME_SUCCEEDED


async def test_f49_an_orchestrator_that_is_blocked_says_so_and_gets_the_result(
    calls: Calls,
) -> None:
    running = await talking(calls, "+14155550156")
    async with held_up(calls.fleet.pid("orchestrator-1"), 5):
        await calls.until_logged("orchestrator-1", "event_loop_blocked")
        await calls.until_logged("orchestrator-1", "event_loop_runs_again")
    told = await calls.until_result(running)
    await calls.judge(running)
    assert (told.source, told.outcome) == (pb.SOURCE_HANDLER, pb.OUTCOME_SUCCEEDED)


async def test_f49_killed_for_want_of_memory_the_call_has_one_result(calls: Calls) -> None:
    running = await talking(calls, "+14155550155")
    with no_more_memory(calls.fleet.pid(HANDLER)):
        assert await calls.fleet.died(HANDLER, within_s=30) == -signal.SIGKILL
    lost = await calls.until_result(running)
    await calls.make_whole()
    told = await calls.until_result(running, holds=lambda r: r.revision > lost.revision)
    await calls.judge(running)
    assert (lost.source, lost.end_reason) == (pb.SOURCE_PROVIDER, pb.END_REASON_HANDLER_LOST)
    assert (told.source, told.end_reason) == (pb.SOURCE_RECOVERED, pb.END_REASON_HANDLER_LOST)
    assert not told.transcript_complete
