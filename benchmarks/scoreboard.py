"""The one table at the end: every goal with its limit, what was measured, and what that means."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.catalogue import Benchmark
from benchmarks.goals import GOALS, Goal, say_amount
from benchmarks.harness.judging import Judgement, Verdict
from benchmarks.harness.terminal import paint, paint_judgement

_HEADS = ("goal", "what", "limit", "measured", "beside", "")
_WHAT, _BESIDE = 1, 4
_LEAST_WHAT = 16
_GAP = "  "
_WORST_FIRST = (Judgement.SHORT, Judgement.NOT_JUDGED, Judgement.MET)


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a benchmark: its verdicts, and how it broke off ("" when it did not)."""

    benchmark: Benchmark
    verdicts: Sequence[Verdict]
    reason: str = ""


def collect_verdicts(finished: Iterable[Finished], *, with_peers: bool) -> list[Verdict]:
    """Give every goal of these benchmarks its verdict, in their order; of several the worst."""
    found = [
        _worst(goal, one) for one in finished for goal in one.benchmark.goals(with_peers=with_peers)
    ]
    return sorted(found, key=lambda verdict: GOALS.index(verdict.goal))


def tabulate(verdicts: Sequence[Verdict], width: int) -> Iterator[str]:
    """Lay the goals out for a terminal; why one was not judged stands below."""
    rows = [(_cells(verdict), verdict.judgement) for verdict in verdicts]
    columns = zip(_HEADS, *(cells for cells, _ in rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    spare = width - sum(widths) - len(_GAP) * (len(widths) - 1)
    widths[_WHAT] = max(_LEAST_WHAT, widths[_WHAT] + min(spare, 0))
    yield paint(_lay_out(_HEADS, widths), "dim")
    for cells, judgement in rows:
        first, *rest = textwrap.wrap(cells[_WHAT], widths[_WHAT])
        line = _lay_out((cells[0], first, *cells[2:5], ""), widths)
        before = sum(widths[:5]) + 5 * len(_GAP)
        yield f"{line.ljust(before)}{paint_judgement(judgement, judgement)}"
        for more in rest:
            yield " " * (widths[0] + len(_GAP)) + more
    for reason, goals in _group_by_reason(verdicts).items():
        yield from textwrap.wrap(f"not judged: {goals}: {reason}", width, subsequent_indent="  ")


def tabulate_markdown(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Write the goals for a page."""
    yield "| goal | what | limit | measured | beside | |"
    yield "|---|---|---:|---:|---|---|"
    for verdict in verdicts:
        *cells, judgement = _cells(verdict)
        why = f" ({verdict.reason})" if verdict.reason else ""
        yield "| " + " | ".join([*cells, f"{judgement}{why}"]) + " |"


def sum_up(verdicts: Sequence[Verdict]) -> str:
    """Say in a line how many goals are met."""
    counts = Counter(verdict.judgement for verdict in verdicts)
    parts = [
        f"{counts[Judgement.MET]} met",
        f"{counts[Judgement.SHORT]} fall short",
        f"{counts[Judgement.NOT_JUDGED]} not judged",
    ]
    return f"{len(verdicts)} limits: {', '.join(parts)}"


def _worst(goal: Goal, one: Finished) -> Verdict:
    found = [verdict for verdict in one.verdicts if verdict.goal.id == goal.id]
    if found:
        return min(found, key=lambda verdict: _WORST_FIRST.index(verdict.judgement))
    name = one.benchmark.name
    reason = f"{name} broke off: {one.reason}" if one.reason else f"{name} said nothing of it"
    return Verdict(goal, None, Judgement.NOT_JUDGED, reason)


def _group_by_reason(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Say which goals were not judged for which reason."""
    goals: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.judgement is Judgement.NOT_JUDGED:
            goals.setdefault(verdict.reason, []).append(verdict.goal.id)
    return {reason: ", ".join(ids) for reason, ids in goals.items()}


def _cells(verdict: Verdict) -> tuple[str, ...]:
    goal = verdict.goal
    measured = "-" if verdict.measured is None else say_amount(verdict.measured, goal.unit)
    judgement = str(verdict.judgement)
    return (goal.id, goal.sentence, goal.say_limit(), measured, goal.anchor, judgement)


def _lay_out(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = [
        cell.ljust(width) if at in {0, _WHAT, _BESIDE, 5} else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return _GAP.join(aligned).rstrip()
