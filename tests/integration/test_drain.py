"""Stopping: calls finish, late streams come in, nothing is cut before its time or lost after it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from foundation.clock import SystemClock
from telephony.stream_token import StreamTokens, load_stream_key
from tests.integration.handler_rig import AUTH_TOKEN, BEARER, ORDER, TOKEN
from tests.integration.scripted_carrier import ACCOUNT, CREATED, Answer, answer, carrier

ROOT = Path(__file__).parents[2]
PROGRAM = str(ROOT / "tests" / "integration" / "drain_program.py")
PATIENT_S = 60.0


@dataclass
class Program:
    """A running service and its lines."""

    process: asyncio.subprocess.Process
    port: int

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def wait_for_log(self, event: str) -> None:
        """Read the log until the event is in it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENT_S):
            async for line in self.process.stderr:
                if event.encode() in line:
                    return
        raise AssertionError(f"ended without {event}")

    async def end(self) -> tuple[int, list[str]]:
        """Wait for the end; tell the exit code and the lines on stdout."""
        async with asyncio.timeout(PATIENT_S):
            out, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode().splitlines()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@asynccontextmanager
async def running(
    *command: str, port: int, environment: dict[str, str] | None = None, folder: Path = ROOT
) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), **(environment or {})},
        cwd=folder,
    )
    program = Program(process, port)
    try:
        await program.wait_for_log("listening")
        yield program
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def service(drain_s: float) -> AsyncIterator[Program]:
    port = free_port()
    async with running(PROGRAM, str(port), str(drain_s), port=port) as program:
        yield program


async def ask(program: Program) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{program.port}/")).text


def call(program: Program, call_id: str) -> connect:
    return connect(f"ws://127.0.0.1:{program.port}/{call_id}", proxy=None)


async def test_without_calls_the_first_signal_ends_it() -> None:
    async with service(drain_s=60) as program:
        program.signal()
        assert await program.end() == (0, ["reports are sent"])


async def test_calls_finish_and_late_streams_come_in_while_it_drains() -> None:
    async with service(drain_s=60) as program, call(program, "c1") as first:
        program.signal()
        await program.wait_for_log("draining")
        assert await ask(program) == "draining"
        async with call(program, "late") as late:
            await first.close()
            await late.ping()
            assert await ask(program) == "draining"
        code, lines = await program.end()
    assert code == 0
    assert sorted(lines[:-1]) == ["c1 hung up", "late hung up"]
    assert lines[-1] == "reports are sent"


async def closed_with(connection: ClientConnection) -> int | None:
    try:
        async with asyncio.timeout(PATIENT_S):
            await connection.recv()
    except ConnectionClosed:
        return connection.close_code
    return None


async def test_a_call_that_outlives_the_patience_is_told_to_stop_and_reported() -> None:
    async with service(drain_s=0.2) as program, call(program, "c1") as connection:
        program.signal(signal.SIGINT)
        assert await closed_with(connection) == 1000
        assert await program.end() == (0, ["c1 told to stop", "reports are sent"])


async def test_the_second_signal_stops_now_and_still_reports() -> None:
    async with service(drain_s=600) as program, call(program, "c1") as connection:
        program.signal()
        await program.wait_for_log("draining")
        program.signal()
        assert await closed_with(connection) in {1000, 1012}
        code, lines = await program.end()
    assert code == 0
    assert lines in (["c1 told to stop", "reports are sent"], ["c1 hung up", "reports are sent"])


async def test_a_port_that_is_taken_is_one_line_and_exit_2() -> None:
    async with service(drain_s=0) as program:
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            PROGRAM,
            str(program.port),
            "0",
            stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT)},
        )
        _, errors = await second.communicate()
        assert second.returncode == 2
        assert errors.decode().splitlines() == [
            f"RINGBACK_PORT: cannot listen on 127.0.0.1:{program.port}: Address already in use"
        ]


def handler_environment(folder: Path, port: int, carrier_url: str) -> dict[str, str]:
    return {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
        "RINGBACK_PORT": str(port),
        "RINGBACK_DATA_DIR": str(folder),
        "RINGBACK_TWILIO_API_URL": carrier_url,
        "RINGBACK_ORCHESTRATOR_GRPC": "127.0.0.1:9",
        "RINGBACK_TOKEN_ORCHESTRATOR": TOKEN,
        "RINGBACK_MAX_CALLS": "4",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "RINGBACK_FAILPOINTS": os.environ.get("RINGBACK_FAILPOINTS", ""),
    }


@asynccontextmanager
async def call_handler(folder: Path, carrier_url: str) -> AsyncIterator[Program]:
    port = free_port()
    environment = handler_environment(folder, port, carrier_url)
    main = str(ROOT / "Pizza Agent" / "main.py")
    async with running(main, port=port, environment=environment, folder=folder) as program:
        yield program


def dialled_stream(program: Program, folder: Path, call_id: str) -> connect:
    """Open the media stream of a dialled call as the carrier does, with token and signature."""
    tokens = StreamTokens(load_stream_key(folder / "stream.key"), SystemClock())
    path = f"/media-stream/{call_id}/{tokens.mint(call_id)}"
    signature = RequestValidator(AUTH_TOKEN).compute_signature(
        f"wss://handler.ringback.test{path}", {}
    )
    return connect(
        f"ws://handler.ringback.test{path}",
        additional_headers={"X-Twilio-Signature": signature},
        host="127.0.0.1",
        port=program.port,
        proxy=None,
    )


async def order(program: Program, call_id: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=PATIENT_S) as client:
        return await client.post(
            f"http://127.0.0.1:{program.port}/order",
            json={**ORDER, "call_id": call_id},
            headers=BEARER,
        )


async def test_a_draining_call_handler_refuses_orders_and_takes_the_streams_it_dialled(
    tmp_path: Path,
) -> None:
    asked = asyncio.Event()
    streaming = asyncio.Event()

    async def ring(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await streaming.wait()
        await answer(200, {**CREATED, "status": "in-progress"})(writer)

    async with (
        carrier(answer(201, CREATED), ring) as (book, _),
        call_handler(tmp_path, book.url) as program,
    ):
        assert (await order(program, "c1")).status_code == 201
        program.signal()
        await program.wait_for_log("draining")
        await asked.wait()
        refused = await order(program, "c2")
        assert (refused.status_code, refused.json()["error"]) == (429, "draining")
        async with dialled_stream(program, tmp_path, "c1") as stream:
            await stream.ping()
            streaming.set()
            assert (await order(program, "c3")).status_code == 429
        assert (await program.end())[0] == 0


@pytest.mark.parametrize(
    "status",
    ["completed", *(pytest.param(word, marks=pytest.mark.chaos) for word in ("busy", "no-answer"))],
)
async def test_a_draining_call_handler_does_not_wait_for_a_call_that_was_never_answered(
    tmp_path: Path, status: str
) -> None:
    script: list[Answer] = [answer(201, CREATED), answer(200, {**CREATED, "status": status})]
    async with carrier(*script) as (book, _), call_handler(tmp_path, book.url) as program:
        assert (await order(program, "c1")).status_code == 201
        program.signal()
        assert (await program.end())[0] == 0
