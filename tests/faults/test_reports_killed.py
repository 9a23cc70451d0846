"""Fault F27: the Orchestrator's process is killed at one system call of the way to the answer."""

import asyncio
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from call_reporter import CallReporter
from foundation.clock import SystemClock
from orchestrator.store import Store
from tests.faults.commit_databases import CommitDatabase
from tests.faults.doomed import killed_at, needs_strace, orchestrator
from tests.faults.fault_proxy import fault_proxy
from tests.faults.reports_rig import PATIENT_S, Pauses, judge, reporter_to, result_number
from tests.integration.call_reporter_server import free_port

# Where a report is written, where it is made durable, where it is answered. What goes to the server
# of PostgreSQL goes by `sendto`, the commit among it; gRPC answers by `sendmsg`.
CALLS = [
    *(("sqlite", name) for name in ("pwrite64", "fdatasync", "sendmsg")),
    *(("postgres", name) for name in ("sendto", "sendmsg")),
]

pytestmark = [pytest.mark.chaos, needs_strace]


async def report_until_death(reporter: CallReporter, process: Process) -> int:
    """Report one call after the other as long as the process lives; say how many."""
    count = 0
    while process.returncode is None:
        assert await reporter.report(result_number(count)) is not None
        count += 1
    return count


@pytest.mark.parametrize("number", [1, 2, 5, 20])
@pytest.mark.parametrize(("commit_database", "system_call"), CALLS, indirect=["commit_database"])
async def test_f27_no_report_is_lost_or_doubled_wherever_the_orchestrator_is_killed(
    commit_database: CommitDatabase, system_call: str, number: int, tmp_path: Path
) -> None:
    url, port = commit_database.url, free_port()
    address = f"127.0.0.1:{port}"
    async with fault_proxy(port) as proxy, reporter_to(proxy.port, tmp_path, Pauses()) as reporter:
        async with (
            orchestrator(tmp_path, url, ORCHESTRATOR_GRPC=address, PORT="0") as doomed,
            killed_at(doomed, system_call, number),
            asyncio.timeout(PATIENT_S),
        ):
            reports = asyncio.create_task(report_until_death(reporter, doomed))
            assert await doomed.wait() == -signal.SIGKILL
        async with orchestrator(tmp_path, url, ORCHESTRATOR_GRPC=address, PORT="0"):
            count = await reports
    store = await Store.open(url, SystemClock())
    await judge(store, range(count))
    await store.close()
