"""An evaluation's end as text: a line for each scripted callee."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.chaos.table import Table
from tests.evaluation.barge_ins import measure_barge_ins
from tests.evaluation.judge import find_misses, is_false_success
from tests.evaluation.played import Played

# Evidence: facts proven, of those to be; the error is that of the truncations, the largest one.
COLUMNS = (
    "callee",
    "runs",
    "expected",
    "got",
    "evidence",
    "turns",
    "seconds",
    "error, ms",
    "",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of all runs of one scripted callee."""

    name: str
    runs: Sequence[Played]

    @property
    def misses(self) -> list[tuple[Played, list[str]]]:
        """The runs that were not as expected, each with what was wrong."""
        judged = [(played, find_misses(played)) for played in self.runs]
        return [(played, wrong) for played, wrong in judged if wrong]

    @property
    def false_successes(self) -> int:
        """How often success was claimed that was not earned."""
        return sum(map(is_false_success, self.runs))

    def cells(self) -> tuple[str, ...]:
        """Write the row."""
        scripted = self.runs[0].scripted
        ended = _in_words("END_REASON_", scripted.end_reason)
        outcome = _in_words("OUTCOME_", scripted.outcome)
        good = len(self.runs) - len(self.misses)
        barge_ins = measure_barge_ins(line for run in self.runs for line in run.lines)
        return (
            self.name,
            str(len(self.runs)),
            f"{ended}, {outcome}",
            " | ".join(sorted({_got(run) for run in self.runs} - {f"{ended}, {outcome}"}))
            or "same",
            f"{_count_proven(self.runs)} of {len(scripted.facts) * len(self.runs)}",
            _range(len(run.objects("transcript")) for run in self.runs),
            _range(_duration(run) for run in self.runs),
            f"{barge_ins.worst_ms:.0f}" if barge_ins.errors_ms else "-",
            "" if good == len(self.runs) else f"{len(self.runs) - good} MISSED",
        )


def group_runs(played: Iterable[Played]) -> list[Row]:
    """Put the runs of each callee together, in the order in which they were begun."""
    runs: dict[str, list[Played]] = {}
    for one in played:
        runs.setdefault(one.scripted.name, []).append(one)
    return [Row(name, calls) for name, calls in runs.items()]


def tabulate(rows: Sequence[Row]) -> Table:
    """Put all rows under their headings."""
    return Table(COLUMNS, tuple(row.cells() for row in rows))


def _got(run: Played) -> str:
    ended = _in_words("END_REASON_", run.text("end_reason"))
    return f"{ended}, {_in_words('OUTCOME_', run.text('outcome'))}"


def _count_proven(runs: Sequence[Played]) -> int:
    return sum(
        any(
            fact["name"] == name and fact.get("value") == value and bool(fact.get("evidence_turns"))
            for fact in run.objects("facts")
        )
        for run in runs
        for name, value in run.scripted.facts.items()
    )


def _duration(run: Played) -> int:
    seconds = run.result.get("duration", 0)
    return seconds if isinstance(seconds, int) else 0


def _range(numbers: Iterable[int]) -> str:
    ranked = sorted(numbers)
    return str(ranked[0]) if ranked[0] == ranked[-1] else f"{ranked[0]}-{ranked[-1]}"


def _in_words(prefix: str, word: str) -> str:
    return word.removeprefix(prefix).lower().replace("_", " ") or "nothing"
