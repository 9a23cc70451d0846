"""What the carrier's ledger says of each call: the one witness that the product cannot write."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Line = Mapping[str, object]

FINAL_WORDS = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
AGENT = "agent"
"""The product's side of the line."""
_ANSWERED_WELL = range(200, 300)


@dataclass(slots=True)
class CarrierCall:
    """One call_id in the books."""

    call_id: str
    accepted: list[str] = field(default_factory=list)
    """The sid of each create that the carrier accepted; more than one is a call dialled twice."""
    refused: list[int] = field(default_factory=list)
    """The code of each create that it refused."""
    scenario: str = ""
    created_at: float = 0.0
    """When the first create was decided, seconds since the epoch."""
    status: str = ""
    """The carrier's last word; empty while the call lives or was never placed."""
    ended_at: float | None = None
    """None while the call lives or was never placed."""
    duration_s: int | None = None
    """None unless the call was answered."""
    is_answered: bool = False
    end_told_at: float | None = None
    """When the product had answered the last status callback with OK; None if it never did."""
    stream_opened_at: float | None = None
    """None when no media stream was opened."""
    agent_spoke_at: float | None = None
    """When the product's first words were on the line; None when there were none."""
    frames_to_product: int = 0
    frames_from_product: int = 0
    spoken: list[tuple[str, str]] = field(default_factory=list)
    """Side and words of each sentence on the line; one that was cut and went on counts once."""
    lines: list[Line] = field(default_factory=list)

    @property
    def is_placed(self) -> bool:
        """Whether the carrier accepted it at least once."""
        return bool(self.accepted)


def read_ledger(path: Path) -> list[Line]:
    """Read the books as they are on the disk; a torn last line is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def sort_by_call(lines: Iterable[Line]) -> dict[str, CarrierCall]:
    """Collect what the books say of each call_id."""
    calls: dict[str, CarrierCall] = {}
    for line in lines:
        call_id = line.get("call_id")
        if isinstance(call_id, str):
            call = calls.setdefault(call_id, CarrierCall(call_id))
            call.lines.append(line)
            _enter(call, line)
    return calls


def count_most_at_once(calls: Iterable[CarrierCall]) -> int:
    """Count the most calls that the carrier had at one instant."""
    changes = [change for call in calls for change in _changes(call)]
    most = running = 0
    for _, change in sorted(changes):  # an end before a begin at the same time
        running += change
        most = max(most, running)
    return most


def time_of(line: Line) -> float:
    """Return when a line was written, seconds since the epoch."""
    return _number(line, "at")


def _changes(call: CarrierCall) -> Iterable[tuple[float, int]]:
    yield call.created_at, 1
    yield call.ended_at or float("inf"), -1


def _enter(call: CarrierCall, line: Line) -> None:
    match line["kind"]:
        case "create":
            _enter_create(call, line)
        case "state":
            _enter_state(call, line)
        case "callback" if line.get("status") in FINAL_WORDS:
            _enter_last_callback(call, line)
        case "stream_opened":
            call.stream_opened_at = call.stream_opened_at or time_of(line)
        case "stream_closed":
            call.frames_to_product += int(_number(line, "frames_sent"))
            call.frames_from_product += int(_number(line, "frames_received"))
        case "said":
            _enter_sentence(call, line)


def _enter_create(call: CarrierCall, line: Line) -> None:
    call.created_at = call.created_at or time_of(line)
    if line["verdict"] == "accepted":
        call.accepted.append(str(line["call_sid"]))
        call.scenario = str(line["scenario"])
    else:
        call.refused.append(int(_number(line, "code")))


def _enter_state(call: CarrierCall, line: Line) -> None:
    word = str(line["status"])
    call.is_answered |= word == "in-progress"
    if word in FINAL_WORDS:
        call.status, call.ended_at = word, time_of(line)
        seconds = line.get("duration_s")
        call.duration_s = seconds if isinstance(seconds, int) else None


def _enter_last_callback(call: CarrierCall, line: Line) -> None:
    if call.end_told_at is None and line.get("answer") in _ANSWERED_WELL:
        call.end_told_at = time_of(line)


def _enter_sentence(call: CarrierCall, line: Line) -> None:
    sentence = (str(line["side"]), str(line["text"]))
    if sentence[0] == AGENT and call.agent_spoke_at is None:
        call.agent_spoke_at = time_of(line)
    if sentence not in call.spoken[-1:]:
        call.spoken.append(sentence)


def _number(line: Line, key: str) -> float:
    value = line.get(key, 0)
    return float(value) if isinstance(value, int | float) else 0.0
