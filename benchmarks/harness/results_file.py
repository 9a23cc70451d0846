"""The results file of a benchmark: one JSON object a line, written as it happens, read for plots.

Kinds of line: run, repetition, samples, note, table, plot, verdict, end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from benchmarks.goals import UnknownGoal, find_goal
from benchmarks.harness.judging import Judgement, Verdict
from benchmarks.harness.repetitions import Repetitions
from benchmarks.harness.tables import Line

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Plot:
    """What is to be drawn of a file: `shape` is bars, lines or histogram.

    `figure`: what is drawn; `x`: the figure along the foot of lines. `series`: name -> cases.
    """

    shape: str
    title: str
    figure: str
    series: Mapping[str, Sequence[str]]
    x: str = ""
    anchor: str = ""


@dataclass(slots=True)
class Results:
    """What a results file holds; `run` is empty when it never began, `end` when it broke off."""

    run: dict[str, object] = field(default_factory=dict)
    repetitions: Repetitions = field(default_factory=Repetitions)
    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tables: list[tuple[str, list[Line]]] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    end: dict[str, object] = field(default_factory=dict)


class ResultsWriter:
    """Appends to a results file, each line at once: what was measured outlives a crash."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="utf-8")

    def write(self, kind: str, **fields: object) -> None:
        """Append one line."""
        self._file.write(json.dumps(_shorten({"kind": kind, **fields})) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_results(path: Path) -> Results:
    """Read a results file; one that is not there is empty."""
    results = Results()
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            _take(results, json.loads(line))
    return results


def _take(results: Results, line: dict[str, object]) -> None:
    kind = str(line.pop("kind"))
    match kind:
        case "run":
            results.run = line
        case "end":
            results.end = line
        case "note":
            results.notes.append(str(line["text"]))
        case _:
            _TAKES[kind](results, line)


def _take_repetition(results: Results, line: Mapping[str, object]) -> None:
    figures = as_object(line["figures"])
    numbers = {name: _number(value) for name, value in figures.items()}
    results.repetitions.add(str(line["case"]), numbers)


def _take_samples(results: Results, line: Mapping[str, object]) -> None:
    key = (str(line["case"]), str(line["name"]))
    values = [_number(value) for value in as_list(line["values"])]
    results.samples.setdefault(key, []).extend(values)


def _take_table(results: Results, table: Mapping[str, object]) -> None:
    lines = []
    for one in as_list(table["lines"]):
        line = as_object(one)
        anchor = line["anchor"]
        columns = tuple(str(name) for name in as_list(line["columns"]))
        kept = None if anchor is None else str(anchor)
        lines.append(Line(str(line["case"]), kept, str(line["figure"]), columns))
    results.tables.append((str(table["title"]), lines))


def _take_plot(results: Results, line: Mapping[str, object]) -> None:
    series = {
        name: [str(case) for case in as_list(cases)]
        for name, cases in as_object(line["series"]).items()
    }
    shape, title, figure = (str(line[name]) for name in ("shape", "title", "figure"))
    results.plots.append(Plot(shape, title, figure, series, str(line["x"]), str(line["anchor"])))


def _take_verdict(results: Results, line: Mapping[str, object]) -> None:
    try:
        goal = find_goal(str(line["goal"]))
    except UnknownGoal:
        return  # a later version has renamed it
    measured = None if line["measured"] is None else _number(line["measured"])
    verdict = Verdict(goal, measured, Judgement(str(line["judgement"])), str(line["reason"]))
    results.verdicts.append(verdict)


_TAKES = {
    "repetition": _take_repetition,
    "samples": _take_samples,
    "table": _take_table,
    "plot": _take_plot,
    "verdict": _take_verdict,
}


def as_object(value: object) -> dict[str, object]:
    """Take a JSON value as an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Take a JSON value as a list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _shorten(value: object) -> object:
    """Round every float in it to six digits: more is noise, and a longer file."""
    match value:
        case float():
            return float(f"{value:.{_DIGITS}g}")
        case dict():
            return {name: _shorten(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_shorten(inner) for inner in value]
        case _:
            return value
