"""Runs the parts as processes: starts them, waits for health, restarts the dead, stops them all."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from ringback_cli.errors import CommandFailed

DEATHS = 3
DEATHS_WITHIN_S = 30.0
HEALTH_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 6.0
# What our services answer to settings that cannot work; trying again changes nothing.
REFUSES_TO_START = 2
RESTART_DELAYS_S = (0.0, 0.5, 2.0)
LINE_LIMIT_BYTES = 1 << 20
COLOURS = {"orchestrator": "36", "handler": "35", "sandbox": "33", "ringback": "32"}


@dataclass(frozen=True, slots=True)
class Part:
    """Says how one process is started and on which ports of 127.0.0.1 `/healthz` answers."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health_ports: tuple[int, ...]


@dataclass(slots=True)
class _Running:
    part: Part
    process: asyncio.subprocess.Process
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))


class Launcher:
    """Keeps a set of parts running until `stop`; each line they print gets their name in front."""

    def __init__(
        self, parts: Sequence[Part], log: TextIO, *, stop_timeout_s: float = STOP_TIMEOUT_S
    ) -> None:
        self._parts = parts
        self._log = log
        self._stop_timeout_s = stop_timeout_s
        self._colour = log.isatty() and "NO_COLOR" not in os.environ
        self._running: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.gave_up = asyncio.Event()

    async def start(self) -> None:
        """Start every part and return once each answers on all its health ports.

        Raises: CommandFailed when a part keeps dying or stays silent for 20 s.
        """
        for part in self._parts:
            running = _Running(part, await self._spawn(part))
            self._running[part.name] = running
            self._hold(self._watch(running))
        healthy = asyncio.ensure_future(self._wait_until_healthy())
        gave_up = asyncio.ensure_future(self.gave_up.wait())
        await asyncio.wait({healthy, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        gave_up.cancel()
        if not healthy.done():
            healthy.cancel()
            raise CommandFailed("a part ended before it was ready; its last lines are above")
        await healthy

    async def stop(self) -> None:
        """End every part: ask, ask again, then kill; return when no process is left."""
        self._stopping = True
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            alive = [r.process for r in self._running.values() if r.process.returncode is None]
            waits = {asyncio.ensure_future(process.wait()) for process in alive}
            for process in alive:
                _signal_all(process, number)
            if waits:
                _, late = await asyncio.wait(waits, timeout=self._stop_timeout_s)
                for wait in late:
                    wait.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def say(self, name: str, line: str) -> None:
        """Print one line with the part's name in front."""
        label = f"{name:<12} | "
        if self._colour:
            label = f"\x1b[{COLOURS.get(name, '37')}m{label}\x1b[0m"
        with contextlib.suppress(BrokenPipeError):
            print(f"{label}{line}", file=self._log, flush=True)

    def _hold(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        environment = {**part.environment, "RINGBACK_LAUNCHER_PID": str(os.getpid())}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ringback_cli.tether", *part.command),
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_LIMIT_BYTES,
            start_new_session=True,  # a Ctrl-C in the terminal reaches the launcher only
        )
        self.say("ringback", f"{part.name} runs as process {process.pid}")
        return process

    async def _watch(self, running: _Running) -> None:
        """Pass on what a part prints; when it dies, say so and start it again, up to a limit."""
        while True:
            await self._pass_on_lines(running)
            code = await running.process.wait()
            if self._stopping:
                return
            running.deaths.append(time.monotonic())
            self.say("ringback", f"{running.part.name} ended with {_describe_exit(code)}")
            if code == REFUSES_TO_START:
                self.say("ringback", f"{running.part.name} cannot run like this: stopping")
                self.gave_up.set()
                return
            if _died_too_often(running.deaths):
                self.say("ringback", f"{running.part.name} died {DEATHS} times in 30 s: stopping")
                self.gave_up.set()
                return
            await asyncio.sleep(RESTART_DELAYS_S[len(running.deaths) - 1])
            if self._stopping:
                return
            running.process = await self._spawn(running.part)

    async def _pass_on_lines(self, running: _Running) -> None:
        output = running.process.stdout
        if output is None:
            return
        while True:
            try:
                line = await output.readline()
            except ValueError:
                continue  # a line beyond the limit: the reader has dropped it
            if not line:
                return
            self.say(running.part.name, line.decode(errors="replace").rstrip())

    async def _wait_until_healthy(self) -> None:
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                for port in part.health_ports:
                    group.create_task(_wait_for_health(part.name, port))


async def _wait_for_health(name: str, port: int) -> None:
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S):
            while not await _answers_healthy(port):  # noqa: ASYNC110 - another process gives no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise CommandFailed(f"{name} did not answer on port {port} within 20 s") from None


async def _answers_healthy(port: int) -> bool:
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            status_line = await reader.readline()
            return status_line.split(b" ")[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()


def _died_too_often(deaths: deque[float]) -> bool:
    return len(deaths) == DEATHS and deaths[-1] - deaths[0] <= DEATHS_WITHIN_S


def _describe_exit(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _signal_all(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if number is signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
