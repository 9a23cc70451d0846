"""Bars of some cases: the median, a whisker from the lowest to the highest, the ratio beside it."""

from benchmarks.harness.plots.axes import say_tick, scale_from_zero
from benchmarks.harness.plots.canvas import CHARACTER_PX, WIDTH, Canvas
from benchmarks.harness.results_file import Plot, Results
from benchmarks.harness.tables import name_figure, say_numbers

_TOP, _ROW, _BAR, _FOOT = 48, 30, 16, 40
_LABEL_MAX = 280.0
_VALUE_PX, _RATIO_PX = 124.0, 52.0
_EDGE = 16.0


def bars(plot: Plot, results: Results) -> str:
    """Draw the cases of a plot that were measured."""
    repetitions, figure = results.repetitions, plot.figure
    cases = [
        case for cases in plot.series.values() for case in cases if repetitions.has(case, figure)
    ]
    height = _TOP + _ROW * len(cases) + _FOOT
    canvas = Canvas(height)
    canvas.text(_EDGE, 26, plot.title, "title")
    if cases:
        _draw(canvas, plot, results, cases)
    return canvas.to_svg(plot.title)


def _draw(canvas: Canvas, plot: Plot, results: Results, cases: list[str]) -> None:
    repetitions, figure = results.repetitions, plot.figure
    left = _EDGE + 8 + min(max(len(case) for case in cases) * CHARACTER_PX, _LABEL_MAX)
    highest = max(repetitions.spread(case, figure)[1] for case in cases)
    scale = scale_from_zero(highest, left, WIDTH - _EDGE - _VALUE_PX)
    foot = canvas.height - _FOOT
    for tick in scale.ticks:
        canvas.line((scale.at(tick), _TOP - 6), (scale.at(tick), foot), "rule")
        canvas.text(scale.at(tick), foot + 15, say_tick(tick), "soft middle")
    canvas.text((left + scale.end_px) / 2, foot + 31, name_figure(figure), "soft middle")
    values = say_numbers([repetitions.median(case, figure) for case in cases])
    for row, (case, value) in enumerate(zip(cases, values, strict=True)):
        y = _TOP + _ROW * row + (_ROW - _BAR) / 2
        low, high = (scale.at(end) for end in repetitions.spread(case, figure))
        middle = y + _BAR / 2
        canvas.text(left - 8, middle + 4, case, "right")
        width = scale.at(repetitions.median(case, figure)) - left
        canvas.rect((left, y), (width, _BAR), 5 if case == plot.anchor else 0)
        canvas.line((low, middle), (high, middle), "whisker")
        for end in (low, high):
            canvas.line((end, middle - 4), (end, middle + 4), "whisker")
        ratio = _say_ratio(plot, results, case)
        canvas.text(WIDTH - _EDGE - (_RATIO_PX if ratio else 0), middle + 4, value, "right")
        canvas.text(WIDTH - _EDGE, middle + 4, ratio, "soft right")
    if plot.anchor in cases:
        x = scale.at(repetitions.median(plot.anchor, figure))
        canvas.line((x, _TOP - 6), (x, foot), "anchor")


def _say_ratio(plot: Plot, results: Results, case: str) -> str:
    if not results.repetitions.has(plot.anchor, plot.figure):
        return ""
    ratio = results.repetitions.ratio(case, plot.anchor, plot.figure)
    return f"{ratio.median:.2f}x"
