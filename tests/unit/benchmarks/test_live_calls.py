"""What real calls are measured by: numbers of nobody, the books, the handler's log."""

import itertools
import json
from pathlib import Path

from benchmarks.hangup import read_reported
from benchmarks.live_calls.books import list_placed
from benchmarks.live_calls.numbers import fictional_numbers


def write_lines(path: Path, *lines: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_every_call_has_a_number_of_its_own_that_is_nobodys() -> None:
    numbers = list(itertools.islice(fictional_numbers(), 250))
    assert len(set(numbers)) == 250
    assert all(number[5:9] == "5550" and number[2:5] != "415" for number in numbers)


def test_a_refused_create_is_no_placed_call(tmp_path: Path) -> None:
    ledger = write_lines(
        tmp_path / "ledger.jsonl",
        {"kind": "create", "verdict": "accepted", "call_id": "one"},
        {"kind": "create", "verdict": "refused", "call_id": "two"},
        {"kind": "state", "call_id": "one"},
    )
    assert list_placed(ledger) == ["one"]


def test_a_result_that_was_only_kept_is_not_acknowledged(tmp_path: Path) -> None:
    at = "1970-01-01T00:00:02.500000Z"
    log = write_lines(
        tmp_path / "handler.log",
        {"event": "call_reported", "call_id": "one", "disposition": "STORED", "timestamp": at},
        {"event": "call_reported", "call_id": "two", "disposition": "kept", "timestamp": at},
        {"event": "call_revised", "call_id": "one", "disposition": "MERGED", "timestamp": at},
    )
    assert list(read_reported(log)) == [("one", 2.5)]
