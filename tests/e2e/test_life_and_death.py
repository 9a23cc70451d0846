"""The whole system when its processes die, and when it is told to stop."""

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import System

CLI = (sys.executable, "-m", "ringback_cli.main")


def wait_for_the_carriers_end(system: "System", call_id: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not [li for li in system.ledger(call_id) if li.get("status") == "completed"]:
        if time.monotonic() > deadline:
            pytest.fail(f"the call {call_id} did not end within {timeout_s} s")
        time.sleep(0.1)  # the ledger is another process's file: it gives no event


def wait_for_result(system: "System", call_id: str, timeout_s: float) -> dict[str, Any]:
    system.wait_for_line(
        lambda line: "result_stored" in line and call_id in line, timeout_s=timeout_s
    )
    command = [*CLI, "calls", "--from", system.addresses.grpc, "show", call_id, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.chaos
def test_the_orchestrator_killed_while_a_call_talks_has_its_result_after(
    own_system: "System",
) -> None:
    call_id = own_system.start_errand("order_taken")
    own_system.kill("orchestrator")
    wait_for_the_carriers_end(own_system, call_id, 30)

    # Until then an Orchestrator has to start, on a machine that may be full.
    result = wait_for_result(own_system, call_id, 30)

    assert result["status"] == "CALL_STATUS_COMPLETED"
    assert result["source"] == "SOURCE_HANDLER"


@pytest.mark.chaos
def test_the_call_handler_killed_in_mid_call_leaves_one_result(own_system: "System") -> None:
    call_id = own_system.start_errand("order_taken")
    own_system.kill("handler")
    wait_for_the_carriers_end(own_system, call_id, 30)

    result = wait_for_result(own_system, call_id, 60)

    assert result["status"] == "CALL_STATUS_COMPLETED"
    assert result["end_reason"] == "END_REASON_HANDLER_LOST"
    assert [li["verdict"] for li in own_system.ledger(call_id) if li["kind"] == "create"] == [
        "accepted"
    ]


@pytest.mark.chaos
def test_ctrl_c_leaves_no_process(own_system: "System") -> None:
    own_system.stop()

    assert len(own_system.pids) == 3
    for pid in own_system.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
