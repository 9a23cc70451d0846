"""`ringback opt-outs` against a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from foundation.drain import Drain
from orchestrator import rest
from orchestrator.call_results import record_call_result
from orchestrator.call_results.access import Role, Tokens
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback_cli.main import main
from tests.integration.chat_rig import serving
from tests.rows_rig import report

LUIGI = "+14155550100"
Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def opt_outs(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Run]:
    """Run `ringback opt-outs ...` as the operator; return its exit code, stdout and stderr."""
    app = FastAPI()
    app.include_router(rest.router)
    app.state.store, app.state.drain = store, Drain()
    app.state.tokens = Tokens({Role.OPERATOR: ("operators-token",)})
    told = report(end_reason=pb.END_REASON_OPT_OUT, to_number=LUIGI)
    await record_call_result(store, told)
    monkeypatch.setenv("RINGBACK_TOKEN_OPERATOR", "operators-token")
    monkeypatch.setenv("COLUMNS", "100")
    with capture_logs():  # of the server, which is this process too
        async with serving(app) as url:

            async def run(*arguments: str) -> tuple[int, str, str]:
                capsys.readouterr()
                port = url.rpartition(":")[2]
                code = await asyncio.to_thread(main, ["opt-outs", "--port", port, *arguments])
                return code, *capsys.readouterr()

            yield run


async def test_a_listed_number_can_be_freed(opt_outs: Run) -> None:
    code, listed, _ = await opt_outs("list")
    assert (code, listed.splitlines()[1].split()[0]) == (0, LUIGI)
    assert await opt_outs("remove", LUIGI) == (0, f"{LUIGI} may be called again.\n", "")
    assert "Nobody has asked" in (await opt_outs("list"))[1]


async def test_scripts_read_json(opt_outs: Run) -> None:
    code, listed, _ = await opt_outs("list", "--json")
    [entry] = json.loads(listed)["opt_outs"]
    assert (code, entry["number"]) == (0, LUIGI)
    removed = json.loads((await opt_outs("remove", LUIGI, "--json"))[1])
    assert removed == {"number": LUIGI, "removed": True}


async def test_a_number_that_is_not_listed_is_named_as_such(opt_outs: Run) -> None:
    code, out, error = await opt_outs("remove", "+14155550199")
    assert (code, out) == (1, "")
    assert "not on the list" in error


async def test_without_the_operators_token_nothing_is_shown(
    opt_outs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RINGBACK_TOKEN_OPERATOR")
    code, out, error = await opt_outs("list")
    assert (code, out) == (1, "")
    assert "token" in error
