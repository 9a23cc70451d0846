"""One run of one benchmark: its turns, repetitions, tables, notes and goals, kept as they come."""

import argparse
import signal
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.goals import find_goal
from benchmarks.harness.judging import Evidence, Judgement, Verdict, judge
from benchmarks.harness.machine import (
    REPOSITORY,
    describe_machine,
    read_commit,
    read_load,
    read_versions,
)
from benchmarks.harness.repetitions import Ratio, Repetitions
from benchmarks.harness.results_file import Plot, ResultsWriter
from benchmarks.harness.samples import quantiles
from benchmarks.harness.tables import Line, build_grid, name_figure
from benchmarks.harness.terminal import Progress, paint, paint_verdict, width

RESULTS = REPOSITORY / "benchmarks" / "results"
REPEATS = 3


class Mismatch(AssertionError):
    """Two counts that must agree do not: what was measured was not the work that was claimed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One repetition of one case that is to be made now."""

    case: str
    repetition: int


def require_equal(what: str, found: int, expected: int) -> None:
    """Compare two counts. Raises: Mismatch."""
    if found != expected:
        raise Mismatch(f"{what}: {found}, expected {expected}")


class Run:
    """Measures, keeps, shows and judges; `options` holds the command line as read.

    `parser` may bring options of the benchmark's own.
    """

    def __init__(
        self, name: str, profile: str, parser: argparse.ArgumentParser | None = None
    ) -> None:
        self.options = _add_options(parser, name).parse_args()
        # Ended from outside is ended as by Ctrl-C: children, folders and files are put away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.repeats: int = self.options.repeats
        self.is_quick: bool = self.options.quick
        self.has_peers: bool = self.options.peers
        self.name = name
        self.results: Path = self.options.results / f"{name}.jsonl"
        self._repetitions = Repetitions()
        self._writer = ResultsWriter(self.results)
        self._verdicts: list[Verdict] = []
        self._begun = time.monotonic()
        self._progress: Progress | None = None
        self._print_head(profile)

    def interleave(self, cases: Sequence[str], repeats: int | None = None) -> Iterator[Turn]:
        """Go through the cases in turns, A B A B A B; `repeats` over the command line's."""
        rounds = repeats or self.repeats
        self._progress = Progress(rounds * len(cases))
        for repetition in range(rounds):
            for case in cases:
                self._progress.begin(f"{case} ({repetition + 1} of {rounds})")
                yield Turn(case, repetition)
        self._progress.clear()

    def add(self, case: str, **figures: float) -> None:
        """Keep one repetition of a case; the file has it at once."""
        number = self._repetitions.add(case, figures)
        self._writer.write("repetition", case=case, repetition=number, figures=figures)

    def add_samples(self, case: str, name: str, values: Iterable[float]) -> None:
        """Keep the single samples of a case, for a histogram; `name` ends in the unit."""
        self._writer.write("samples", case=case, name=name, values=list(values))

    def add_spans(self, case: str, name: str, spans_ms: Sequence[float], **figures: float) -> None:
        """Keep a repetition's spans, ms: for a histogram, and summed up from p50 to the worst."""
        told = quantiles(spans_ms)
        self.add_samples(case, name, spans_ms)
        summed_up = {"p50_ms": told.p50, "p90_ms": told.p90, "p99_ms": told.p99}
        self.add(case, **summed_up, worst_ms=told.worst, n=told.n, **figures)

    def median(self, case: str, figure: str) -> float:
        """Return the median over a case's repetitions."""
        return self._repetitions.median(case, figure)

    def spread(self, case: str, figure: str) -> tuple[float, float]:
        """Return the lowest and the highest of a case's repetitions."""
        return self._repetitions.spread(case, figure)

    def values(self, case: str, figure: str) -> list[float]:
        """Return a figure of a case by repetition."""
        return self._repetitions.values(case, figure)

    def ratio(self, case: str, anchor: str, figure: str) -> Ratio:
        """Return a figure over its anchor's, of the repetitions' own ratios."""
        return self._repetitions.ratio(case, anchor, figure)

    def table(self, title: str, lines: Sequence[Line]) -> None:
        """Print a ratio table."""
        self._clear()
        self._writer.write("table", title=title, lines=[asdict(line) for line in lines])
        print(f"\n{paint(title, 'bold')}")
        head, *rows = build_grid(lines, self._repetitions).to_text(width())
        print("\n".join([paint(head, "dim"), *rows]))

    def judge(
        self,
        goal_id: str,
        measured: float,
        anchor: str | None = None,
        figure: str = "per_s",
        case: str | None = None,
    ) -> Verdict:
        """Judge a goal, print and keep the verdict.

        With `anchor` the spread of its `figure` decides whether it may be judged; with `case` its
        load_cpu and errors do. Raises: UnknownGoal.
        """
        return self._keep(judge(find_goal(goal_id), measured, self._evidence(anchor, figure, case)))

    def skip(self, goal_id: str, reason: str) -> Verdict:
        """Say that a goal was not measured in this run, and why."""
        return self._keep(Verdict(find_goal(goal_id), None, Judgement.NOT_JUDGED, reason))

    def note(self, text: str) -> None:
        """Print a line under the table and keep it."""
        self._clear()
        print(textwrap.fill(text, width(), initial_indent="  ", subsequent_indent="    "))
        self._writer.write("note", text=text)

    def bars(self, title: str, figure: str, cases: Sequence[str], anchor: str = "") -> None:
        """Have a figure of some cases drawn as bars with their spread; anchor: a line across."""
        self._plot(Plot("bars", title, figure, {"": list(cases)}, anchor=anchor))

    def lines(self, title: str, x: str, y: str, series: Mapping[str, Sequence[str]]) -> None:
        """Have curves drawn: each series is the cases of its points, `x` and `y` their figures."""
        self._plot(Plot("lines", title, y, dict(series), x=x))

    def histogram(self, title: str, samples: str, cases: Sequence[str]) -> None:
        """Have the samples of this name drawn, one histogram per case over the same foot."""
        self._plot(Plot("histogram", title, samples, {"": list(cases)}))

    def finish(self) -> int:
        """Draw the plots, say what the run took; returns the exit code.

        1 only with --gate and a goal that falls short.
        """
        self._clear()
        seconds, load = time.monotonic() - self._begun, read_load()
        self._writer.write("end", seconds=round(seconds, 1), load_after=load)
        self._writer.close()
        from benchmarks.harness.plots import draw_file  # noqa: PLC0415 - no load process draws

        drawn = [path.name for path in draw_file(self.results)]
        print(paint(f"\n{seconds:.0f} s, load after {load[0]:.2f}; {_name(self.results)}", "dim"))
        if drawn:
            print(paint(f"drawn: {', '.join(drawn)}", "dim"))
        short = any(verdict.judgement is Judgement.SHORT for verdict in self._verdicts)
        return 1 if short and self.options.gate else 0

    def _print_head(self, profile: str) -> None:
        versions, commit, load = read_versions(), read_commit(), read_load()
        machine = describe_machine()
        told = ", ".join(f"{name} {number}" for name, number in versions.items())
        print(paint(f"{self.name}: {profile}", "bold"))
        print(paint(f"{machine}, commit {commit}, load {load[0]:.2f}\n{told}", "dim"))
        self._writer.write(
            "run",
            benchmark=self.name,
            profile=profile,
            began_ms=round(time.time() * 1000),
            began=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
            machine=machine,
            commit=commit,
            versions=versions,
            load_before=load,
            is_quick=self.is_quick,
        )

    def _evidence(self, anchor: str | None, figure: str, case: str | None) -> Evidence:
        load = self._highest(case, "load_cpu")
        errors = self._highest(case, "errors")
        if anchor is None:
            return Evidence(load=load, errors=errors)
        return Evidence(
            anchor=f"{anchor}, {name_figure(figure)}",
            repetitions=len(self._repetitions.values(anchor, figure)),
            spread=self._repetitions.relative_spread(anchor, figure),
            load=load,
            errors=errors,
        )

    def _highest(self, case: str | None, figure: str) -> float:
        if case is None or not self._repetitions.has(case, figure):
            return 0.0
        return self._repetitions.spread(case, figure)[1]

    def _keep(self, verdict: Verdict) -> Verdict:
        self._clear()
        print(paint_verdict(verdict))
        self._verdicts.append(verdict)
        self._writer.write(
            "verdict",
            goal=verdict.goal.id,
            limit=verdict.goal.say_limit(),
            measured=verdict.measured,
            judgement=str(verdict.judgement),
            reason=verdict.reason,
        )
        return verdict

    def _plot(self, plot: Plot) -> None:
        self._writer.write(
            "plot",
            shape=plot.shape,
            title=plot.title,
            figure=plot.figure,
            series=plot.series,
            x=plot.x,
            anchor=plot.anchor,
        )

    def _clear(self) -> None:
        if self._progress is not None:
            self._progress.clear()
        sys.stdout.flush()


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)


def _add_options(parser: argparse.ArgumentParser | None, name: str) -> argparse.ArgumentParser:
    parser = parser or argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a goal falls short")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help="default 3")
    parser.add_argument("--quick", action="store_true", help="within the budget of `make bench`")
    parser.add_argument("--peers", action="store_true", help="what takes other frameworks or long")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    return parser
