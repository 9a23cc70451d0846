"""Which conversations count as whole, and that a run with hardly any of them fails."""

import pytest

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Fall
from tests.chaos.findings import count_whole, find_short_talks, list_short_talks
from tests.chaos.judge import Fault, judge
from tests.chaos.ledger_facts import Line
from tests.unit.chaos.test_judge import BEGAN, SID, lines_of, result_of, run_of

TURNS = (("callee", "Hello?"), ("agent", "A pizza, please."), ("callee", "Sure. Bye."))


def talk(call_id: str, frames: int = 400) -> list[Line]:
    """What the ledger says of a whole call: 2 s to the stream, then a turn a second, 9 s in all."""
    told = {"call_id": call_id, "call_sid": SID}
    said = [
        {"kind": "said", "side": side, "text": text, "at": BEGAN + 3 + number, **told}
        for number, (side, text) in enumerate(TURNS)
    ]
    created, answered, ended, callback = lines_of(call_id, SID)
    closed = {"kind": "stream_closed", "frames_sent": frames, "frames_received": frames, **told}
    opened = {"kind": "stream_opened", "at": BEGAN + 2, **told}
    return [created, answered, opened, *said, {**closed, "at": BEGAN + 8}, ended, callback]


def run_with(fall: Fall | None, frames: int = 400, **facts: object) -> Evidence:
    run = run_of(talk("call", frames), [result_of("call", SID, **facts)])
    run.falls = [fall] if fall else []
    return run


def fell(name: str, at: float, back_at: float, pid: int = 77) -> Fall:
    return Fall("kill -9", (name,), (pid,), BEGAN + at, BEGAN + back_at)


@pytest.mark.parametrize(
    "fall",
    [
        None,
        fell("handler-2", 1, 9, pid=78),
        fell("orchestrator-1", 4.5, 6),
        fell("postgres", 4.5, 6),
        fell("handler-1", 9.5, 12),
    ],
    ids=["none", "another handler", "orchestrator after the claim", "database", "after its end"],
)
def test_a_fall_that_cannot_cut_a_talk_leaves_it_whole(fall: Fall | None) -> None:
    run = run_with(fall)
    assert count_whole(judge(run), run) == (1, 1)
    assert find_short_talks(judge(run), run) == []
    short = run_with(fall, frames=50)
    assert [finding.fault for finding in find_short_talks(judge(short), short)] == [Fault.WRONG]


@pytest.mark.parametrize(
    ("fall", "facts"),
    [
        (fell("handler-1", 5, 6), {}),
        (fell("handler-2", 5, 6, pid=78), {"source": pb.SOURCE_PROVIDER}),
        (fell("orchestrator-1", 1, 2.5), {}),
        (fell("postgres", 3.5, 4), {}),
    ],
    ids=["its handler", "nobody knows whose", "orchestrator before the claim", "database"],
)
def test_a_fall_that_may_cut_a_talk_excuses_it(fall: Fall, facts: dict[str, object]) -> None:
    run = run_with(fall, frames=50, **facts)
    assert count_whole(judge(run), run) == (0, 1)
    assert list_short_talks(judge(run), run) == []


def test_a_run_that_left_hardly_a_talk_whole_fails() -> None:
    ids = [f"call-{number}" for number in range(21)]
    ledger = [line for call_id in ids for line in talk(call_id)]
    cut = {call_id: result_of(call_id, SID, handler_instance="host:99") for call_id in ids[:20]}
    run = run_of(ledger, [*cut.values(), result_of(ids[20], SID)])
    run.falls = [fell("handler-1", 5, 6, pid=99)]
    assert [finding.fault for finding in find_short_talks(judge(run), run)] == [Fault.EMPTY]
    run.falls = []
    assert find_short_talks(judge(run), run) == []


def test_a_run_without_a_single_talk_fails() -> None:
    run = run_of([], [])
    assert [finding.fault for finding in find_short_talks(judge(run), run)] == [Fault.EMPTY]
