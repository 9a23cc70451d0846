"""I1-I9 as invariants of any interleaving of orders, callbacks, progress, reports and kills."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import is_terminal, rises, status_of_word
from tests.properties.bench import Bench
from tests.properties.world import MOODS, CallWorld, Snapshot
from tests.rig import result_of

STATES = ("ready", "dialing", "waiting", "final")


def words_of_the_handler(source: int, summary: str, report_id: str, turns: int) -> pb.CallResult:
    return result_of(
        status=pb.CALL_STATUS_COMPLETED,
        source=source,
        duration=47,
        outcome=pb.OUTCOME_SUCCEEDED,
        end_reason=pb.END_REASON_CALLEE_HUNG_UP,
        summary=summary,
        report_id=report_id,
        transcript=[pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Hello?")] * turns,
    )


numbers = st.integers(0, 5)
told = st.builds(
    words_of_the_handler,
    st.sampled_from([pb.SOURCE_RECOVERED, pb.SOURCE_MANUAL, pb.SOURCE_HANDLER]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["r1", "r2", "r3"]),
    st.integers(0, 2),
)


class Life(RuleBasedStateMachine):
    """Does what people, carriers, handlers and the power can do, in any order."""

    world: CallWorld
    """Shared by all examples, because opening a database takes longer than an example."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, tuple[str, int]] = {}

    @initialize()
    def begin(self) -> None:
        self.world.bench.run(self.world.start())

    @rule(task=st.none() | numbers, key=st.sampled_from([None, "k1", "k2"]))
    def the_person_confirms(self, task: int | None, key: str | None) -> None:
        self.world.bench.run(self.world.confirm(task, key))

    @rule(mood=st.sampled_from(MOODS), after_s=st.sampled_from([0, 1, 5, 30, 61, 301]))
    def the_sweeper_looks(self, mood: str, after_s: float) -> None:
        self.world.handlers.mood = mood
        self.world.bench.run(self.world.sweep(after_s))

    @precondition(lambda self: self.world.ledger)
    @rule(number=numbers, choice=numbers)
    def the_call_goes_on(self, number: int, choice: int) -> None:
        self.world.move(number, choice)

    @precondition(lambda self: self.world.ledger)
    @rule(number=numbers, choice=numbers, is_nameless=st.booleans())
    def the_carrier_calls_back(self, number: int, choice: int, *, is_nameless: bool) -> None:
        self.world.bench.run(self.world.call_back(number, choice, is_nameless=is_nameless))

    @precondition(lambda self: self.world.ledger)
    @rule(number=numbers, is_second_stream=st.booleans())
    def the_handler_speaks(self, number: int, *, is_second_stream: bool) -> None:
        self.world.bench.run(self.world.speak(number, is_second_stream=is_second_stream))

    @precondition(lambda self: self.world.ledger)
    @rule(number=numbers, told=told, is_nameless=st.booleans())
    def the_handler_reports(self, number: int, told: pb.CallResult, *, is_nameless: bool) -> None:
        self.world.bench.run(self.world.report(number, told, is_nameless=is_nameless))

    @rule()
    def the_orchestrator_is_killed(self) -> None:
        self.world.die()

    @invariant()
    def the_promises_hold(self) -> None:
        stored = self.world.bench.run(self.world.look(len(self.seen)))
        check_i2(stored)
        check_i3(stored, self.world)
        check_i4(self.world)
        check_i5(stored, self.world)
        check_i6(stored, self.seen)
        check_i7(stored)
        for record, joined_again in stored.rejoined:
            assert joined_again == record, "I8"

    def teardown(self) -> None:
        self.world.bench.run(self.world.come_to_rest())
        self.the_promises_hold()
        check_i1(self.world.bench.run(self.world.look(0)), self.world)


def check_i1(stored: Snapshot, world: CallWorld) -> None:
    """When all is quiet, every confirmed call has its true result."""
    truths = {each.call_id: each for each in world.ledger}
    calls = {row["call_id"]: row for row in stored.calls}
    results = {row["call_id"]: row for row in stored.results}
    for call_id in world.confirmed:
        assert (calls[call_id]["state"], calls[call_id]["due_at"]) == ("final", None)
        result, truth = results[call_id], truths.get(call_id)
        if truth is None:
            assert result["status"] == pb.CALL_STATUS_FAILED
        else:
            expected = (status_of_word(truth.word), truth.call_sid)
            assert (result["status"], result["call_sid"]) == expected


def check_i2(stored: Snapshot) -> None:
    """One result a call, one call a CallSid."""
    assert len({row["call_id"] for row in stored.results}) == len(stored.results)
    sids = [row["call_sid"] for row in stored.calls if row["call_sid"]]
    assert len(set(sids)) == len(sids)


def check_i3(stored: Snapshot, world: CallWorld) -> None:
    """No result without a call, none of ours with the CallSid of another."""
    known = {row["call_id"] for row in stored.calls}
    placed = {each.call_sid: each.call_id for each in world.ledger}
    for row in stored.results:
        assert row["call_id"] in known
        if row["origin"] == pb.CALL_ORIGIN_RINGBACK and row["call_sid"]:
            assert placed[row["call_sid"]] == row["call_id"]


def check_i4(world: CallWorld) -> None:
    """A call is dialled at most once, and only if somebody confirmed it."""
    dialled = [each.call_id for each in world.ledger]
    assert len(set(dialled)) == len(dialled)
    assert set(dialled) <= world.confirmed


def check_i5(stored: Snapshot, world: CallWorld) -> None:
    """What was acknowledged is there."""
    assert world.acknowledged <= {(row["call_sid"], row["report_id"]) for row in stored.reports}


def check_i6(stored: Snapshot, seen: dict[str, tuple[str, int]]) -> None:
    """State and status only rise."""
    for row in stored.calls:
        state, status = row["state"], row["status"]
        old_state, old_status = seen.get(row["call_id"], ("ready", 0))
        is_back = (old_state, state) == ("dialing", "ready")
        assert is_back or STATES.index(state) >= STATES.index(old_state)
        if status != old_status:
            assert is_terminal(status) or rises(old_status, status)
        seen[row["call_id"]] = (state, status)


def check_i7(stored: Snapshot) -> None:
    """Each revision is told once, in order, none left out."""
    told: dict[str, list[int]] = {row["call_id"]: [] for row in stored.results}
    for row in stored.events:
        if row["kind"] == "result" and row["call_id"] in told:
            told[row["call_id"]].append(row["data"]["revision"])
    for row in stored.results:
        assert told[row["call_id"]] == list(range(1, row["revision"] + 1))


@pytest.fixture
def world(bench: Bench) -> Iterator[CallWorld]:
    opened = CallWorld(bench)
    yield opened
    bench.run(opened.close())


def live(world: CallWorld, examples: int, steps: int) -> None:
    machine = type("LifeHere", (Life,), {"world": world})
    plan = settings(
        max_examples=examples,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=plan)


def test_i1_to_i9_hold_whatever_happens_in_whatever_order(world: CallWorld) -> None:
    live(world, examples=4, steps=15)


@pytest.mark.chaos
def test_i1_to_i9_hold_over_many_long_lives(world: CallWorld) -> None:
    live(world, examples=12, steps=30)
