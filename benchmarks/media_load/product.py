"""The real Call Handler as the system under test, and what it needs around it."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, Child, child, require_equal
from benchmarks.media_load.generator import Generator, Heard
from benchmarks.media_load.load import Load
from benchmarks.media_load.telephone import AUTH_TOKEN, ORDER_TOKEN

HANDLER = Path(__file__).parents[2] / "Pizza Agent" / "main.py"
ROUNDABOUT = Path(__file__).with_name("roundabout.py")
_MAX_CALLS = "400"
_START_S = 15.0
_FOREIGN = ("TWILIO_", "OPENAI_", "RINGBACK_")


class Product(ExitStack):
    """`python "Pizza Agent/main.py"` on core 0: ledger, transcript, outbox, logs and reports on.

    The generator is its carrier and its model. Its Orchestrator is a stub process on core 1 that
    grants claims and takes progress and reports: its CPU counts as load.
    """

    def __init__(self, generator: Generator, program: Path = HANDLER) -> None:
        super().__init__()
        self._program = program
        self._generator = generator
        self._ordered = 0

    def __enter__(self) -> Self:
        """Start it."""
        with ExitStack() as starting:
            self._start(starting)
            self.push(starting.pop_all())
        return self

    @property
    def pid(self) -> int:
        """The Call Handler's process."""
        return self._handler.pid

    @property
    def helpers(self) -> Sequence[int]:
        """The processes on the load's core besides the generator."""
        return (self._orchestrator.pid,)

    def run(self, calls: int, seconds: float, profile: str = "d20", warmup_s: float = 1.0) -> Heard:
        """Hold calls through it; every one has to be reported. Raises: LoadFailed, Mismatch."""
        heard = self._generator.run(
            Load(
                calls=calls,
                seconds=seconds,
                profile=profile,
                warmup_s=warmup_s,
                pids=(self.pid,),
                helpers=self.helpers,
                orders_url=f"http://127.0.0.1:{self._port}",
            )
        )
        self._ordered += calls
        self._orchestrator.tell("results")
        require_equal("calls with one result", int(self._orchestrator.line()), self._ordered)
        return heard

    def _start(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringback-bench-")))
        stub = [sys.executable, "-m", "benchmarks.media_load.orchestrator"]
        self._orchestrator = stack.enter_context(child(stub, core=LOAD_CORE))
        target = f"127.0.0.1:{self._orchestrator.line()}"
        self._port = _free_port()
        # The settings of whoever measures must not be read: neither their `.env` nor their shell's.
        foreign = [name for name in os.environ if name.startswith(_FOREIGN)]
        clean = ["env", "-C", str(folder), *(f"--unset={name}" for name in foreign)]
        settings = [f"{name}={value}" for name, value in self._settings(folder, target).items()]
        command = [*clean, *settings, sys.executable, str(self._program)]
        self._handler: Child = stack.enter_context(child(command, core=SYSTEM_CORE))
        _wait_until_listening(self._port)

    def _settings(self, folder: Path, orchestrator: str) -> dict[str, str]:
        model = self._generator.model_url.replace("ws", "http", 1).removesuffix("/realtime")
        trust = {"SSL_CERT_FILE": self._generator.ca_file} if self._generator.ca_file else {}
        return {
            "RINGBACK_PORT": str(self._port),
            "RINGBACK_DATA_DIR": str(folder),
            "RINGBACK_MAX_CALLS": _MAX_CALLS,
            "RINGBACK_ORCHESTRATOR_GRPC": orchestrator,
            "RINGBACK_TWILIO_API_URL": f"http://127.0.0.1:{self._generator.carrier_port}",
            "RINGBACK_TOKEN_ORCHESTRATOR": ORDER_TOKEN,
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "OPENAI_BASE_URL": model,
            **trust,
        }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_listening(port: int) -> None:
    """Wait for a process to take connections. Raises: TimeoutError."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
