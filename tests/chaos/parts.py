"""Which processes a chaos run's system has, with which command, environment and ports each."""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringback_cli.parts import SANDBOX_ACCOUNT, SANDBOX_FROM_NUMBER

HOME = Path(__file__).parents[2]
SANDBOX = "sandbox"
_PORTS = 20
_ORCHESTRATOR_TOKEN = "chaos-token-orchestrator"  # noqa: S105 - the sandbox's, worth nothing
_AUTH_TOKEN = "chaos-auth-token"  # noqa: S105 - the sandbox's, worth nothing
_STREAM_KEY = "stream.key"
# Below the ports that systems hand to outgoing connections, which come and go at any moment.
_BASES = range(10_000, 30_000, _PORTS)
# What scaled time makes of the spans of faults.md. RING_S and TIME_LIMIT_S are script time to the
# carrier and real time to the Orchestrator.
SPANS: Mapping[str, str] = {
    "RINGBACK_RING_S": "6",
    "RINGBACK_TIME_LIMIT_S": "120",
    "RINGBACK_GRACE_S": "4",
    "RINGBACK_CREATE_S": "2",
    "RINGBACK_ORDER_S": "3",
    "RINGBACK_SETTLE_S": "9",
    "RINGBACK_SWEEP_S": "0.25",
    "RINGBACK_ASK_AGAIN_S": "2",
    "RINGBACK_NOT_AFTER_S": "30",
}


@dataclass(frozen=True, slots=True)
class Part:
    """How one process is started, and the port on which it answers `/healthz`."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    preload: str = ""
    """What to import once for all its processes; empty where it is started only once."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Derives the ports of every part from the first of twenty free ones."""

    base: int

    @property
    def carrier(self) -> int:
        return self.base + 1

    @property
    def model(self) -> int:
        return self.base + 2

    @property
    def control(self) -> int:
        return self.base + 5

    def page(self, i: int) -> int:
        return self.base if i == 1 else self.base + 4 + 2 * i

    def grpc(self, i: int) -> int:
        return self.base + 4 if i == 1 else self.base + 5 + 2 * i

    def handler(self, i: int) -> int:
        return self.base + 3 if i == 1 else self.base + 14 + i


@dataclass(frozen=True, slots=True)
class Layout:
    """What the parts of one system must know of each other."""

    folder: Path
    ports: Ports
    orchestrators: int
    handlers: int
    database_url: str
    extra: Mapping[str, str]
    """For every Orchestrator and Call Handler."""

    @property
    def stream_key(self) -> Path:
        """The one key with which each Call Handler admits the streams of every other's dial."""
        return self.folder / _STREAM_KEY

    @property
    def grpc_target(self) -> str:
        """All Orchestrators, as a reporter takes them."""
        hosts = [f"127.0.0.1:{self.ports.grpc(i)}" for i in range(1, self.orchestrators + 1)]
        return hosts[0] if len(hosts) == 1 else f"ipv4:{','.join(hosts)}"

    def sandbox(self, time_factor: float, seed: int, speech: str) -> Part:
        """Plan the sandbox, with all replicas behind the public hosts."""
        words = [sys.executable, "-m", "sandbox", "--port", str(self.ports.base)]
        words += ["--data-dir", str(self.folder / SANDBOX), "--seed", str(seed)]
        words += ["--time-factor", str(time_factor), "--cps", "1000"]
        words += ["--speech", speech]
        replicas = {
            "orchestrator": map(self.ports.page, range(1, self.orchestrators + 1)),
            "handler": map(self.ports.handler, range(1, self.handlers + 1)),
        }
        for host, ports in replicas.items():
            for port in ports:
                words += ["--map", f"{host}.ringback.test=127.0.0.1:{port}"]
        return Part(tuple(words), self._environment(), self.ports.control)

    def orchestrator(self, i: int) -> Part:
        """Plan one Orchestrator."""
        handlers = range(1, self.handlers + 1)
        urls = [f"http://127.0.0.1:{self.ports.handler(handler)}" for handler in handlers]
        own = {
            "RINGBACK_PORT": str(self.ports.page(i)),
            "RINGBACK_ORCHESTRATOR_GRPC": f"127.0.0.1:{self.ports.grpc(i)}",
            "RINGBACK_DATABASE_URL": self.database_url,
            "RINGBACK_DATA_DIR": str(self.folder / f"orchestrator-{i}"),
            "RINGBACK_CONTACTS": str(HOME / "sandbox" / "contacts.toml"),
            "RINGBACK_HANDLER_URLS": ",".join(urls),
            **SPANS,
        }
        command = (sys.executable, "-m", "orchestrator")
        environment = self._environment() | own | dict(self.extra)
        return Part(command, environment, self.ports.page(i), "orchestrator.main")

    def handler(self, i: int) -> Part:
        """Plan one Call Handler."""
        own = {
            "RINGBACK_PORT": str(self.ports.handler(i)),
            "RINGBACK_ORCHESTRATOR_GRPC": self.grpc_target,
            "RINGBACK_DATA_DIR": str(self.folder / f"handler-{i}"),
            "RINGBACK_CREATE_S": SPANS["RINGBACK_CREATE_S"],
            "RINGBACK_STREAM_KEY_FILE": str(self.stream_key),
            "OPENAI_API_KEY": "sandbox",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.ports.model}/v1",
        }
        command = (sys.executable, str(HOME / "Pizza Agent" / "main.py"))
        environment = self._environment() | own | dict(self.extra)
        return Part(command, environment, self.ports.handler(i), "call_handler.app")

    def _environment(self) -> dict[str, str]:
        foreign = ("TWILIO_", "OPENAI_", "RINGBACK_")
        bare = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        return bare | {
            "PYTHONUNBUFFERED": "1",
            "RINGBACK_MODE": "test",
            "RINGBACK_TWILIO_API_URL": f"http://127.0.0.1:{self.ports.carrier}",
            "RINGBACK_TOKEN_ORCHESTRATOR": _ORCHESTRATOR_TOKEN,
            "TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT,
            "TWILIO_AUTH_TOKEN": _AUTH_TOKEN,
            "TWILIO_FROM_NUMBER": SANDBOX_FROM_NUMBER,
        }


def list_secrets(folder: Path) -> list[str]:
    """List what no log of a system in this folder may tell; its model's key is a plain word."""
    key = (folder / _STREAM_KEY).read_text(encoding="ascii").strip()
    return [_ORCHESTRATOR_TOKEN, _AUTH_TOKEN, key]


def find_free_base() -> int:
    """Find twenty ports in a row that nobody listens on; the lowest of them."""
    for _ in range(200):
        base = secrets.choice(_BASES)
        if not any(_is_taken(port) for port in range(base, base + _PORTS)):
            return base
    raise RuntimeError(f"found no {_PORTS} free ports in a row on 127.0.0.1")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
