"""A whole system as real processes, to be killed in: n Orchestrators, m Call Handlers, a sandbox.

It runs in scaled time: the sandbox plays `time_factor` times as fast, and every span of the
product is so short that a system is quiet again within seconds of its last fault.
"""

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from telephony.stream_token import load_stream_key
from tests.chaos.forge import Forge, Forged
from tests.chaos.parts import SANDBOX, Layout, Part, Ports, find_free_base
from tests.chaos.postgres_server import PostgresServer

HOME = Path(__file__).parents[2]
READY_S = 60.0
STOP_S = 30.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Kill:
    """One signal that was sent on purpose."""

    at: float
    """Seconds since the epoch, as in the ledger."""
    name: str
    signal: signal.Signals


@dataclass(slots=True)
class Fleet:
    """One system. Parts: "sandbox", "orchestrator-1", ..., "handler-1", ...; NAME.log each."""

    folder: Path
    database: Literal["sqlite", "postgres"] = "sqlite"
    orchestrators: int = 1
    handlers: int = 1
    time_factor: float = 10
    extra_env: Mapping[str, str] = field(default_factory=dict)
    """For every Orchestrator and Call Handler."""
    seed: int = 1
    speech: Literal["speech", "noise"] = "noise"
    """How the sandbox sounds; noise leaves the processors to the product."""
    kills: list[Kill] = field(default_factory=list)
    postgres: PostgresServer | None = None  # None on SQLite
    grpc_target: str = ""
    """All Orchestrators, as a reporter takes them."""
    _ports: Ports = field(init=False)
    _parts: dict[str, Part] = field(default_factory=dict)
    _processes: dict[str, Process | Forged] = field(default_factory=dict)
    _forges: dict[str, Forge] = field(default_factory=dict)
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ports = Ports(find_free_base())
        try:
            if self.database == "postgres":
                self.postgres = PostgresServer()
                self._opened.push_async_callback(self.postgres.remove)
                await self.postgres.create()
            self._plan()
            await self._open_forges()
            self._opened.push_async_callback(self._end_all)
            for name in self._parts:
                await self.start(name)
            await asyncio.gather(*map(self.ready, self._parts))
        except BaseException:
            await self._opened.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    @property
    def control(self) -> str:
        """The address of the sandbox's control API."""
        return f"http://127.0.0.1:{self._ports.control}"

    @property
    def ledger(self) -> Path:
        """The carrier's books."""
        return self.folder / SANDBOX / "ledger.jsonl"

    @property
    def database_url(self) -> str:
        """As RINGBACK_DATABASE_URL takes it."""
        return self.postgres.url if self.postgres else f"sqlite:///{self.folder / 'ringback.db'}"

    @property
    def orchestrator_names(self) -> list[str]:
        """The names of all Orchestrators."""
        return [f"orchestrator-{i}" for i in range(1, self.orchestrators + 1)]

    @property
    def handler_names(self) -> list[str]:
        """The names of all Call Handlers."""
        return [f"handler-{i}" for i in range(1, self.handlers + 1)]

    def page(self, i: int = 1) -> str:
        """The address of an Orchestrator's page and REST API."""
        return f"http://127.0.0.1:{self._ports.page(i)}"

    def grpc(self, i: int = 1) -> str:
        """The address of an Orchestrator's gRPC server."""
        return f"127.0.0.1:{self._ports.grpc(i)}"

    def pid(self, name: str) -> int:
        """The newest process of a part."""
        return self._processes[name].pid

    def is_alive(self, name: str) -> bool:
        """Say whether a part's process runs."""
        process = self._processes.get(name)
        return process is not None and process.returncode is None

    def log(self, name: str) -> str:
        """What a part has printed, over all its starts."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    async def start(
        self, name: str, env: Mapping[str, str] | None = None, wrap: Sequence[str] = ()
    ) -> None:
        """Start a part that does not run; `wrap` stands before its command."""
        assert not self.is_alive(name), f"{name} runs already"
        part, log = self._parts[name], self.folder / f"{name}.log"
        environment = {**part.environment, **(env or {})}
        if part.preload and not wrap:
            forge = self._forges[part.preload]
            self._processes[name] = await forge.start(environment, self.folder, log)
            return
        with log.open("ab") as output:
            self._processes[name] = await asyncio.create_subprocess_exec(
                *wrap,
                *part.command,
                cwd=self.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # so that a wrapper and its child die together
            )

    async def ready(self, name: str) -> None:
        """Wait until a part answers. Raises: RuntimeError with its last lines when it does not."""
        part = self._parts[name]
        try:
            async with asyncio.timeout(READY_S):
                while not await _is_healthy(part.port):
                    if not self.is_alive(name):
                        break
                    await asyncio.sleep(_LOOK_EVERY_S)
                else:
                    return
        except TimeoutError:
            pass
        lines = "\n".join(self.log(name).splitlines()[-15:])
        raise RuntimeError(f"{name} does not answer; its last lines:\n{lines}")

    async def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a part and its wrapper; after SIGKILL wait until it is gone."""
        process = self._processes[name]
        if process.returncode is not None:
            return
        self.kills.append(Kill(time.time(), name, sig))
        os.killpg(process.pid, sig)
        if sig is signal.SIGKILL:
            await process.wait()

    async def died(self, name: str, within_s: float = READY_S) -> int:
        """Wait until a part has ended by itself; its exit code. Raises: TimeoutError."""
        process = self._processes[name]
        async with asyncio.timeout(within_s):
            return await process.wait()

    async def stop(self, name: str, within_s: float = STOP_S) -> int:
        """Ask a part to end with SIGTERM and wait; its exit code. Raises: TimeoutError."""
        process = self._processes[name]
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(within_s):
            return await process.wait()

    async def _open_forges(self) -> None:
        """Start a parent for the processes of each program."""
        for part in self._parts.values():
            if part.preload and part.preload not in self._forges:
                forge = self._forges[part.preload] = Forge(part.command[1:], part.preload)
                self._opened.push_async_callback(forge.close)
                await forge.open(part.environment)

    async def _end_all(self) -> None:
        for process in self._processes.values():
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _plan(self) -> None:
        counts = (self.orchestrators, self.handlers)
        layout = Layout(self.folder, self._ports, *counts, self.database_url, self.extra_env)
        self._parts[SANDBOX] = layout.sandbox(self.time_factor, self.seed, self.speech)
        for i, name in enumerate(self.orchestrator_names, 1):
            self._parts[name] = layout.orchestrator(i)
        for i, name in enumerate(self.handler_names, 1):
            self._parts[name] = layout.handler(i)
        load_stream_key(layout.stream_key)
        self.grpc_target = layout.grpc_target


async def _is_healthy(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(2):
            return (await reader.readline()).split(b" ")[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        writer.transport.abort()
