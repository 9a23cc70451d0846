"""Histograms: how the samples of each case lie over one foot, with p50 and p99 marked."""

from benchmarks.harness.plots.axes import Scale, say_tick, scale_from_zero
from benchmarks.harness.plots.canvas import WIDTH, Canvas
from benchmarks.harness.results_file import Plot, Results
from benchmarks.harness.samples import Quantiles, quantiles
from benchmarks.harness.tables import name_figure

_TOP, _BAND, _HEAD, _FOOT = 40.0, 132.0, 30.0, 42.0
_EDGE = 16.0
_BINS = 72
_REACH = 1.8
"""The foot ends at this multiple of the highest p99: one straggler must not squeeze the rest."""


def histogram(plot: Plot, results: Results) -> str:
    """Draw a band for each case that has samples."""
    found = {
        case: samples
        for cases in plot.series.values()
        for case in cases
        if (samples := results.samples.get((case, plot.figure)))
    }
    canvas = Canvas(_TOP + _BAND * len(found) + _FOOT)
    canvas.text(_EDGE, 26, plot.title, "title")
    if found:
        _draw(canvas, plot, found)
    return canvas.to_svg(plot.title)


def _draw(canvas: Canvas, plot: Plot, found: dict[str, list[float]]) -> None:
    told = {case: quantiles(samples) for case, samples in found.items()}
    reach = min(max(t.worst for t in told.values()), _REACH * max(t.p99 for t in told.values()))
    scale = scale_from_zero(reach, _EDGE, WIDTH - _EDGE, ticks=8)
    foot = _TOP + _BAND * len(found)
    for tick in scale.ticks:
        canvas.line((scale.at(tick), _TOP), (scale.at(tick), foot), "rule")
        canvas.text(scale.at(tick), foot + 16, say_tick(tick), "soft middle")
    canvas.text(WIDTH / 2, foot + 34, name_figure(plot.figure), "soft middle")
    for number, (case, samples) in enumerate(found.items()):
        top = _TOP + _BAND * number
        _draw_band(canvas, scale, top, samples, number)
        _mark(canvas, scale, top, told[case])
        canvas.text(_EDGE + 4, top + 18, f"{case}: {_say(told[case], scale.high)}")


def count_bins(samples: list[float], high: float, bins: int = _BINS) -> list[int]:
    """Count the samples from 0 to `high` in bins of one width; what lies beyond is left out."""
    counts = [0] * bins
    for sample in samples:
        at = int(sample / high * bins)
        if 0 <= at < bins:
            counts[at] += 1
    return counts


def _draw_band(canvas: Canvas, scale: Scale, top: float, samples: list[float], series: int) -> None:
    counts = count_bins(samples, scale.high)
    step = (scale.end_px - scale.start_px) / len(counts)
    highest, room = max(counts) or 1, _BAND - _HEAD
    for at, count in enumerate(counts):
        if count:
            height = max(1.0, count / highest * room)
            corner = (scale.start_px + step * at, top + _BAND - height)
            canvas.rect(corner, (step - 1, height), series)
    canvas.line((scale.start_px, top + _BAND), (scale.end_px, top + _BAND), "axis")


def _mark(canvas: Canvas, scale: Scale, top: float, told: Quantiles) -> None:
    for value in (told.p50, told.p99):
        x = scale.at(min(value, scale.high))
        canvas.line((x, top + _HEAD - 6), (x, top + _BAND), "anchor")


def _say(told: Quantiles, high: float) -> str:
    beyond = f", worst {told.worst:.3g} beyond the right edge" if told.worst > high else ""
    worst = beyond or f", worst {told.worst:.3g}"
    return f"{told.n:,} samples, p50 {told.p50:.3g}, p99 {told.p99:.3g}{worst}"
