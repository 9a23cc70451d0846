"""The real services as processes: the Call Handler alone on core 0, all others on core 1."""

import contextlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, Child, ChildEnded, Run, child, cpu_ns
from ringback_cli.launcher import Part
from ringback_cli.parts import Addresses, find_free_base, plan_system

HANDLER, ORCHESTRATOR, SANDBOX = "handler", "orchestrator", "sandbox"
PLACING = "placing"
"""The measuring process itself: it plays the persons who order, on the load's core."""
_START_S = 20.0
_LOOK_S = 0.05
_FOREIGN = ("TWILIO_", "OPENAI_", "RINGBACK_")
# The settings of whoever measures must not be read, and what a service logs goes to a file.
_IN_FOLDER = 'cd "$1" && log="$2" && shift 2 && exec "$@" >"$log" 2>&1'
_LIGHT = ("--cps", "1000", "--seed", "1", "--light")


@dataclass(frozen=True, slots=True)
class Layout:
    """Says where the parts run and how much is said.

    `cores`: other ones than 0 for the handler, 1 for the rest. `nice`: of parts that stand back
    behind others on their core. `talks_s`: how long the agent talks in each round of 14 s.
    """

    cores: Mapping[str, int] = field(default_factory=dict)
    nice: Mapping[str, int] = field(default_factory=dict)
    talks_s: float = 12.6


@dataclass(frozen=True, slots=True)
class LiveSystem:
    """Holds the running parts; they end with the `with` that started them."""

    addresses: Addresses
    folder: Path
    parts: dict[str, Child] = field(default_factory=dict)
    plans: dict[str, Part] = field(default_factory=dict)
    layout: Layout = Layout()

    @property
    def ledger(self) -> Path:
        """The sandbox's books."""
        return self.folder / "sandbox" / "ledger.jsonl"

    @property
    def auth_token(self) -> str:
        """The token of the account that the sandbox plays."""
        secrets: dict[str, str] = json.loads((self.folder / "launcher.json").read_text())
        return secrets["sandbox_auth_token"]

    def log_of(self, part: str) -> Path:
        """Say where a part logs, as JSON."""
        return self.folder / f"{part}.log"

    def read_cpu_s(self) -> dict[str, float]:
        """Read the CPU time of every part so far, and our own that places the calls, in s."""
        pids = {name: process.pid for name, process in self.parts.items()} | {PLACING: os.getpid()}
        return {name: cpu_ns(pid) / 1e9 for name, pid in pids.items()}

    def require_running(self) -> None:
        """Look whether every part lives. Raises: ChildEnded."""
        for name, process in self.parts.items():
            if not process.is_running:
                raise ChildEnded(f"{name} ended:\n{read_tail(self.log_of(name))}")


@contextmanager
def live_system(
    folder: Path,
    names: Sequence[str] = (SANDBOX, ORCHESTRATOR, HANDLER),
    settings: Mapping[str, str] | None = None,
    layout: Layout | None = None,
) -> Iterator[LiveSystem]:
    """Start these parts in an empty folder; all of them answer when this yields.

    `settings`: RINGBACK_ variables.
    """
    outer = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    outer |= {"RINGBACK_LOG_FORMAT": "json", "RINGBACK_DRAIN_S": "0", **(settings or {})}
    base = find_free_base()
    plan = plan_system(base, data_dir=folder, time_factor=1, outer=outer)
    system = LiveSystem(plan.addresses, folder, layout=layout or Layout())
    system.plans.update({part.name: part for part in plan.parts if part.name in names})
    with ExitStack() as started:
        for part in system.plans.values():
            system.parts[part.name] = started.enter_context(start_part(part, system))
        for part in system.plans.values():
            wait_until_healthy(part, system)
        yield system
        for process in reversed(system.parts.values()):
            process.stop()


def share_cores(spent_s: Mapping[str, float], seconds: float, own: str) -> dict[str, float]:
    """Give the shares of the cores: of the part under test, of all the load, of each of its parts.

    `spent_s`: CPU time of each part in `seconds`; `own`: the part that has core 0 for itself.
    """
    shares = {name: spent / seconds for name, spent in spent_s.items()}
    core = shares.pop(own)
    parts = {f"{name}_cpu": share for name, share in shares.items()}
    return {"core_cpu": core, "load_cpu": sum(shares.values()), **parts}


def say_shares(run: Run, case: str) -> str:
    """Say what was used of the cores, and by whom on the load's."""
    load, far, product, placing, core = (
        f"{run.median(case, f'{name}_cpu'):.0%}"
        for name in ("load", SANDBOX, ORCHESTRATOR, PLACING, "core")
    )
    return (
        f"the Call Handler used {core} of core 0; of core 1, in all {load}: the far ends of the "
        f"calls {far}, the Orchestrator {product}, placing calls {placing}"
    )


def read_tail(path: Path, lines: int = 8) -> str:
    """Read the last lines of a file."""
    with contextlib.suppress(OSError):
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _core_of(part: str) -> int:
    return SYSTEM_CORE if part == HANDLER else LOAD_CORE


def start_part(part: Part, system: LiveSystem) -> Child:
    """Start one part, which logs into the system's folder."""
    command = list(part.command)
    if part.name == SANDBOX:
        command += [*_LIGHT, str(system.layout.talks_s)]
    shell = ["sh", "-c", _IN_FOLDER, "sh", str(system.folder), str(system.log_of(part.name))]
    # Tied to us as to the launcher: a benchmark that is killed leaves nothing running.
    tether = own_module("ringback_cli.tether")
    environment = {**part.environment, "RINGBACK_LAUNCHER_PID": str(os.getpid())}
    core = system.layout.cores.get(part.name, _core_of(part.name))
    nice = system.layout.nice.get(part.name, 0)
    return child([*shell, *tether, *command], core=core, env=environment, nice=nice)


def wait_until_healthy(part: Part, system: LiveSystem) -> None:
    """Wait until a part answers. Raises: ChildEnded."""
    until = time.monotonic() + _START_S
    for port in part.health_ports:
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            system.require_running()
            if time.monotonic() > until:
                raise ChildEnded(f"{part.name} is silent:\n{read_tail(system.log_of(part.name))}")
            time.sleep(_LOOK_S)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (OSError, urllib.error.URLError):
        return False


def own_module(module: str, *arguments: str) -> list[str]:
    """Write the command of a module of ours."""
    return [sys.executable, "-m", module, *arguments]
