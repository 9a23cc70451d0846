"""Benchmarks: one file per claim, each measured beside its anchor in one interleaved run.

`make bench` runs the quick set, `python -m benchmarks.NAME` one alone. The method is in
docs/benchmarks.md.
"""
