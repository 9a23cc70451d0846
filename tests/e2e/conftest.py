"""The whole system as real processes, started as `ringback up` does, in scaled time; a browser."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from ringback_cli.parts import Addresses, find_free_base
from tests.e2e.browser import running_browser

TIME_FACTOR = 10
CALL_TIMEOUT_S = 60
# Calls wait more than they work, but their audio must keep its pace.
CALLS_AT_ONCE = 3


class System:
    """One running system and the lines that its parts have printed so far."""

    def __init__(self, base: int, data_dir: Path, settings: Mapping[str, str]) -> None:
        self.base = base
        self.addresses = Addresses(base)
        self.data_dir = data_dir
        self.lines: list[str] = []
        self._errands: list[subprocess.Popen[bytes]] = []
        self._printed = threading.Condition()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "ringback_cli.main", "up", "--port", str(base)),
                *("--data-dir", str(data_dir), "--time-factor", str(TIME_FACTOR)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=data_dir,
            env={**_environment(), **settings},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or []:
            with self._printed:
                self.lines.append(line.rstrip("\n"))
                self._printed.notify_all()

    def wait_for_line(
        self, holds: Callable[[str], bool], *, after: int = 0, timeout_s: float = 20
    ) -> str:
        """Wait until some part has printed a line for which `holds` is true; the line."""
        seen: list[str] = []

        def found() -> bool:
            seen[:] = [line for line in self.lines[after:] if holds(line)]
            return bool(seen)

        with self._printed:
            if not self._printed.wait_for(found, timeout_s):
                pytest.fail("no such line in:\n" + "\n".join(self.lines[-60:]))
        return seen[0]

    def pid_of(self, part: str) -> int:
        """The newest process of a part."""
        runs = [line for line in self.lines if f"{part} runs as process " in line]
        return int(runs[-1].rsplit(" ", 1)[1])

    def kill(self, part: str) -> None:
        """End a part as a power cut would."""
        os.kill(self.pid_of(part), signal.SIGKILL)

    def start_errand(self, scenario: str) -> str:
        """Confirm an errand in the background; its call_id, once the call talks."""
        seen = len(self.lines)
        errand = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "ringback_cli.main", "call", "--port", str(self.base)),
                *("--scenario", scenario, "--json"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        self._errands.append(errand)
        line = self.wait_for_line(lambda line: "call_claimed" in line, after=seen)
        return line.split("call_id=")[1].split()[0]

    def call(self, scenario: str) -> tuple[int, dict[str, Any], str]:
        """Run one errand with `ringback call`; its exit code, its result, its progress."""
        done = subprocess.run(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "ringback_cli.main", "call", "--port", str(self.base)),
                *("--scenario", scenario, "--json"),
            ],
            capture_output=True,
            text=True,
            timeout=CALL_TIMEOUT_S,
            check=False,
            cwd=self.data_dir,
            env=_environment(),
        )
        assert "Traceback" not in done.stderr
        if not done.stdout:
            pytest.fail(f"no result: {done.stderr}\n" + "\n".join(self.lines[-60:]))
        return done.returncode, json.loads(done.stdout), done.stderr

    def get(self, url: str) -> dict[str, Any]:
        """Fetch a JSON object."""
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            fetched: dict[str, Any] = json.load(answer)
        return fetched

    def ledger(self, call_id: str) -> list[dict[str, Any]]:
        """What the sandbox carrier wrote down about one call."""
        lines: list[dict[str, Any]] = self.get(
            f"{self.addresses.phone}/control/ledger?call_id={call_id}"
        )["lines"]
        return lines

    def scenarios(self) -> dict[str, dict[str, str]]:
        """What the sandbox can play, by name."""
        listed = self.get(f"{self.addresses.phone}/control/scenarios")["scenarios"]
        return {entry["name"]: entry for entry in listed}

    def stop(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        for errand in self._errands:
            errand.kill()
            errand.wait()
        self._reader.join(5)
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def pids(self) -> list[int]:
        """Every process that was ever started."""
        found = re.findall(r"runs as process (\d+)", "\n".join(self.lines))
        return [int(pid) for pid in found]


class PlayedCalls:
    """One call of each of some scenarios, a few at a time; begun at the first question."""

    def __init__(self, system: System, names: Sequence[str]) -> None:
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE)
        self._calls = {name: self._threads.submit(system.call, name) for name in names}

    def of(self, scenario: str) -> tuple[int, dict[str, Any], str]:
        """Wait for the scenario's call; its exit code, its result, its progress."""
        return self._calls[scenario].result()

    def wait_for_all(self) -> None:
        """Wait until every call is over."""
        for scenario in self._calls:
            self.of(scenario)

    def close(self) -> None:
        """Begin no more."""
        self._threads.shutdown(cancel_futures=True)


@contextmanager
def running_system(**settings: str) -> Iterator[System]:
    """Start a system on free ports in a folder of its own, with these settings, and stop it."""
    with tempfile.TemporaryDirectory(prefix="ringback e2e ") as folder:
        system = System(find_free_base(), Path(folder), settings)
        try:
            system.wait_for_line(lambda line: "Ringback is ready" in line)
            yield system
        finally:
            system.stop()


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """One system for all tests of a worker that kill nothing; it records its calls."""
    with running_system(RINGBACK_RECORD="true") as running:
        yield running


@pytest.fixture
def own_system() -> Iterator[System]:
    """A system of the test's own, to be killed in."""
    with running_system() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Run one browser for a module: it takes seconds to start, and belongs to its event loop."""
    async with running_browser() as running:
        yield running


def _environment() -> dict[str, str]:
    names = ("TWILIO_", "OPENAI_", "RINGBACK_")
    return {name: value for name, value in os.environ.items() if not name.startswith(names)}
