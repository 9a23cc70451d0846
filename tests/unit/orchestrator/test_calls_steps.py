"""The table of states: what a due call needs in each of them."""

from dataclasses import replace

import pytest

from orchestrator.calls import Step, next_step
from orchestrator.store.calls import CallRow
from tests.unit.orchestrator import call_rows as rows

PROVIDER = {"status": 5}
TABLE = [
    ("a ready call is dialled", rows.READY, 0, Step.DIAL),
    ("a ready call is dialled in its last second", rows.READY, 299, Step.DIAL),
    ("a ready call past its not_after expires", rows.READY, 300, Step.EXPIRE),
    ("an unknown dial is looked for", rows.DIALING, 60, Step.FIND),
    ("a silent waiting call is asked about", rows.WAITING, 75, Step.ASK),
    ("a call that rang too long is asked about", rows.RINGING, 75, Step.ASK),
    (
        "a cancelled ringing call is cancelled",
        replace(rows.RINGING, cancel_requested=True),
        5,
        Step.CANCEL,
    ),
    (
        "a cancelled talking call is ended",
        replace(rows.CLAIMED, cancel_requested=True),
        15,
        Step.END,
    ),
    ("an answered call waits for its stream", rows.ANSWERED, 19, Step.ASK),
    ("an answered call without a stream is ended", rows.ANSWERED, 20, Step.END),
    ("a claimed call that fell silent is asked about", rows.CLAIMED, 60, Step.ASK),
    ("a claimed call past its time limit is ended", rows.CLAIMED, 615, Step.END),
    (
        "an external call without a stream goes on",
        replace(rows.ANSWERED, task_id=None),
        60,
        Step.ASK,
    ),
    (
        "the carrier's facts are filed after the grace",
        replace(rows.CLAIMED, provider=PROVIDER),
        90,
        Step.FILE,
    ),
    (
        "a waiting call without a sid is looked for",
        replace(rows.WAITING, call_sid=None),
        60,
        Step.FIND,
    ),
    (
        "a final call that is due gets the carrier's facts",
        replace(rows.FINAL, provider=PROVIDER),
        1,
        Step.FILE,
    ),
    ("a final call whose last callback was lost is asked about", rows.FINAL, 1, Step.ASK),
]


@pytest.mark.parametrize(
    ("row", "after_s", "step"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE]
)
def test_each_state_has_its_step(row: CallRow, after_s: int, step: Step) -> None:
    assert step == next_step(row, rows.T0 + after_s * rows.SECOND, rows.TIMINGS)
