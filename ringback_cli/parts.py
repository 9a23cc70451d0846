"""Says which parts a system has, with which addresses and keys each is started."""

import contextlib
import importlib.util
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.launcher import Part

DEFAULT_BASE = 8900
PORTS_PER_SYSTEM = 6
# Below the ports that systems hand to outgoing connections, which come and go at any moment.
FREE_BASES = range(10_000, 30_000, 10)
SANDBOX_ACCOUNT = "AC" + "5a" * 16
SANDBOX_FROM_NUMBER = "+14155550199"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Derives every address of a system on this machine from its base port."""

    base: int

    @property
    def page(self) -> str:
        """Where the page and the REST API answer."""
        return f"http://127.0.0.1:{self.base}"

    @property
    def carrier(self) -> str:
        """Where the sandbox's carrier answers."""
        return f"http://127.0.0.1:{self.base + 1}"

    @property
    def model(self) -> str:
        """Where the sandbox's realtime model answers, in the form of OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.base + 2}/v1"

    @property
    def handler(self) -> str:
        """Where the Call Handler answers."""
        return f"http://127.0.0.1:{self.base + 3}"

    @property
    def grpc(self) -> str:
        """Where CallResults answers."""
        return f"127.0.0.1:{self.base + 4}"

    @property
    def phone(self) -> str:
        """Where the sandbox's phone page and control API answer."""
        return f"http://127.0.0.1:{self.base + 5}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Holds what the launcher starts and where a person finds it."""

    parts: tuple[Part, ...]
    addresses: Addresses
    has_sandbox_carrier: bool
    has_sandbox_model: bool


def plan_system(base: int, *, data_dir: Path, time_factor: float, outer: Mapping[str, str]) -> Plan:
    """Plan the parts of one system on ports base to base + 5.

    `outer`: the person's environment and `.env`; real Twilio and OpenAI keys in it take the
    sandbox's place. Raises: WrongUse for half a set of keys, or a real model at another speed than
    life's; CommandFailed for a port in use.
    """
    addresses = Addresses(base)
    _require_free_ports(base)
    real_carrier = _has_whole_set(outer, ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"))
    real_model = bool(outer.get("OPENAI_API_KEY"))
    if real_carrier and not real_model:
        raise WrongUse("TWILIO_* is set but OPENAI_API_KEY is not: a real call needs both")
    if real_model and time_factor != 1:
        raise WrongUse("OPENAI_API_KEY is set: the real model knows no other --time-factor than 1")
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    shared = _shared_environment(addresses, data_dir, outer, real_carrier)
    parts = [_orchestrator(addresses, shared), _call_handler(addresses, shared, real_model)]
    if not (real_carrier and real_model):
        parts.insert(0, _sandbox(base, data_dir, time_factor, shared))
    return Plan(tuple(parts), addresses, not real_carrier, not real_model)


def find_free_base() -> int:
    """Find six ports in a row that nobody listens on; the lowest of them.

    Raises: CommandFailed when there are none.
    """
    for _ in range(100):
        base = secrets.choice(FREE_BASES)
        if not _ports_in_use(base):
            return base
    raise CommandFailed("found no six free ports in a row on 127.0.0.1")


def without_accounts(outer: Mapping[str, str]) -> dict[str, str]:
    """Leave out the keys of Twilio and OpenAI: what is played by script needs the sandbox."""
    return {
        name: value for name, value in outer.items() if not name.startswith(("TWILIO_", "OPENAI_"))
    }


def read_outer_environment() -> dict[str, str]:
    """Read the environment over `.env` in the current folder, as the services do."""
    values: dict[str, str] = {}
    if Path(".env").exists():
        from dotenv import dotenv_values  # noqa: PLC0415 - comes with the orchestrator extra

        values = {name: value for name, value in dotenv_values(".env").items() if value}
    return values | dict(os.environ)


def _shared_environment(
    addresses: Addresses, data_dir: Path, outer: Mapping[str, str], real_carrier: bool
) -> dict[str, str]:
    made = _load_or_make_secrets(data_dir)
    environment = {
        "PYTHONUNBUFFERED": "1",
        "RINGBACK_DATA_DIR": str(data_dir),
        "RINGBACK_ORCHESTRATOR_GRPC": addresses.grpc,
        "RINGBACK_HANDLER_URLS": addresses.handler,
        "RINGBACK_TOKEN_ORCHESTRATOR": made["token_orchestrator"],
    } | dict(outer)
    if not real_carrier:
        environment.setdefault("RINGBACK_CONTACTS", str(_sandbox_folder() / "contacts.toml"))
        environment |= {
            "RINGBACK_MODE": "test",
            "RINGBACK_TWILIO_API_URL": addresses.carrier,
            "TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT,
            "TWILIO_AUTH_TOKEN": made["sandbox_auth_token"],
            "TWILIO_FROM_NUMBER": SANDBOX_FROM_NUMBER,
            # The only addresses that the sandbox's carrier can reach.
            "RINGBACK_ORCHESTRATOR_PUBLIC_URL": "https://orchestrator.ringback.test",
            "RINGBACK_HANDLER_PUBLIC_URL": "https://handler.ringback.test",
        }
    return environment


def _sandbox(base: int, data_dir: Path, time_factor: float, shared: Mapping[str, str]) -> Part:
    command = [sys.executable, "-m", "sandbox", "--port", str(base)]
    command += ["--data-dir", str(data_dir / "sandbox"), "--time-factor", str(time_factor)]
    ports = (base + 1, base + 2, base + 5)
    environment = {
        name: value for name, value in shared.items() if not name.startswith("RINGBACK_")
    }
    return Part("sandbox", command, environment, ports)


def _orchestrator(addresses: Addresses, shared: Mapping[str, str]) -> Part:
    environment = {**shared, "RINGBACK_PORT": str(addresses.base)}
    command = [sys.executable, "-m", "orchestrator"]
    return Part("orchestrator", command, environment, (addresses.base,))


def _call_handler(addresses: Addresses, shared: Mapping[str, str], real_model: bool) -> Part:
    environment = {**shared, "RINGBACK_PORT": str(addresses.base + 3)}
    if not real_model:
        environment |= {"OPENAI_API_KEY": "sandbox", "OPENAI_BASE_URL": addresses.model}
    package = importlib.util.find_spec("call_handler")
    if package is None or package.origin is None:
        raise CommandFailed("the Call Handler is not installed: pip install 'ringback[handler]'")
    main = Path(package.origin).parent.parent / "main.py"
    command = [sys.executable, str(main)] if main.exists() else _module_command()
    return Part("handler", command, environment, (addresses.base + 3,))


def _module_command() -> list[str]:
    return [sys.executable, "-m", "call_handler"]  # from a wheel there is no main.py


def _sandbox_folder() -> Path:
    package = importlib.util.find_spec("sandbox")
    if package is None or package.origin is None:
        raise CommandFailed("the sandbox is not installed: pip install 'ringback[sandbox]'")
    return Path(package.origin).parent


def _load_or_make_secrets(data_dir: Path) -> dict[str, str]:
    """Keep the launcher's own keys over restarts, in a file only its owner can read."""
    path = data_dir / "launcher.json"
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        stored: dict[str, str] = json.loads(path.read_text())
        return stored
    made = {name: secrets.token_hex(16) for name in ("token_orchestrator", "sandbox_auth_token")}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file)
    return made


def _has_whole_set(outer: Mapping[str, str], names: tuple[str, ...]) -> bool:
    missing = [name for name in names if not outer.get(name)]
    if missing and len(missing) < len(names):
        raise WrongUse(f"half a Twilio set: {' and '.join(missing)} is missing; set all or none")
    return not missing


def _require_free_ports(base: int) -> None:
    taken = _ports_in_use(base)
    if taken:
        listed = ", ".join(map(str, taken))
        raise CommandFailed(
            f"port {listed} is in use; choose others: make run BASE=9100 (ringback up --port 9100)"
        )


def _ports_in_use(base: int) -> list[int]:
    taken = []
    for port in range(base, base + PORTS_PER_SYSTEM):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(port)
    return taken
