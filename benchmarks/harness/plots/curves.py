"""Curves: each series' medians over the foot, with the range of the repetitions at each point."""

from collections.abc import Sequence

from benchmarks.harness.plots.axes import Scale, say_tick, scale_from_zero, scale_of
from benchmarks.harness.plots.canvas import CHARACTER_PX, WIDTH, Canvas
from benchmarks.harness.results_file import Plot, Results
from benchmarks.harness.tables import name_figure

_LEFT, _RIGHT, _TOP, _PLOT, _FOOT = 64.0, 24.0, 80.0, 240.0, 44.0
_EDGE = 16.0
_TICK_GAP_PX = 34.0

Point = tuple[float, float, float, float]
"""Where it stands on the foot, the median, the lowest, the highest."""


def lines(plot: Plot, results: Results) -> str:
    """Draw the series of a plot as far as their cases were measured."""
    series = {name: _points(plot, results, cases) for name, cases in plot.series.items()}
    series = {name: points for name, points in series.items() if points}
    canvas = Canvas(_TOP + _PLOT + _FOOT)
    canvas.text(_EDGE, 26, plot.title, "title")
    if series:
        _draw(canvas, plot, series)
    return canvas.to_svg(plot.title)


def _points(plot: Plot, results: Results, cases: Sequence[str]) -> list[Point]:
    found = results.repetitions
    return sorted(
        (
            found.median(case, plot.x),
            found.median(case, plot.figure),
            *found.spread(case, plot.figure),
        )
        for case in cases
        if found.has(case, plot.figure) and found.has(case, plot.x)
    )


def _draw(canvas: Canvas, plot: Plot, series: dict[str, list[Point]]) -> None:
    every = [point for points in series.values() for point in points]
    foot = scale_of([point[0] for point in every], _LEFT, WIDTH - _RIGHT)
    up = scale_from_zero(max(point[3] for point in every), _TOP + _PLOT, _TOP)
    _draw_axes(canvas, plot, foot, up)
    x = _EDGE
    for number, (name, points) in enumerate(series.items()):
        canvas.curve([(foot.at(point[0]), up.at(point[1])) for point in points], number)
        for at, median, low, high in points:
            canvas.line((foot.at(at), up.at(low)), (foot.at(at), up.at(high)), "whisker")
            canvas.dot(foot.at(at), up.at(median), number)
        if len(series) > 1 or name:
            canvas.rect((x, 42), (12, 4), number)
            canvas.text(x + 17, 48, name)
            x += 17 + len(name) * CHARACTER_PX + 18


def _draw_axes(canvas: Canvas, plot: Plot, foot: Scale, up: Scale) -> None:
    bottom = _TOP + _PLOT
    for tick in up.ticks:
        canvas.line((_LEFT, up.at(tick)), (WIDTH - _RIGHT, up.at(tick)), "rule" if tick else "axis")
        canvas.text(_LEFT - 8, up.at(tick) + 4, say_tick(tick), "soft right")
    last = -_TICK_GAP_PX
    for tick in foot.ticks:
        if foot.at(tick) - last >= _TICK_GAP_PX:
            last = foot.at(tick)
            canvas.line((last, bottom), (last, bottom + 4), "axis")
            canvas.text(last, bottom + 17, say_tick(tick), "soft middle")
    canvas.text((_LEFT + WIDTH - _RIGHT) / 2, bottom + 35, name_figure(plot.x), "soft middle")
    canvas.text(_EDGE, _TOP - 12, name_figure(plot.figure), "soft")
