"""The Orchestrator as a process: it starts, says when it is ready, and stops when told."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from fastapi import FastAPI

from orchestrator.__main__ import main
from orchestrator.errors import StoreUnavailable
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.integration.orchestrator_rig import client_of, rig_settings, running_app

WAIT_S = 30.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _environment(folder: Path, **changes: str) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    return {
        **bare,
        "RINGBACK_DATA_DIR": str(folder / "data"),
        "RINGBACK_ORCHESTRATOR_GRPC": f"127.0.0.1:{_free_port()}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **changes,
    }


async def _start(folder: Path, **changes: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "orchestrator",
        cwd=folder,
        env=_environment(folder, **changes),
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    port = _free_port()
    process = await _start(folder, RINGBACK_PORT=str(port))
    assert process.stderr is not None
    try:
        async with asyncio.timeout(WAIT_S):
            while b"listening" not in await process.stderr.readline():
                assert process.returncode is None
        yield process, port
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_serves_and_stops_at_sigterm(tmp_path: Path) -> None:
    async with _serving(tmp_path) as (process, port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            health = await client.get("/healthz")
            ready = await client.get("/readyz")
        process.send_signal(signal.SIGTERM)
        _, lines = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert ready.json() == {"status": "ready"}
    assert process.returncode == 0
    assert b"Traceback" not in lines
    assert b"orchestrator_stopped" in lines


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"RINGBACK_SETTLE_S": "20"}, "RINGBACK_SETTLE_S"),
        ({"RINGBACK_CONTACTS": "nowhere.toml"}, "RINGBACK_CONTACTS"),
        ({"RINGBACK_MODE": "live"}, "TWILIO_ACCOUNT_SID"),
        ({"RINGBACK_SETTEL_S": "60"}, "RINGBACK_SETTEL_S"),
    ],
)
def test_a_bad_setting_stops_the_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in _environment(tmp_path, **changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.chaos
async def test_a_process_with_a_bad_setting_exits_2_with_a_line(tmp_path: Path) -> None:
    process = await _start(tmp_path, RINGBACK_SETTLE_S="20")
    _, lines = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode == 2
    assert b"RINGBACK_SETTLE_S" in lines
    assert b"Traceback" not in lines


@pytest.mark.chaos
async def test_a_database_that_is_damaged_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ringback.db").write_bytes(b"this is no database" * 500)
    process = await _start(tmp_path, RINGBACK_PORT=str(_free_port()))
    _, lines = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode == 2
    assert b"ringback.db" in lines


@pytest.mark.chaos
async def test_a_data_folder_that_cannot_be_made_stops_the_start_in_one_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "data")
    process = await _start(tmp_path, RINGBACK_PORT=str(_free_port()), RINGBACK_DATA_DIR=folder)
    _, lines = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode == 2
    assert b"RINGBACK_DATA_DIR" in lines
    assert b"Traceback" not in lines


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running_app(rig_settings(tmp_path)) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/calls", "/api/calls", "/readyz"])
async def test_a_public_host_reaches_the_carriers_paths_only(app: FastAPI, path: str) -> None:
    async with client_of(app) as client:
        public = {"Host": "orchestrator.ringback.test"}
        assert (await client.get(path, headers=public)).status_code == 404
        assert (await client.post("/twilio/status", headers=public)).status_code == 403
        assert (await client.get(path)).status_code == 200


async def test_readyz_tells_when_the_database_is_away(app: FastAPI) -> None:
    class AwayStore:
        async def read(self, _query: object) -> None:
            raise StoreUnavailable("away")

    app.state.store = AwayStore()
    async with client_of(app) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503


async def test_both_doors_for_results_are_open(app: FastAPI) -> None:
    call_sid = "CA" + "5" * 32
    body = {"call_sid": call_sid, "status": "completed", "duration": 12}
    async with client_of(app) as client:
        stored = await client.post("/call_result", json=body)
        read = await client.get(f"/api/results/{stored.json()['call_id']}")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{app.state.grpc_port}") as channel:
        request = pb.GetResultRequest(call_sid=call_sid)
        answer = await pb_grpc.CallResultsStub(channel).GetResult(request, timeout=30)
    assert stored.json()["disposition"] == "DISPOSITION_STORED"
    assert read.json()["duration"] == 12
    assert answer.result.duration == 12


async def test_an_unknown_page_leads_a_browser_home(app: FastAPI) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with client_of(app) as client:
        answer = await client.get("/nowhere", headers=browser)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in answer.text
    assert '<a href="/">' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/calls", "/healthz", "/readyz", "/static/style.css"])
async def test_head_is_answered_like_get_without_the_body(app: FastAPI, path: str) -> None:
    async with client_of(app) as client:
        head, page = await client.head(path), await client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == page.headers["content-type"]
    assert head.headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/call_result", 405)]
)
async def test_an_unknown_path_or_method_is_answered_in_plain_words(
    app: FastAPI, method: str, path: str, status: int
) -> None:
    async with client_of(app) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message", "fields"}
