"""Goal 21: adopting the reporting costs an agent next to nothing.

Four figures: the packages that `pip install` of this repository's base brings beside ours, into a
fresh environment; `import call_reporter` in a fresh process of it, less nothing; how long
`call.turn()` holds the agent's event loop while its turns are written down and sent to a real
Orchestrator on the other core; and the lines in which adoption_example/after.py differs from
before.py. A line that changed counts once, an added or removed one too, words in docstrings do not.
"""

import ast
import asyncio
import difflib
import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks.harness import (
    LOAD_CORE,
    SYSTEM_CORE,
    Line,
    Run,
    child,
    pin,
    quantiles,
    run_to_end,
)
from benchmarks.harness.machine import REPOSITORY

ANCHOR, IMPORT, TURN = "python -c pass", "import call_reporter", "call.turn()"
EXAMPLE = Path(__file__).parent / "adoption_example"
TURNS = 1_000
_PAUSE_S = 0.001
_WITHIN_S = 60.0


def main() -> int:
    """Measure and judge; returns the exit code."""
    run = Run("adoption", profile="base install, fresh environment; 1,000 turns of 50 characters")
    with tempfile.TemporaryDirectory(prefix="ringback bench ") as folder:
        python = install_base(Path(folder) / "environment")
        packages = count_packages(python)
        time_python(python, IMPORT)  # the first one reads from the disk
        for turn in run.interleave([ANCHOR, IMPORT], max(run.repeats, 5)):
            code = turn.case if turn.case == IMPORT else "pass"
            run.add(turn.case, start_s=time_python(python, code))
        measure_turns(run, Path(folder))
    lines = count_changed_lines()
    run.table("A fresh process", [Line(case, ANCHOR, "start_s") for case in (ANCHOR, IMPORT)])
    run.table("One turn told", [Line(TURN, None, "p99_ms", ("p50_ms", "worst_ms"))])
    run.note(f"{packages} packages beside ours; {lines} changed lines in the example")
    run.judge("21/packages", packages)
    beyond = run.median(IMPORT, "start_s") - run.median(ANCHOR, "start_s")
    run.judge("21/import", beyond, anchor=ANCHOR, figure="start_s")
    run.judge("21/turn", run.median(TURN, "p99_ms"))
    run.judge("21/lines", lines)
    run.histogram("How long call.turn() holds the loop", "turn_ms", [TURN])
    return run.finish()


def install_base(environment: Path) -> Path:
    """Install this repository's base into a fresh environment; returns its Python."""
    uv, python = _find_uv(), environment / "bin" / "python"
    run_to_end([uv, "venv", "-q", "--python", sys.executable, str(environment)], _WITHIN_S)
    into = ["--python", str(python), str(REPOSITORY)]
    run_to_end([uv, "pip", "install", "-q", "--compile-bytecode", *into], _WITHIN_S)
    return python


def count_packages(python: Path) -> int:
    """Count the packages of an environment beside ours."""
    command = [_find_uv(), "pip", "list", "--python", str(python), "--format", "json"]
    listed = json.loads(run_to_end(command, _WITHIN_S))
    return sum(package["name"] != "ringback" for package in listed)


def time_python(python: Path, code: str) -> float:
    """Run a line of Python in a fresh process: s from the spawn to its end, median of three."""
    spans = []
    for _ in range(3):
        begun = time.perf_counter()
        with child([str(python), "-c", code], core=SYSTEM_CORE) as process:
            if process.wait(_WITHIN_S):
                raise RuntimeError(f"python -c {code!r} failed{process.tail()}")
        spans.append(time.perf_counter() - begun)
    return statistics.median(spans)


def measure_turns(run: Run, folder: Path) -> None:
    """Tell turns to a reporter that a real Orchestrator answers, one call per repetition."""
    pin(SYSTEM_CORE)
    from benchmarks.report_load.system import running_orchestrator  # noqa: PLC0415 - grpc after pin

    with running_orchestrator(folder, core=LOAD_CORE) as system:
        for turn in run.interleave([TURN]):
            outbox = folder / f"outbox-{turn.repetition}.db"
            spans = asyncio.run(tell_turns(system.address, outbox))
            told = quantiles(spans)
            run.add_samples(TURN, "turn_ms", spans)
            run.add(TURN, p50_ms=told.p50, p99_ms=told.p99, worst_ms=told.worst)


async def tell_turns(target: str, outbox: Path) -> list[float]:
    """Tell the turns of one call; returns the ms that each held the loop."""
    from call_reporter import CallReporter  # noqa: PLC0415 - it imports grpc

    spans = []
    async with (
        CallReporter(target, outbox=str(outbox)) as reporter,
        reporter.call(f"CA{uuid.uuid4().hex}") as call,
    ):
        for number in range(TURNS):
            begun = time.perf_counter()
            call.turn("callee", f"Turn {number:05d}: a large one, please, without olives.")
            spans.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(_PAUSE_S)
        call.finish(status="completed")
    return spans


def count_changed_lines() -> int:
    """Count the lines in which the example differs after adopting."""
    before, after = (read_code(EXAMPLE / name) for name in ("before.py", "after.py"))
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in changes if kind != "equal")


def read_code(path: Path) -> list[str]:
    """Read a module's lines without the blank ones and without its own docstring."""
    text = path.read_text(encoding="utf-8")
    words = ast.parse(text).body[0].end_lineno or 0
    return [line for line in text.splitlines()[words:] if line.strip()]


def _find_uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


if __name__ == "__main__":
    raise SystemExit(main())
