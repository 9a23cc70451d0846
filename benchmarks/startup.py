"""Goal 17: each service listens within a second of its start.

A fresh process on one core, in the environment that `make run` gives it; the clock runs from the
spawn to the first 200 on /healthz, asked for from the other core. Its data folder is there from the
start before: the first start of all, which makes the database, is told beside it. The anchor is an
interpreter that does nothing.
"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, ChildEnded, Line, Run, child, cpu_ns, pin
from ringback_cli.launcher import Part
from ringback_cli.parts import find_free_base, plan_system, without_accounts

ANCHOR = "python -c pass"
SERVICES = {"Orchestrator": "orchestrator", "Call Handler": "handler"}
GOALS = {"Orchestrator": "17/orch", "Call Handler": "17/handler"}
FIRST = "Orchestrator, first start of all"
_LISTENS_WITHIN_S = 20.0
_ASK_AGAIN_S = 0.005
_NOTHINGS = 15


def main() -> int:
    """Measure and judge; returns the exit code."""
    run = Run("startup", profile="fresh process, warm files, SQLite, one core")
    pin(LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="ringback bench ") as folder:
        parts = plan_parts(Path(folder))
        for service, part in SERVICES.items():  # the first start compiles and makes the database
            first = start_service(parts[part])
            if service == "Orchestrator":
                run.add(FIRST, start_s=first[0], cpu_s=first[1])
        for turn in run.interleave([ANCHOR, *SERVICES], max(run.repeats, 5)):
            is_anchor = turn.case == ANCHOR
            span, cpu = start_nothing() if is_anchor else start_service(parts[SERVICES[turn.case]])
            run.add(turn.case, start_s=span, cpu_s=cpu)
    cases = [ANCHOR, *SERVICES, FIRST]
    run.table(
        "From the spawn to listening", [Line(case, None, "start_s", ("cpu_s",)) for case in cases]
    )
    for service, goal in GOALS.items():
        run.judge(goal, run.median(service, "start_s"), anchor=ANCHOR, figure="start_s")
    run.bars("From the spawn to listening", "start_s", cases)
    return run.finish()


def plan_parts(folder: Path) -> dict[str, Part]:
    """Plan the services as `make run` starts them, on free ports."""
    plan = plan_system(
        find_free_base(), data_dir=folder, time_factor=1, outer=without_accounts(os.environ)
    )
    return {part.name: part for part in plan.parts}


def start_service(part: Part) -> tuple[float, float]:
    """Start a service, stop it again; returns s to its first 200, and s of CPU by then.

    Raises: ChildEnded when it does not come.
    """
    begun = time.perf_counter()
    with child(part.command, core=SYSTEM_CORE, env=part.environment) as service:
        while not answers(part.health_ports[0]):
            if not service.is_running or time.perf_counter() - begun > _LISTENS_WITHIN_S:
                raise ChildEnded(f"{part.name} does not listen{service.tail()}")
            time.sleep(_ASK_AGAIN_S)
        span = time.perf_counter() - begun
        cpu = cpu_ns(service.pid) / 1e9
        service.stop()
    return span, cpu


def start_nothing() -> tuple[float, float]:
    """Start an interpreter that does nothing; returns s to its end, and s of its CPU.

    The median of several starts: a single one is so short that the neighbours show in it.
    """
    spans, before = [], os.times()
    for _ in range(_NOTHINGS):
        begun = time.perf_counter()
        with child([sys.executable, "-c", "pass"], core=SYSTEM_CORE) as nothing:
            nothing.wait(_LISTENS_WITHIN_S)
        spans.append(time.perf_counter() - begun)
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return statistics.median(spans), spent / _NOTHINGS


def answers(port: int) -> bool:
    """Ask once whether a service is healthy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
