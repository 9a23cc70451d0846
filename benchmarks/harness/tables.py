"""Ratio tables as text: aligned, units in the heads, folded where the terminal is narrow. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.harness.repetitions import Repetitions

_GAP = "  "
_UNITS = {"ms", "us", "ns", "s", "kb", "mb", "b"}
_SHARES = {"load_cpu": "load, %", "core_cpu": "core 0, %", "server_cpu": "server, %"}
_WORDS = {"per_s": "per s", "errors": "errors", "n": "samples", **_SHARES}


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a ratio table: which figure is divided by the anchor's, what else is shown."""

    case: str
    anchor: str | None = None
    figure: str = "per_s"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells under heads; the first column stands to the left, the others to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_text(self, width: int) -> list[str]:
        """Lay it out; columns that do not fit follow below, with the first column repeated."""
        widths = [max(map(len, column)) for column in zip(self.heads, *self.rows, strict=True)]
        lines: list[str] = []
        for block in fold(widths, width):
            if lines:
                lines.append("")
            lines += [_lay_out(row, block, widths) for row in (self.heads, *self.rows)]
        return lines

    def to_markdown(self) -> list[str]:
        """Write it for a page."""
        rule = ["---" if at == 0 else "---:" for at in range(len(self.heads))]
        return ["| " + " | ".join(row) + " |" for row in (self.heads, rule, *self.rows)]


def build_grid(lines: Sequence[Line], repetitions: Repetitions) -> Grid:
    """Put a ratio table together: median [min-max], ratio to the anchor, then the other columns."""
    figures = list(dict.fromkeys(line.figure for line in lines))
    others = list(dict.fromkeys(name for line in lines for name in line.columns))
    columns = [[line.case for line in lines]]
    heads = ["case"]
    for figure in figures:
        heads += [name_figure(figure), "min-max"]
        columns += _figure_columns(figure, lines, repetitions)
    if any(line.anchor for line in lines):
        heads.append("to its anchor")
        columns.append([_say_ratio(line, repetitions) for line in lines])
    for name in others:
        heads.append(name_figure(name))
        columns.append(_other_column(name, lines, repetitions))
    return Grid(tuple(heads), tuple(zip(*columns, strict=True)))


def name_figure(name: str) -> str:
    """Make a head of a figure's name, unit last: `p50_ms` becomes `p50, ms`."""
    if name in _WORDS:
        return _WORDS[name]
    stem, _, unit = name.rpartition("_")
    words = (stem if stem and unit in _UNITS else name).replace("_", " ").replace("cpu", "CPU")
    return f"{words}, {unit.replace('kb', 'KB').replace('mb', 'MB')}" if unit in _UNITS else words


def say_numbers(values: Sequence[float | None]) -> list[str]:
    """Write the numbers of a column with the same number of decimals; None is empty."""
    sizes = [abs(value) for value in values if value]
    places = decimals_for(min(sizes)) if sizes else 0
    if all(value is None or float(value).is_integer() for value in values):
        places = 0
    return ["" if value is None else f"{value:,.{places}f}" for value in values]


def decimals_for(size: float) -> int:
    """Say how many decimals show at least two digits of a number of this size; three at most."""
    for places, least in enumerate((100.0, 10.0, 1.0)):
        if size >= least:
            return places
    return 3


def fold(widths: Sequence[int], width: int) -> list[list[int]]:
    """Share columns out over blocks that fit; the first column stands in every block."""
    blocks, used = [[0]], widths[0]
    for at in range(1, len(widths)):
        used += len(_GAP) + widths[at]
        if used > width and len(blocks[-1]) > 1:
            blocks.append([0])
            used = widths[0] + len(_GAP) + widths[at]
        blocks[-1].append(at)
    return blocks


def _lay_out(row: Sequence[str], block: Iterable[int], widths: Sequence[int]) -> str:
    cells = (row[at].rjust(widths[at]) if at else row[at].ljust(widths[at]) for at in block)
    return _GAP.join(cells).rstrip()


def _figure_columns(
    figure: str, lines: Sequence[Line], repetitions: Repetitions
) -> tuple[list[str], list[str]]:
    known = [
        line.case if line.figure == figure and repetitions.has(line.case, figure) else None
        for line in lines
    ]
    medians = [None if case is None else repetitions.median(case, figure) for case in known]
    spreads = [(None, None) if case is None else repetitions.spread(case, figure) for case in known]
    size = _scale(figure)
    written = say_numbers([None if m is None else m * size for m in medians])
    ends = say_numbers([None if e is None else e * size for pair in spreads for e in pair])
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return written, [f"[{low}-{high}]" if low else "" for low, high in pairs]


def _other_column(name: str, lines: Sequence[Line], repetitions: Repetitions) -> list[str]:
    size = _scale(name)
    return say_numbers(
        [
            repetitions.median(line.case, name) * size
            if name in line.columns and repetitions.has(line.case, name)
            else None
            for line in lines
        ]
    )


def _say_ratio(line: Line, repetitions: Repetitions) -> str:
    if line.anchor is None:
        return ""
    if line.anchor == line.case:
        return "the anchor"
    if not (repetitions.has(line.case, line.figure) and repetitions.has(line.anchor, line.figure)):
        return "not measured"
    return str(repetitions.ratio(line.case, line.anchor, line.figure))


def _scale(name: str) -> float:
    return 100.0 if name in _SHARES else 1.0
