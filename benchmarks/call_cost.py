"""What one call costs the Orchestrator, from the person's yes to the settled result.

Claim (goal 16): at most 6 ms of CPU per call. The real Orchestrator's process runs on one core; a
load process on the other stands for 200 persons, the Call Handler and the carrier, over real HTTP
and gRPC: confirm, claim, order, signed callbacks each on a connection of its own, the stream's
claim, the progress, the report, the task that moves. Beside it, on the same core, a
fixed piece of work: with it the figure travels to another machine.

Measured: the CPU of all threads of the process between the first confirm and the last settled call,
by the number of calls; nothing is taken away. Commits are counted inside the process. With nobody
watching, with one page, with a page for every call; and once all calls take each step together,
which tells what a message of each kind costs.
"""

import contextlib
import hashlib
import json
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.call_load.__main__ import Cost, Plan
from benchmarks.call_load.bare import measure_bare
from benchmarks.call_load.script import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER
from benchmarks.durable_postgres import durable_postgres, find_missing_postgres, make_database
from benchmarks.harness import (
    LOAD_CORE,
    SYSTEM_CORE,
    Child,
    Line,
    Run,
    child,
    pin,
    require_equal,
)

CALLS = 200
_PLAY_S = 120.0
_START_S = 15.0
_IDLE_S = 5.0
_STEPS_PER_S = 500.0
NOBODY, ONE_PAGE, ALL_PAGES = "nobody watches", "one page", "a page for each call"
BY_STEP, POSTGRES, ANCHOR = "step by step", "PostgreSQL, one page", "fixed CPU loop"
_LOOP_TURNS = 2_000
_LOOP_TRIES = 15


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the parts of one case listen."""

    http: int
    grpc: int
    orders: int


def measure_loop() -> float:
    """Do the fixed work on the system's core, and say what it takes undisturbed; CPU in ms."""
    pin(SYSTEM_CORE)
    return min(_loop() for _ in range(_LOOP_TRIES))


def _loop() -> float:
    """Write, parse, hash and sort a line many times."""
    line = {"call_id": "01900000-0000-7000-8000-00000000aaaa", "turns": list(range(50))}
    begun_ns = time.thread_time_ns()
    for _ in range(_LOOP_TURNS):
        text = json.dumps(line)
        line = json.loads(text)
        hashlib.sha256(text.encode() * 4).digest()
        dict(sorted(line.items()))
    return (time.thread_time_ns() - begun_ns) / 1e6


def measure_case(plan: Mapping[str, float], database_url: str = "") -> Cost:
    """Run a fresh Orchestrator on an empty database, and the calls against it."""
    ports = Ports(*_free_ports(3))
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        commits = folder / "commits"
        environment = _environment(folder, ports, database_url)
        command = [sys.executable, "-m", "benchmarks.call_load.orchestrator", str(commits)]
        with child(command, core=SYSTEM_CORE, env=environment) as orchestrator:
            _wait_until_ready(orchestrator, ports.http)
            wish = Plan(
                orchestrator.pid,
                ports.http,
                ports.grpc,
                ports.orders,
                str(commits),
                **plan,  # type: ignore[arg-type] # the fields named below
            )
            cost = _play(wish)
            orchestrator.stop()
    require_equal("results stored", cost.results, wish.calls)
    return cost


def keep(run: Run, case: str, cost: Cost) -> None:
    """Keep one repetition of a case."""
    figures = asdict(cost)
    for name in ("steps", "counts", "results"):
        del figures[name]
    run.add(case, **figures)


def measure_steps(run: Run, calls: int) -> None:
    """Print and keep what one message of each kind costs, bare doors, and an idle minute."""
    cost = measure_case({"calls": calls, "steps_per_s": _STEPS_PER_S, "idle_s": _IDLE_S})
    keep(run, BY_STEP, cost)
    print(f"\n{'message':<26}{'per call':>9}{'us each':>9}{'us per call':>12}")
    for name, each_us in sorted(cost.steps.items(), key=lambda one: -one[1] * cost.counts[one[0]]):
        count = cost.counts[name]
        print(f"{name:<26}{count:>9.0f}{each_us:>9.0f}{count * each_us:>12.0f}")
        run.add(f"step: {name}", each_us=each_us, per_call=count)
    for name, each_us in measure_bare().items():
        print(f"{name:<26}{'':>9}{each_us:>9.0f}")
        run.add(f"step: {name}", each_us=each_us)
    run.note(f"an idle minute of the Orchestrator: {cost.idle_ms:.0f} ms of CPU")


def main() -> int:
    """Measure all cases, judge goal 16."""
    pace = "50 begun a second, 4 s each, so that most live at once"
    profile = f"{CALLS} calls of 24 messages, {pace}; SQLite FULL"
    run = Run("call_cost", profile)
    cases = [ONE_PAGE] if run.is_quick else [NOBODY, ONE_PAGE, ALL_PAGES]
    pages = {NOBODY: 0, ONE_PAGE: 1, ALL_PAGES: CALLS}
    with _postgres(run) as url_of:
        shown = [*cases, POSTGRES] if url_of else cases
        for turn in run.interleave([ANCHOR, *shown], 2 if run.is_quick else None):
            if turn.case == ANCHOR:
                run.add(ANCHOR, cpu_ms=measure_loop())
                continue
            url = url_of[turn.repetition] if url_of and turn.case == POSTGRES else ""
            plan = {"calls": CALLS, "pages": pages.get(turn.case, 1)}
            keep(run, turn.case, measure_case(plan, url))
    columns = ("commits", "messages", "chat_ms", "page_kb", "load_cpu")
    lines = [Line(ANCHOR, figure="cpu_ms")]
    lines += [Line(case, anchor=ANCHOR, figure="cpu_ms", columns=columns) for case in shown]
    run.table("CPU of the Orchestrator per call", lines)
    if not run.is_quick:
        measure_steps(run, CALLS)
    run.bars("CPU of the Orchestrator per call", "cpu_ms", shown)
    run.judge("16", run.median(ONE_PAGE, "cpu_ms"), anchor=ANCHOR, figure="cpu_ms", case=ONE_PAGE)
    return run.finish()


def _play(plan: Plan) -> Cost:
    command = [sys.executable, "-m", "benchmarks.call_load", json.dumps(asdict(plan))]
    with child(command, core=LOAD_CORE) as load:
        return Cost(**json.loads(load.line(_PLAY_S)))


@contextlib.contextmanager
def _postgres(run: Run) -> Iterator[list[str]]:
    """Run a durable PostgreSQL with a database for each repetition; none when it is not there."""
    missing = "not in a quick run" if run.is_quick else find_missing_postgres()
    if missing:
        run.note(f"PostgreSQL is not measured: {missing}")
        yield []
        return
    with durable_postgres() as server:
        yield [make_database(server.url, f"cost_{number}") for number in range(run.repeats)]


def _environment(folder: Path, ports: Ports, database_url: str) -> dict[str, str]:
    return {
        "RINGBACK_DATA_DIR": str(folder),
        "RINGBACK_PORT": str(ports.http),
        "RINGBACK_ORCHESTRATOR_GRPC": f"127.0.0.1:{ports.grpc}",
        "RINGBACK_HANDLER_URLS": f"http://127.0.0.1:{ports.orders}",
        "RINGBACK_TWILIO_API_URL": f"http://127.0.0.1:{ports.orders}",
        "RINGBACK_DATABASE_URL": database_url,
        "RINGBACK_TOKEN_ORCHESTRATOR": secrets.token_hex(16),
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": FROM_NUMBER,
        "OPENAI_API_KEY": "",
    }


def _wait_until_ready(orchestrator: Child, port: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and orchestrator.is_running:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the Orchestrator does not answer{orchestrator.tail()}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    raise SystemExit(main())
