"""The benchmarks in the order they run, with the seconds that `make bench` gives each."""

from dataclasses import dataclass

from benchmarks.goals import GOALS, Goal


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One module of this folder; `is_peer`: only with PEERS=1."""

    name: str
    claim: str
    budget_s: int
    is_peer: bool = False

    def goals(self, *, with_peers: bool) -> list[Goal]:
        """List the goals that it judges in such a run; named alone, a peers' one judges its own."""
        is_whole = with_peers or self.is_peer
        return [
            goal for goal in GOALS if goal.benchmark == self.name and (is_whole or not goal.is_peer)
        ]


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("report_unary", "a durable Report costs hardly more than a bare echo", 40),
    Benchmark("report_batch", "a batch carries many times an echo's results", 20),
    Benchmark("media_cpu", "the bridge costs little more than a bare relay", 50),
    Benchmark("media_real", "150 real calls at once, on time and complete", 45),
    Benchmark("hangup", "from hang-up to acknowledged, nothing left behind", 50),
    Benchmark("call_cost", "what a call costs the Orchestrator", 25),
    Benchmark("startup", "how soon each service listens", 14),
    Benchmark("chat", "how soon the chat answers", 20),
    Benchmark("make_call", "what `make call` adds to the script's length", 22),
    Benchmark("adoption", "what adopting the reporting costs", 12),
    Benchmark("report_postgres", "the same ratios on PostgreSQL", 60, is_peer=True),
    Benchmark("report_peers", "against a usual REST service", 60, is_peer=True),
    Benchmark("backlog", "how fast a backlog of 100,000 drains", 60, is_peer=True),
    Benchmark("growth", "what a million results change", 240, is_peer=True),
    Benchmark("media_calls", "calls per core against other frameworks", 500, is_peer=True),
    Benchmark("page_push", "from hang-up to pixel", 100, is_peer=True),
    Benchmark("curves", "how the costs grow", 260, is_peer=True),
    Benchmark("test_time", "make test within two minutes", 140, is_peer=True),
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
