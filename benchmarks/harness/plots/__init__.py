"""Plots as SVG, drawn from a results file and from nothing else."""

from pathlib import Path

from benchmarks.harness.plots.bars import bars
from benchmarks.harness.plots.curves import lines
from benchmarks.harness.plots.histogram import histogram
from benchmarks.harness.results_file import Plot, Results, read_results

__all__ = ["bars", "draw", "draw_file", "histogram", "lines"]

_SHAPES = {"bars": bars, "lines": lines, "histogram": histogram}


def draw(plot: Plot, results: Results) -> str:
    """Draw one plot of a results file as SVG."""
    return _SHAPES[plot.shape](plot, results)


def draw_file(path: Path) -> list[Path]:
    """Draw all that a results file asks for; returns the files written.

    NAME.svg, NAME-2.svg ... in the folder `plots` beside the folder `results`, else in one inside
    the results' own.
    """
    results = read_results(path)
    folder = path.parent.parent if path.parent.name == "results" else path.parent
    written = []
    for number, plot in enumerate(results.plots, 1):
        target = folder / "plots" / f"{path.stem}{'' if number == 1 else f'-{number}'}.svg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(draw(plot, results), encoding="utf-8")
        written.append(target)
    return written
