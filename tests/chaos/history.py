"""All that is known of one call, in the order in which it happened, for whoever must explain it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf import json_format

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Fall
from tests.chaos.ledger_facts import Line, time_of

_LOG_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)Z? ?")
_LONGEST = 400
_NEAR_S = 5.0
_OWN_FACTS = ("seq", "at", "call_id", "parameters")

Moment = tuple[float, str]


def tell_history(
    call_id: str, evidence: Evidence, folder: Path, events: Sequence[Mapping[str, object]] = ()
) -> tuple[str, ...]:
    """Tell one call's life: promise, ledger, faults near it, log lines of all parts, results.

    `folder`: where the parts' logs lie. `events`: what the API keeps of it, told as it stands.
    """
    moments = [*_promise(call_id, evidence), *_books(call_id, evidence.ledger)]
    moments += _log_lines(call_id, folder)
    moments += [
        (sighting.at, f"watcher: revision {sighting.revision}")
        for sighting in evidence.seen
        if sighting.call_id == call_id
    ]
    moments += _falls_near(moments, evidence.falls)
    lines = [f"{_clock(at)} {words}"[:_LONGEST] for at, words in sorted(moments)]
    lines += [f"API: {json.dumps(event)}"[: 4 * _LONGEST] for event in events]
    return (*lines, *_results(call_id, evidence.listed))


def _promise(call_id: str, evidence: Evidence) -> Iterator[Moment]:
    ordered = evidence.ordered.get(call_id)
    if ordered is not None:
        yield ordered.confirmed_at, f"person: confirmed, {ordered.scenario}, {ordered.number}"


def _books(call_id: str, ledger: Iterable[Line]) -> Iterator[Moment]:
    for line in ledger:
        if line.get("call_id") == call_id:
            facts = {key: value for key, value in line.items() if key not in _OWN_FACTS}
            yield time_of(line), f"ledger: {json.dumps(facts)}"


def _log_lines(call_id: str, folder: Path) -> Iterator[Moment]:
    for path in sorted(folder.glob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as log:
            for line in log:
                found = _LOG_TIME.match(line) if call_id in line else None
                if found:
                    at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
                    yield at, f"{path.stem}: {line[found.end() :].rstrip()}"


def _falls_near(moments: Sequence[Moment], falls: Iterable[Fall]) -> Iterator[Moment]:
    if not moments:
        return
    begin, end = min(moments)[0] - _NEAR_S, max(moments)[0] + _NEAR_S
    for fall in falls:
        if fall.at <= end and begin <= fall.back_at:
            victims = ", ".join(fall.names)
            yield fall.at, f"FALL: {fall.kind}: {victims} (pids {fall.pids})"
            yield fall.back_at, f"BACK: {victims}"


def _results(call_id: str, listed: Mapping[str, Sequence[pb.CallResult]]) -> Iterator[str]:
    for replica, results in listed.items():
        for result in results:
            if result.call_id == call_id:
                told = json_format.MessageToDict(result, preserving_proto_field_name=True)
                yield f"{replica} lists: {json.dumps(told)}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
