"""Goal 7: what reports and reads cost does not grow with the results that are stored.

Stores of 10, 1,000, 100,000 and 1,000,000 results (SQLite, WAL, synchronous FULL; rows as the
product wrote them, stored by its own statements, with CallSids as random as Twilio's), each served
by a process of its own (`python -m orchestrator`) on core 0. A client on core 1 reports new
results, gets results from anywhere, lists the first page (plain; filtered by what is rare; filtered
by what is not indexed), resumes a watch in the midst, waits at a watcher for what it reports, and
loads the page of calls. Kind by kind, in turns over the sizes; the anchor is the store that began
with 10, which the reports fill with more than a page before it is read. Cost is the server's CPU
time per answer and the p50; the goals are judged by the larger of the two ratios.

Then retention: the p99 of a Report while 100,000 results that are too old are erased, against the
same without (`growth_load.erasing`). Filling takes a minute; `--keep FOLDER` keeps the filled files
there and takes them again. `--most 100000` leaves the largest out.
"""

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, ChildEnded, Line, Run, child, require_equal
from benchmarks.report_load.cases import run_client
from benchmarks.report_load.payload import RESULT_BYTES
from benchmarks.report_load.system import RunningServer, running_orchestrator

SIZES = (10, 1_000, 100_000, 1_000_000)
KINDS = (
    "Report",
    "GetResult",
    "ListResults",
    "ListResults, rare",
    "ListResults, mixed",
    "WatchResults, 100",
    "Report to watcher",
    "page /calls",
)
"""As the client knows them; it would be loaded on the wrong core if it were imported."""
GOALS = {"7/report": "Report", "7/get": "GetResult", "7/list": "ListResults"}
WINDOW_S, LONG_WINDOW_S = 0.5, 0.8
OLD = 100_000
AT_ONCE = 8
"""Reports under way beside retention."""
_ERASING_WINDOW_S = 3.0
_ERASINGS = 2
_COLUMNS = ("p50_ms", "p99_ms", "load_cpu")
_FILLING_S = 180.0
_ASKING_S = 60.0


def main() -> int:
    """Measure, show, judge; returns the exit code."""
    run = Run("growth", f"{RESULT_BYTES} B, external calls, SQLite FULL", _own_options())
    sizes = [size for size in SIZES if size <= run.options.most]
    with _folder(run.options.keep) as folder:
        for size in sizes:
            _fill(folder / f"{size}.db", size, days_ago=0.0)
        _measure_growth(run, folder, sizes)
        _show_growth(run, sizes)
        if not run.options.no_erasing:
            _show_erasing(run, folder)
    return run.finish()


def _own_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="a folder for the filled files")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest size")
    parser.add_argument("--no-erasing", action="store_true", help="leave retention out")
    return parser


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        yield Path(name)


def _fill(file: Path, count: int, days_ago: float) -> None:
    """Fill a file unless it is there."""
    if file.exists():
        return
    print(f"filling {file.name} ...", file=sys.stderr)
    unfinished = file.with_suffix(".part")
    argv = [sys.executable, "-m", "benchmarks.growth_load.filling"]
    argv += ["--database", f"sqlite:///{unfinished}", "--count", str(count)]
    argv += ["--days-ago", str(days_ago)]
    with child(argv, core=SYSTEM_CORE) as filling:
        if filling.wait(_FILLING_S):
            raise ChildEnded(f"{file.name} could not be filled{filling.tail()}")
    unfinished.rename(file)


def _measure_growth(run: Run, folder: Path, sizes: list[int]) -> None:
    """Serve all stores side by side and ask one after the other."""
    repeats = 2 if run.is_quick else run.repeats
    with ExitStack() as running:
        argv = [sys.executable, "-m", "benchmarks.growth_load.client"]
        for size in sizes:
            argv += running.enter_context(_serving(folder / f"{size}.db", size))
        client = running.enter_context(child(argv, core=LOAD_CORE))
        for kind in KINDS:
            cases = {f"{kind} @{_say(size)}": size for size in sizes}
            is_goal = kind in GOALS.values()
            window_s = LONG_WINDOW_S if is_goal else WINDOW_S
            for turn in run.interleave(list(cases), repeats * (2 if is_goal else 1)):
                client.tell(f"{_say(cases[turn.case])}\t{kind}\t{window_s}")
                figures: dict[str, float] = json.loads(client.line(_ASKING_S))
                require_equal(f"wrong answers to {kind}", int(figures["errors"]), 0)
                run.add(turn.case, results_log10=math.log10(cases[turn.case]), **figures)


@contextmanager
def _serving(file: Path, size: int) -> Iterator[list[str]]:
    """Serve a store and yield how the client is told of it; a small one is copied, to stay so."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        database = file if size >= OLD else Path(shutil.copy(file, folder / "copy.db"))
        with running_orchestrator(folder, database_url=f"sqlite:///{database}") as system:
            told = (_say(size), system.address, system.http_url, str(database), str(system.pid))
            yield ["--store", *told]


def _show_growth(run: Run, sizes: list[int]) -> None:
    first, last = _say(sizes[0]), _say(sizes[-1])
    for kind in KINDS:
        lines = [
            Line(f"{kind} @{_say(size)}", f"{kind} @{first}", "cpu_us", _COLUMNS) for size in sizes
        ]
        run.table(f"{kind}: what it costs by the size of the store", lines)
    for goal, kind in GOALS.items():
        case, anchor = f"{kind} @{last}", f"{kind} @{first}"
        if sizes[-1] != SIZES[-1]:
            run.skip(goal, f"measured up to {last} results only")
            continue
        cost = max(run.ratio(case, anchor, name).median for name in ("cpu_us", "p50_ms"))
        run.judge(goal, measured=cost, anchor=anchor, figure="cpu_us", case=case)
    kinds = [kind for kind in KINDS if kind.startswith(tuple(GOALS.values()))]
    series = {kind: [f"{kind} @{_say(size)}" for size in sizes] for kind in kinds}
    run.lines("CPU per answer by the size of the store", "results_log10", "cpu_us", series)


def _show_erasing(run: Run, folder: Path) -> None:
    """Measure a Report beside retention and without it, in turns."""
    old = folder / "old.db"
    _fill(old, OLD, days_ago=40.0)
    cases = ("Report, nothing to erase", "Report while old results are erased")
    for turn in run.interleave(cases, 1 if run.is_quick else _ERASINGS):
        run.add(turn.case, **_erase(old, is_erasing=turn.case == cases[1]))
    lines = [Line(case, cases[0], "p99_ms", ("p50_ms", "per_s", "load_cpu")) for case in cases]
    run.table(f"Reports beside the erasing of {OLD:,} results", lines)
    took_s = run.median(cases[1], "erasing_s")
    run.note(f"{OLD:,} results with all that hangs on them were erased in {took_s:.0f} s")


def _erase(file: Path, *, is_erasing: bool) -> dict[str, float]:
    """Load a copy of an old store with reports, and erase the old meanwhile if told so."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        copy = shutil.copy(file, Path(name) / "old.db")
        argv = [sys.executable, "-m", "benchmarks.growth_load.erasing"]
        argv += ["--database", f"sqlite:///{copy}"]
        with child(argv, core=SYSTEM_CORE) as system:
            server = RunningServer(f"127.0.0.1:{system.line()}", system)
            if is_erasing:
                system.tell("erase")
            figures = run_client(server, AT_ONCE, 1, _ERASING_WINDOW_S)
            if is_erasing:
                erased = json.loads(system.line(_ASKING_S))
                require_equal("calls erased", erased["calls"], OLD)
                figures["erasing_s"] = erased["seconds"]
    return figures


def _say(size: int) -> str:
    return f"{size:,}"


if __name__ == "__main__":
    raise SystemExit(main())
