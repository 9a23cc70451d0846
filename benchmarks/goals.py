"""The goals: what each says, which benchmark judges it, and where its limit lies."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Sense(StrEnum):
    """Says on which side of the limit a measured value is good."""

    AT_LEAST = ">="
    AT_MOST = "<="


class UnknownGoal(LookupError):
    """No goal has this id: goals.py lists them."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Holds one limit of one goal; a goal with several limits is several of these.

    `id`: the goal's number, with `/part` where it has parts. `unit`: "x" for a ratio, "" for a
    count. `anchor`: what stands beside it in the same run, ""
    where nothing can. `is_peer`: measured by PEERS=1 only.
    """

    id: str
    sentence: str
    benchmark: str
    sense: Sense
    limit: float
    unit: str
    anchor: str
    is_peer: bool = False

    def is_met_by(self, measured: float) -> bool:
        """Say whether a measured value is on the good side."""
        if self.sense is Sense.AT_LEAST:
            return measured >= self.limit
        return measured <= self.limit

    def say_limit(self) -> str:
        """Write the limit with its unit: `>= 0.90x`."""
        return f"{self.sense} {say_amount(self.limit, self.unit)}"


def say_amount(value: float, unit: str) -> str:
    """Write a value with its unit, with as many digits as its size deserves."""
    if unit == "x":
        return f"{value:.1f}x" if value >= 10 else f"{value:.2f}x"  # noqa: PLR2004 - two digits
    if value == int(value):
        digits = f"{value:,.0f}"
    else:
        places = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 - sizes
        digits = f"{value:,.{places}f}"
    return f"{digits} {unit}".rstrip()


_MIN, _MAX = Sense.AT_LEAST, Sense.AT_MOST
_ECHO, _UNARY, _BATCH = "bare echo", "report_unary", "report_batch"
_SSE = "SSE alone"
_peer = partial(Goal, is_peer=True)

GOALS: tuple[Goal, ...] = (
    Goal("1/64", "Report, durable, 64 at once", _UNARY, _MIN, 0.90, "x", _ECHO),
    Goal("1/256", "Report, durable, 256 at once", _UNARY, _MIN, 0.90, "x", _ECHO),
    Goal("2", "one at a time, p50 above echo, in fdatasync", _UNARY, _MAX, 3, "syncs", _ECHO),
    Goal("3/100", "BatchReport of 100, wire and commit", _BATCH, _MIN, 12, "x", _ECHO),
    Goal("3/1000", "BatchReport of 1,000, wire and commit", _BATCH, _MIN, 16, "x", _ECHO),
    Goal("3b/100", "BatchReport of 100, whole product", _BATCH, _MIN, 7, "x", _ECHO),
    Goal("3b/1000", "BatchReport of 1,000, whole product", _BATCH, _MIN, 8.5, "x", _ECHO),
    _peer("4/unary", "Report on PostgreSQL", "report_postgres", _MIN, 0.90, "x", _ECHO),
    _peer("4/batch", "batch, PG to SQLite", "report_postgres", _MIN, 0.90, "x", "SQLite"),
    _peer("5/outbox", "64 waiting results", "report_peers", _MIN, 3, "x", "naive REST"),
    _peer("5/unary", "unary Report", "report_peers", _MIN, 2, "x", "naive REST"),
    _peer("6", "100,000 results drained", "backlog", _MAX, 3, "s", "store alone"),
    _peer("7/report", "Report at 10^6 results", "growth", _MAX, 1.2, "x", "empty store"),
    _peer("7/get", "GetResult at 10^6 results", "growth", _MAX, 1.2, "x", "empty store"),
    _peer("7/list", "first page at 10^6 results", "growth", _MAX, 1.2, "x", "empty store"),
    _peer("8/sample", "calls a core", "media_calls", _MIN, 1.7, "x", "sample-shaped"),
    _peer("8/pipecat", "calls a core", "media_calls", _MIN, 5, "x", "pipecat"),
    _peer("8/openai", "calls a core", "media_calls", _MIN, 1.8, "x", "openai-agents"),
    _peer("8/floor", "calls a core", "media_calls", _MIN, 0.75, "x", "bare relay"),
    Goal(
        "9/in", "150 real calls, p99 added to the model", "media_real", _MAX, 20, "ms", "bare relay"
    ),
    Goal(
        "9/out", "150 real calls, p99 added to callee", "media_real", _MAX, 20, "ms", "bare relay"
    ),
    Goal("9/dropped", "150 real calls, frames dropped", "media_real", _MAX, 0, "", ""),
    Goal("9/results", "calls without their one result", "media_real", _MAX, 0, "", ""),
    Goal("10", "CPU per call-second, 100 calls", "media_cpu", _MAX, 1.3, "x", "bare relay"),
    Goal("11/p50", "added latency, worse way, p50", "media_cpu", _MAX, 0.3, "ms", "bare relay"),
    Goal("11/p99", "added latency, worse way, p99", "media_cpu", _MAX, 5, "ms", "bare relay"),
    Goal("12", "memory of a call", "media_cpu", _MAX, 100, "KB", "idle process"),
    Goal("13", "hang-up to acknowledgement, p99", "hangup", _MAX, 20, "ms", _ECHO),
    Goal("14/sockets", "sockets left 1 s after hang-up", "hangup", _MAX, 0, "", "sample-shaped"),
    Goal("14/tasks", "tasks left 1 s after hang-up", "hangup", _MAX, 0, "", "sample-shaped"),
    _peer("15", "hang-up to pixel, p99", "page_push", _MAX, 150, "ms", _SSE),
    Goal("16", "Orchestrator's CPU per call", "call_cost", _MAX, 6, "ms", "fixed loop"),
    Goal("17/orch", "Orchestrator, start to listening", "startup", _MAX, 1.0, "s", "bare python"),
    Goal(
        "17/handler", "Call Handler, start to listening", "startup", _MAX, 1.0, "s", "bare python"
    ),
    _peer("18", "make test", "test_time", _MAX, 120, "s", ""),
    Goal("19/answer", "message to answer in the page, p99", "chat", _MAX, 100, "ms", _SSE),
    Goal("19/messages", "messages to a complete order", "chat", _MAX, 4, "", ""),
    Goal("20/call", "make call beyond the script", "make_call", _MAX, 4, "s", "call's length"),
    _peer("20/clone", "fresh clone to result", "make_call", _MAX, 60, "s", "call's length"),
    Goal("21/packages", "packages beside ours", "adoption", _MAX, 4, "", ""),
    Goal("21/import", "import call_reporter", "adoption", _MAX, 0.3, "s", "bare python"),
    Goal("21/turn", "call.turn() holds the loop, p99", "adoption", _MAX, 0.5, "ms", ""),
    Goal("21/lines", "changed lines", "adoption", _MAX, 10, "", ""),
)


def find_goal(goal_id: str) -> Goal:
    """Find a goal by its id. Raises: UnknownGoal."""
    for goal in GOALS:
        if goal.id == goal_id:
            return goal
    raise UnknownGoal(f"no goal {goal_id!r}; there are {', '.join(goal.id for goal in GOALS)}")
