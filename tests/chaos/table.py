"""The end of a run as text: what fell and what became of the calls, figures, violations, verdict.

One set of tables serves the terminal and docs/reliability.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.stage import KillRow, StageReport, Violation

COLUMNS = (
    "what fell",
    "database",
    "falls",
    "calls placed",
    "results",
    "missing",
    "doubled",
    "phantom",
    "dialled twice",
    "slowest, s",
    "p99, s",
)
HISTORY_LINES = 80


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """One stage that is over."""

    name: str
    title: str
    report: StageReport
    seconds: float


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """Write it as Markdown; numbers stand to the right."""
        rule = ["---" if i == 0 else "---:" for i in range(len(self.headings))]
        lines = [self.headings, rule, *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def to_text(self) -> str:
        """Write it for a terminal: columns as wide as their longest cell."""
        cells = [self.headings, *self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.headings))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        )


def tabulate_kills(outcomes: Iterable[StageOutcome]) -> Table:
    """Put the rows of all stages together, with the sum at the end."""
    rows = [row for outcome in outcomes for row in outcome.report.rows]
    return Table(COLUMNS, tuple(_cells(row) for row in [*rows, add_up(rows)]))


def add_up(rows: Sequence[KillRow]) -> KillRow:
    """Add all rows up; there is no p99 of several rows."""
    return KillRow(
        kind="in all",
        database="",
        kills=sum(row.kills for row in rows),
        calls=sum(row.calls for row in rows),
        results=sum(row.results for row in rows),
        missing=sum(row.missing for row in rows),
        doubled=sum(row.doubled for row in rows),
        phantom=sum(row.phantom for row in rows),
        dialled_twice=sum(row.dialled_twice for row in rows),
        slowest_s=max((row.slowest_s for row in rows if row.slowest_s is not None), default=None),
    )


def list_figures(outcome: StageOutcome) -> Iterator[str]:
    """List what a stage counted and measured besides, a line each."""
    yield f"{outcome.title} ({outcome.name}): {_span(outcome.seconds)}"
    if outcome.report.skipped:
        yield f"  NOT RUN: {outcome.report.skipped}"
    for name, value in outcome.report.figures.items():
        yield f"  {name}: {value}"


def list_violation(violation: Violation) -> Iterator[str]:
    """Tell one violation with its history; of a long one the beginning and the end."""
    yield f"VIOLATION: {violation.what}"
    history = violation.history
    if len(history) > 2 * HISTORY_LINES:
        left_out = f"... {len(history) - 2 * HISTORY_LINES} lines ..."
        history = (*history[:HISTORY_LINES], left_out, *history[-HISTORY_LINES:])
    yield from (f"    {line}" for line in history)


def say_verdict(outcomes: Sequence[StageOutcome], seconds: float) -> str:
    """Say in a sentence how it ended."""
    count = sum(len(outcome.report.violations) for outcome in outcomes)
    skipped = [outcome.name for outcome in outcomes if outcome.report.skipped]
    words = "no violation" if not count else f"{count} violations"
    not_run = f"; not run: {', '.join(skipped)}" if skipped else ""
    return f"{len(outcomes)} stages in {_span(seconds)}: {words}{not_run}."


def has_failed(outcomes: Sequence[StageOutcome]) -> bool:
    """Say whether anything was violated, or nothing was run at all."""
    ran = [outcome for outcome in outcomes if not outcome.report.skipped]
    return not ran or any(outcome.report.violations for outcome in outcomes)


def write_markdown(outcomes: Sequence[StageOutcome], facts: Sequence[str], seconds: float) -> str:
    """Write a run for docs/reliability.md. `facts`: command, seed and machine, a line each."""
    parts = [*(f"- {fact}" for fact in facts), f"- {say_verdict(outcomes, seconds)}", ""]
    parts += [tabulate_kills(outcomes).to_markdown(), ""]
    for outcome in outcomes:
        first, *rest = list_figures(outcome)
        parts += [f"**{first}**", "", *(f"- {line.strip()}" for line in rest), ""]
    for outcome in outcomes:
        for violation in outcome.report.violations:
            parts += ["```", *list_violation(violation), "```", ""]
    return "\n".join(parts)


def _cells(row: KillRow) -> tuple[str, ...]:
    counts = (row.kills, row.calls, row.results, row.missing, row.doubled, row.phantom)
    return (
        row.kind,
        row.database,
        *map(str, counts),
        str(row.dialled_twice),
        _seconds(row.slowest_s),
        _seconds(row.p99_s),
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
