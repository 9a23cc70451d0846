"""I7, I8, I9, F35: order, repetition and grouping of reports change nothing, on both databases."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.call_results import adopt_orphans
from orchestrator.call_results.to_proto import unpack
from orchestrator.store import schema
from orchestrator.store.results import KnownCall
from ringback.v1 import call_results_pb2 as pb
from tests.properties.bench import Bench
from tests.properties.histories import (
    Arrival,
    any_name,
    arrivals_of,
    reports_of,
)
from tests.rig import call_sid
from tests.rows_rig import CALL, DUPLICATE, MERGED, STORED, SUPERSEDED, rows_of

LATE_S = 10
"""Told times lie before this; a stamped one is of today."""
FEW = settings(max_examples=8, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=30, suppress_health_check=list(HealthCheck))


class Ending(NamedTuple):
    """Is what stands in the end for one call."""

    record: pb.CallResult
    winners: dict[str, str]
    """The report that each field comes from."""


def comparable(known: KnownCall) -> Ending:
    assert known.record is not None
    assert known.provenance is not None
    record = pb.CallResult.FromString(known.record)
    winners = {name: key.report_id for name, key in unpack(record, known.provenance).keys.items()}
    for field in ("record_time", "revision"):
        record.ClearField(field)
    if known.call_id != CALL:
        record.call_id = "minted"
    if record.report_time.seconds > LATE_S:
        record.report_time.FromSeconds(LATE_S)
    return Ending(record, winners)


async def endings(bench: Bench) -> list[Ending]:
    """Read all results, the external one first."""
    ids = [str(row["call_id"]) for row in await rows_of(bench.store, schema.result)]
    known = [found for call_id in ids if (found := await bench.read_call(call_id)) is not None]
    return sorted((comparable(one) for one in known), key=lambda ending: ending.record.call_id)


async def play(bench: Bench, arrival: Arrival, sid: str | None) -> list[Ending]:
    """Let reports of an empty database's only call arrive; return what stands in the end."""
    await bench.clear()
    for place in range(len(arrival.groups) + 1):
        if place == arrival.call_appears_at:
            await bench.add_our_call(sid)
            await bench.store.write(lambda tx: adopt_orphans(tx, CALL))
        if place < len(arrival.groups):
            await bench.record(arrival.groups[place])
    return await endings(bench)


@st.composite
def two_arrivals(
    draw: st.DrawFn, names: st.SearchStrategy[tuple[str, str]], *, may_wait: bool
) -> tuple[Arrival, Arrival]:
    reports = draw(reports_of(names))
    ways = arrivals_of(reports, may_wait=may_wait)
    return draw(ways), draw(ways)


ours = two_arrivals(any_name, may_wait=False)
strangers = two_arrivals(any_name, may_wait=True)


def check_ours(bench: Bench, one: Arrival, other: Arrival) -> None:
    expected = bench.run(play(bench, one, call_sid()))
    assert bench.run(play(bench, other, call_sid())) == expected
    assert len(expected) == 1
    bench.run(check_revisions(bench, one))


async def check_revisions(bench: Bench, arrival: Arrival) -> None:
    """Each visible change raises the revision by one; a repeat or what is outranked by none."""
    await bench.clear()
    await bench.add_our_call(call_sid())
    known: set[str] = set()
    before, revision = None, 0
    for report in (report for group in arrival.groups for report in group):
        [answer] = await bench.record([report])
        after = (await endings(bench))[0].record
        is_change = after != before
        revision += is_change
        expected = DUPLICATE if report.report_id in known else SUPERSEDED
        if is_change:
            expected = MERGED if known else STORED
        assert (answer.disposition, answer.revision) == (expected, revision)
        known.add(report.report_id)
        before = after
    kept = {str(row["report_id"]) for row in await rows_of(bench.store, schema.report)}
    assert kept == known


def check_strangers(bench: Bench, one: Arrival, other: Arrival) -> None:
    assert bench.run(play(bench, other, None)) == bench.run(play(bench, one, None))


@FEW
@given(ours)
def test_f35_reports_of_our_call_make_one_record_in_any_order(
    bench: Bench, both: tuple[Arrival, Arrival]
) -> None:
    check_ours(bench, *both)


@FEW
@given(strangers)
def test_f35_orphans_and_calls_of_strangers_that_turn_out_to_be_ours_become_one_in_any_order(
    bench: Bench, both: tuple[Arrival, Arrival]
) -> None:
    check_strangers(bench, *both)


@pytest.mark.chaos
@MANY
@given(ours)
def test_f35_many_sets_of_reports_make_one_record_each_in_any_order(
    bench: Bench, both: tuple[Arrival, Arrival]
) -> None:
    check_ours(bench, *both)


@pytest.mark.chaos
@MANY
@given(strangers)
def test_f35_many_sets_of_orphans_and_strangers_become_one_in_any_order(
    bench: Bench, both: tuple[Arrival, Arrival]
) -> None:
    check_strangers(bench, *both)
