"""The benchmarks in the order they run, with the seconds that `make bench` gives each."""

from dataclasses import dataclass

from benchmarks.goals import GOALS, Goal


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One module of this folder."""

    name: str
    claim: str
    quick_s: int
    """How long it takes in the quick set; 0 for one that is not in it."""
    whole_s: int
    """How long it takes with PEERS=1."""

    @property
    def is_peer(self) -> bool:
        """Whether it runs with PEERS=1 only."""
        return not self.quick_s

    def budget_s(self, *, with_peers: bool) -> int:
        """Say how long it takes in such a run, s."""
        return self.whole_s if with_peers or self.is_peer else self.quick_s

    def goals(self, *, with_peers: bool) -> list[Goal]:
        """List the goals that it judges in such a run; named alone, a peers' one judges its own."""
        is_whole = with_peers or self.is_peer
        return [
            goal for goal in GOALS if goal.benchmark == self.name and (is_whole or not goal.is_peer)
        ]


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("report_unary", "a durable Report costs hardly more than a bare echo", 40, 40),
    Benchmark("report_batch", "a batch carries many times an echo's results", 20, 20),
    Benchmark("media_cpu", "the bridge costs little more than a bare relay", 50, 78),
    Benchmark("media_real", "150 real calls at once, on time and complete", 40, 70),
    Benchmark("hangup", "from hang-up to acknowledged, nothing left behind", 50, 200),
    Benchmark("call_cost", "what a call costs the Orchestrator", 25, 25),
    Benchmark("startup", "how soon each service listens", 14, 14),
    Benchmark("chat", "how soon the chat answers", 28, 55),
    Benchmark("make_call", "what `make call` adds to the script's length", 15, 58),
    Benchmark("adoption", "what adopting the reporting costs", 12, 12),
    Benchmark("report_postgres", "the same ratios on PostgreSQL", 0, 60),
    Benchmark("report_peers", "against a usual REST service", 0, 60),
    Benchmark("backlog", "how fast a backlog of 100,000 drains", 0, 60),
    Benchmark("growth", "what a million results change", 0, 190),
    Benchmark("media_calls", "calls per core against other frameworks", 0, 340),
    Benchmark("page_push", "from hang-up to pixel", 0, 190),
    Benchmark("curves", "how the costs grow", 0, 125),
    Benchmark("parts", "what single parts of the report path cost", 0, 20),
    Benchmark("report_floor", "what a stored report cannot be cheaper than", 0, 60),
    Benchmark("test_time", "make test within two minutes", 0, 140),
)


class UnknownBenchmark(LookupError):
    """No benchmark has this name."""


def choose(only: str, *, with_peers: bool) -> list[Benchmark]:
    """Choose those named, comma-separated, else all of the run. Raises: UnknownBenchmark."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    unknown = set(wanted) - {benchmark.name for benchmark in BENCHMARKS}
    if unknown:
        there_are = ", ".join(benchmark.name for benchmark in BENCHMARKS)
        raise UnknownBenchmark(f"no benchmark {', '.join(sorted(unknown))}; there are {there_are}")
    if wanted:
        return [benchmark for benchmark in BENCHMARKS if benchmark.name in wanted]
    return [benchmark for benchmark in BENCHMARKS if with_peers or not benchmark.is_peer]
