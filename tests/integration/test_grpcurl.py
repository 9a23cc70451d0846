"""The real grpcurl against the server: what a person types who reports a call by hand."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator.rpc import GrpcServer
from tests.rig import call_sid

GRPCURL = Path(sys.prefix) / "bin" / "grpcurl"
REPORT = "ringback.v1.CallResults/Report"
Run = Callable[..., Awaitable[tuple[int, str]]]

pytestmark = pytest.mark.skipif(
    not GRPCURL.exists(), reason="no grpcurl: run .venv/bin/python tests/tools/get_grpcurl.py"
)


@pytest.fixture
def grpcurl(grpc_server: GrpcServer) -> Run:
    """Run grpcurl against the server; return its exit code and all that it printed."""

    async def run(*arguments: str, data: object = None) -> tuple[int, str]:
        body = [] if data is None else ["-d", json.dumps(data)]
        address = f"127.0.0.1:{grpc_server.port}"
        process = await asyncio.create_subprocess_exec(
            GRPCURL, "-plaintext", *body, address, *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(20):
            output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    return run


async def test_grpcurl_lists_the_services(grpcurl: Run) -> None:
    code, output = await grpcurl("list")
    assert code == 0
    assert "ringback.v1.CallResults" in output.splitlines()


async def test_grpcurl_describes_the_service(grpcurl: Run) -> None:
    code, output = await grpcurl("describe", "ringback.v1.CallResults")
    assert code == 0
    assert "rpc Report ( .ringback.v1.ReportRequest )" in output
    assert "returns ( stream .ringback.v1.WatchResultsResponse )" in output


async def test_grpcurl_describes_the_result(grpcurl: Run) -> None:
    _, output = await grpcurl("describe", "ringback.v1.CallResult")
    assert "optional uint32 duration = 3;" in output


async def test_grpcurl_reports_a_call_and_again(grpcurl: Run) -> None:
    result = {
        "call_sid": call_sid(),
        "status": "CALL_STATUS_COMPLETED",
        "duration": 42,
        "summary": "Ordered a large margherita.",
        "transcript_snippet": "That will be fourteen fifty.",
    }
    code, output = await grpcurl(REPORT, data={"result": result})
    first = json.loads(output)
    assert (code, first["disposition"], first["revision"]) == (0, "DISPOSITION_STORED", "1")
    code, output = await grpcurl(REPORT, data={"result": result})
    assert (code, json.loads(output)["disposition"]) == (0, "DISPOSITION_DUPLICATE")


async def test_grpcurl_shows_which_field_is_bad(grpcurl: Run) -> None:
    result = {"call_sid": "CA123", "status": "CALL_STATUS_RINGING"}
    code, output = await grpcurl(REPORT, data={"result": result})
    assert code != 0
    assert "Code: InvalidArgument" in output
    assert 'call_sid: must be "CA" and 32 hex digits' in output
    assert "status: must say how the call ended, not CALL_STATUS_RINGING" in output
