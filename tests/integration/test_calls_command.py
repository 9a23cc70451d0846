"""`ringback calls` against a real server: what a person copies out of the list finds the call."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.rpc import GrpcServer
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback_cli.main import main
from tests.rig import call_sid

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def calls(grpc_server: GrpcServer, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `ringback calls ...`; return its exit code, stdout and stderr."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()  # the server's log
        target = f"127.0.0.1:{grpc_server.port}"
        code = await asyncio.to_thread(main, ["calls", "--from", target, *arguments])
        return code, *capsys.readouterr()

    return run


async def report(store: Store, number: int) -> None:
    result = pb.CallResult(
        call_sid=call_sid(number),
        status=pb.CALL_STATUS_COMPLETED,
        source=pb.SOURCE_MANUAL,
        summary=f"Table for {number}.",
    )
    result.transcript.add(role=pb.ROLE_CALLEE, text="Seven is fine.")
    result.transcript.add(role=pb.ROLE_TOOL, text="not spoken")
    await record_call_result(store, receive_proto(result))


async def test_the_id_that_the_list_shows_finds_its_call(
    calls: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    await report(store, 2)
    code, listed, _ = await calls("list")
    shown = listed.splitlines()[1].split()[2]
    assert (code, len(shown)) == (0, 12)
    code, whole, _ = await calls("show", shown)
    assert code == 0
    assert f"CallSid       {call_sid(2)}" in whole
    assert "callee:       Seven is fine." in whole
    assert "not spoken" not in whole
    assert "unspecified" not in listed + whole


async def test_an_id_that_fits_none_or_several_calls_shows_no_call(
    calls: Run, store: Store
) -> None:
    await report(store, 2)
    await report(store, 3)
    code, out, error = await calls("show", "")
    assert (code, out) == (1, "")
    assert "2 call_ids end with ''" in error
    code, out, error = await calls("show", "no-such")
    assert (code, out) == (1, "")
    assert "none of the newest 1000 call_ids ends with 'no-such'" in error
