"""What a load is asked for and what it tells: plain facts that cross the process's border."""

from collections.abc import Sequence
from dataclasses import dataclass

VOID_ABOVE = 0.85
PROFILES = {"d20": 20, "d200": 200}
"""Milliseconds of each delta; the callee's frames are 20 ms in both."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many calls at once, for so long, through one system.

    `url`: where the system takes media streams. `orders_url`: where it takes orders instead; then
    the streams come from the TwiML that it hands to the carrier. `pids`: whose CPU is counted.
    """

    url: str = ""
    calls: int = 1
    seconds: float = 5.0
    warmup_s: float = 1.0
    profile: str = "d20"
    audio: str = "pcmu"
    match: str = "exact"
    start_s: float = 0.02
    pids: Sequence[int] = ()
    helpers: Sequence[int] = ()
    """Processes on the load's own core: their CPU counts as load."""
    orders_url: str = ""


@dataclass(frozen=True, slots=True)
class WayHeard:
    """The time on one way, ms, from the load's own clock; `n` frames."""

    p50: float
    p90: float
    p99: float
    worst: float
    n: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a load. `inbound`: callee to model; `outbound`: model to callee.

    `cpu_ms_per_call_s`: of `pids`. `load_cpu`: the share of its core that the load used.
    """

    inbound: WayHeard
    outbound: WayHeard
    sent_in: int
    received_in: int
    sent_out: int
    received_out: int
    wrong: int
    marks: int
    calls: int
    cpu_ms_per_call_s: float
    rss_kb: Sequence[int]
    load_cpu: float
    pace_late_ms: float
    leaked: int
    errors: Sequence[str]

    @property
    def is_void(self) -> bool:
        """Say whether the load had too little of its core left to be believed."""
        return self.load_cpu > VOID_ABOVE

    @property
    def lost(self) -> int:
        """Count frames that were sent and did not arrive."""
        return self.sent_in - self.received_in + self.sent_out - self.received_out

    @property
    def figures(self) -> dict[str, float]:
        """Give what a benchmark keeps of it."""
        return {
            "cpu_ms": self.cpu_ms_per_call_s,
            "in_p50_ms": self.inbound.p50,
            "in_p99_ms": self.inbound.p99,
            "out_p50_ms": self.outbound.p50,
            "out_p99_ms": self.outbound.p99,
            "load_cpu": self.load_cpu,
            "late_ms": self.pace_late_ms,
            "errors": self.lost + self.wrong + len(self.errors),
        }
