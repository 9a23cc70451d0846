"""Writes the results into docs/benchmarks.md, between its markers, from the results files."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.catalogue import BENCHMARKS
from benchmarks.harness.machine import REPOSITORY
from benchmarks.harness.results_file import Results, read_results
from benchmarks.harness.tables import build_grid
from benchmarks.scoreboard import Finished, collect_verdicts, sum_up, tabulate_markdown

PAGE = REPOSITORY / "docs" / "benchmarks.md"
_PART = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_page(page: Path, folder: Path) -> None:
    """Fill every `<!-- results: NAME -->` ... `<!-- end -->`; NAME is a benchmark or `goals`."""
    text = page.read_text(encoding="utf-8")

    def fill(found: re.Match[str]) -> str:
        head, name, end = found.groups()
        lines = write_goals(folder) if name == "goals" else write_part(name, folder)
        return "".join([head, *(f"{line}\n" for line in lines), end])

    page.write_text(_PART.sub(fill, text), encoding="utf-8")


def write_goals(folder: Path) -> Iterator[str]:
    """Write the table of all goals, of the benchmarks that have a results file."""
    finished = []
    for benchmark in BENCHMARKS:
        results = read_results(folder / f"{benchmark.name}.jsonl")
        if results.run:
            reason = "" if results.end else "before its end"
            finished.append(Finished(benchmark, results.verdicts, reason))
    verdicts = collect_verdicts(finished, with_peers=True)
    yield from tabulate_markdown(verdicts)
    yield f"\n{sum_up(verdicts)}."


def write_part(name: str, folder: Path) -> Iterator[str]:
    """Write what one benchmark found: its tables, notes and plots."""
    results = read_results(folder / f"{name}.jsonl")
    if not results.run:
        yield "Not measured yet."
        return
    yield _say_run(results)
    for title, lines in results.tables:
        yield f"\n**{title}**\n"
        yield from build_grid(lines, results.repetitions).to_markdown()
    if results.notes:
        yield ""
    yield from (f"- {note}" for note in results.notes)
    for number, plot in enumerate(results.plots, 1):
        file = f"{name}{'' if number == 1 else f'-{number}'}.svg"
        yield f"\n![{plot.title}](../benchmarks/plots/{file})"


def _say_run(results: Results) -> str:
    run = results.run
    took = f"{results.end['seconds']} s" if results.end else "broke off before its end"
    return (
        f"{run['profile']}. {run['machine']}; {run['began']} UTC, commit {run['commit']}, {took}."
    )
