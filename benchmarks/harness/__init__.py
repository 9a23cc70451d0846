"""What all benchmarks share: a run with its repetitions, ratios, tables, goals and children."""

from benchmarks.harness.children import Child, ChildEnded, child, run_to_end
from benchmarks.harness.kernel import (
    LOAD_CORE,
    SYSTEM_CORE,
    cpu_ns,
    fdatasync_ms,
    pin,
    rss_kb,
)
from benchmarks.harness.repetitions import Ratio
from benchmarks.harness.run import Mismatch, Run, Turn, require_equal
from benchmarks.harness.samples import Quantiles, quantiles
from benchmarks.harness.tables import Line

__all__ = [
    "LOAD_CORE",
    "SYSTEM_CORE",
    "Child",
    "ChildEnded",
    "Line",
    "Mismatch",
    "Quantiles",
    "Ratio",
    "Run",
    "Turn",
    "child",
    "cpu_ns",
    "fdatasync_ms",
    "pin",
    "quantiles",
    "require_equal",
    "rss_kb",
    "run_to_end",
]
