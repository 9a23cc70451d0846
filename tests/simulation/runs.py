"""Many seeds in a row, in a process of its own if need be; what it hands back can be pickled."""

import gc
from dataclasses import dataclass, field

from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.seed import Bench, run_seed
from tests.simulation.telling import describe_findings, tell_findings

_COLLECT_EVERY = 25


@dataclass(slots=True)
class RunReport:
    """What came of many seeds."""

    seeds: int = 0
    virtual_s: float = 0.0
    calls: int = 0
    results: int = 0
    deaths: int = 0
    # Seed by seed: what was found, with the history.
    violations: list[list[str]] = field(default_factory=list)

    def add(self, other: "RunReport") -> None:
        """Add what another run found."""
        self.seeds += other.seeds
        self.virtual_s += other.virtual_s
        self.calls += other.calls
        self.results += other.results
        self.deaths += other.deaths
        self.violations += other.violations


def run_seeds(first: int, count: int) -> RunReport:
    """Run `count` seeds from `first` on."""
    report, bench = RunReport(), Bench()
    gc.freeze()  # what was imported is not looked through again: 4 % of a seed
    gc.disable()  # each seed leaves its tasks behind in circles: collected now and then
    try:
        for seed in range(first, first + count):
            one = run_seed(seed, bench)
            found = [tell_findings(one)] if one.findings else []
            report.add(RunReport(1, one.virtual_s, one.calls, one.results, one.deaths, found))
            if seed % _COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
        bench.close()
    return report


def hunt_by_name(name: str, first_seed: int, most_seeds: int) -> tuple[int, str]:
    """Let a mutant loose; give the seeds that it took and what turned red, or 0 and nothing."""
    mutant = next(one for one in MUTANTS if one.name == name)
    caught = hunt(mutant, first_seed, most_seeds)
    return (0, "") if caught is None else (caught.seeds, describe_findings(caught.report))
