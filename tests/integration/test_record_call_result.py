"""Recording results: what happens to the call, its task, the history and the events."""

import asyncio

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from orchestrator.call_results import (
    CallReport,
    FaultReport,
    Recorded,
    receive_json,
    receive_proto,
    record_call_result,
    record_call_results,
    record_in,
)
from orchestrator.call_results.queries import get_result
from orchestrator.store import Store, Transaction, schema
from orchestrator.store.counters import read_counter
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, full_result, result_of
from tests.rows_rig import (
    CALL,
    DUPLICATE,
    MERGED,
    STORED,
    SUPERSEDED,
    TASK,
    add_call,
    add_task,
    dispositions,
    report,
    rows_of,
)


async def test_a_result_of_ours_ends_its_call_and_task(store: Store) -> None:
    await add_task(store)
    await add_call(store)
    recorded = await record_call_result(store, receive_proto(full_result()))
    assert recorded == Recorded(STORED, CALL, 1)
    [call] = await rows_of(store, schema.call)
    # It keeps its time: should the carrier's last word not come, it is asked for.
    assert (call["state"], call["due_at"], call["status"]) == ("final", 5, 5)
    assert call["ended_at"] == 3_000_003
    [task] = await rows_of(store, schema.task)
    assert task["state"] == "done"


async def test_a_result_of_ours_is_told_in_order(store: Store) -> None:
    await add_task(store)
    await add_call(store)
    await record_call_result(store, receive_proto(full_result()))
    events = await rows_of(store, schema.event)
    assert [(event["seq"], event["kind"], event["task_id"]) for event in events] == [
        (1, "call", TASK),
        (2, "result", TASK),
        (3, "task", TASK),
    ]
    [call, result, task] = [event["data"] for event in events]
    assert call == {"call_id": CALL, "state": "final", "status": 5, "attempt": 1}
    assert isinstance(result, dict)
    assert (result["call_id"], result["revision"]) == (CALL, 1)
    assert task == {"state": "done", "form": {"item": "margherita"}, "missing": []}


async def test_the_server_fills_in_what_it_knows(store: Store) -> None:
    await add_call(store)
    told = full_result()
    told.task_id, told.attempt, told.revision = "another", 7, 99
    told.ClearField("to_number")
    await record_call_result(store, receive_proto(told))
    result = await get_result(store, CALL)
    assert (result.task_id, result.attempt, result.revision) == (TASK, 1, 1)
    assert (result.to_number, result.origin) == ("+14155550100", pb.CALL_ORIGIN_RINGBACK)
    assert result.record_time.seconds > 0


async def test_a_call_that_the_carrier_ended_first_stays_due(store: Store) -> None:
    await add_call(store, provider={"status": "completed"})
    await record_call_result(store, report())
    [call] = await rows_of(store, schema.call)
    assert call["due_at"] is not None


async def test_a_report_binds_the_sid_of_a_call_that_has_none(store: Store) -> None:
    await add_call(store, call_sid=None)
    await record_call_result(store, report(call_id=CALL))
    [call] = await rows_of(store, schema.call)
    assert call["call_sid"] == call_sid()


async def test_a_report_of_another_sid_does_not_mix_with_the_call(store: Store) -> None:
    await add_call(store)
    second = report(call_id=CALL, call_sid=call_sid(2), summary="second leg")
    assert await dispositions(store, report(summary="first leg"), second) == [STORED, SUPERSEDED]
    assert (await get_result(store, CALL)).summary == "first leg"


async def test_an_unknown_sid_makes_one_external_call(store: Store) -> None:
    assert await dispositions(store, report(), report(), report(summary="more")) == [1, 2, 3]
    [call] = await rows_of(store, schema.call)
    assert (call["origin"], call["state"], call["task_id"]) == (2, "final", None)
    result = await get_result(store, call_sid=call_sid())
    assert (result.outcome, result.task_id) == (pb.OUTCOME_UNKNOWN, "")


async def test_reports_of_one_call_in_one_group_are_joined(store: Store) -> None:
    items = [report(report_id=f"r{n}", facts=[pb.Fact(name=f"fact_{n}")]) for n in range(5)]
    recorded = await record_call_results(store, [*items, items[0]])
    told = [one.disposition for one in recorded if isinstance(one, Recorded)]
    assert told == [STORED, MERGED, MERGED, MERGED, MERGED, DUPLICATE]
    result = await get_result(store, call_sid=call_sid())
    assert (len(result.facts), result.revision) == (5, 5)


async def test_parallel_reports_make_one_result(store: Store) -> None:
    by_handler, by_carrier = report(summary="heard"), report(status=8, source=2, duration=1)
    pairs = [
        record_call_result(store, item) for _ in range(10) for item in (by_handler, by_carrier)
    ]
    answers = await asyncio.gather(*pairs)
    assert len({answer.call_id for answer in answers}) == 1
    assert sorted(answer.disposition for answer in answers)[:2] == [STORED, DUPLICATE]
    result = await get_result(store, call_sid=call_sid())
    assert (result.status, result.summary, result.revision) == (8, "heard", 2)


async def test_a_later_status_changes_the_call_too(store: Store) -> None:
    await record_call_result(store, report())
    await record_call_result(store, report(status=8, source=2))
    [call] = await rows_of(store, schema.call)
    assert call["status"] == pb.CALL_STATUS_FAILED


async def test_an_override_stands_above_the_carrier(store: Store) -> None:
    raw = result_of(call_sid=call_sid(), status=7, summary="by an operator")
    override = receive_proto(raw, is_override=True)
    assert await dispositions(store, report(source=2, status=8), override, report()) == [1, 3, 4]
    assert (await get_result(store, call_sid=call_sid())).status == pb.CALL_STATUS_NO_ANSWER


async def test_a_result_read_corrected_and_sent_back_as_an_override_counts(store: Store) -> None:
    await record_call_result(store, report(report_id="r1", summary="misheard"))
    read = await get_result(store, call_sid=call_sid())
    read.summary = "corrected"
    override = receive_proto(read, is_override=True)
    assert await dispositions(store, override, override) == [MERGED, DUPLICATE]
    assert (await get_result(store, call_sid=call_sid())).summary == "corrected"


@pytest.mark.parametrize("is_reversed", [False, True])
async def test_first_hand_words_of_the_end_replace_a_guess_together_with_its_complaint(
    store: Store, *, is_reversed: bool
) -> None:
    fault = pb.Fault(component=pb.FAULT_COMPONENT_HANDLER, code="lost")
    told = {"end_reason": pb.END_REASON_HANDLER_LOST, "error_message": "lost", "fault": fault}
    both = [report(source=2, **told), report(end_reason=pb.END_REASON_CALLEE_HUNG_UP)]
    for item in reversed(both) if is_reversed else both:
        await record_call_result(store, item)
    record = await get_result(store, call_sid=call_sid())
    assert record.end_reason == pb.END_REASON_CALLEE_HUNG_UP
    assert (record.error_message, record.HasField("fault")) == ("", False)


async def test_a_report_from_inside_is_part_of_the_callers_unit(store: Store) -> None:
    await add_call(store)
    inside = CallReport(
        call_id=CALL,
        status=pb.CALL_STATUS_FAILED,
        end_reason=pb.END_REASON_DIAL_REFUSED,
        source=pb.SOURCE_PROVIDER,
        fault=FaultReport(component=1, code="21211", message="no such number"),
    )

    def unit(transaction: Transaction) -> Recorded:
        recorded = record_in(transaction, inside, transport="fetched")
        note = update(schema.call).values(handler_instance="changed in the same unit")
        transaction.connection.execute(note)
        return recorded

    assert (await store.write(unit)).disposition == STORED
    result = await get_result(store, CALL)
    assert (result.fault.code, result.outcome) == ("21211", pb.OUTCOME_NOT_REACHED)


async def test_fetched_facts_beat_called_back_ones(store: Store) -> None:
    def unit(transaction: Transaction) -> None:
        for transport, duration in (("callback", 11), ("fetched", 12), ("callback", 13)):
            told = CallReport(call_sid=call_sid(), status=5, source=2, duration=duration)
            record_in(transaction, told, transport=transport)

    await store.write(unit)
    assert (await get_result(store, call_sid=call_sid())).duration == 12


async def test_the_history_keeps_the_bytes_as_received(store: Store) -> None:
    body = b'{ "call_sid": "%s", "status": "busy" }' % call_sid().encode()
    message = full_result(2).SerializeToString() + b"\xf8\x3f\x01"  # field 1023, from the future
    await record_call_result(store, receive_json(body))
    await record_call_result(store, receive_proto(pb.CallResult.FromString(message)))
    kept = {row["transport"]: row["raw"] for row in await rows_of(store, schema.report)}
    assert kept == {"rest": body, "grpc": message}


async def test_a_conflict_is_counted_and_logged(store: Store) -> None:
    with capture_logs() as lines:
        await dispositions(store, report(summary="a"), report(summary="b"))
    [conflict] = [line for line in lines if line["event"] == "report_conflict"]
    assert (conflict["fields"], conflict["log_level"]) == (["summary"], "warning")
    assert await store.read(lambda connection: read_counter(connection, "report_conflicts")) == 1


async def test_the_receipt_is_one_line_at_info(store: Store) -> None:
    await add_call(store)
    received = receive_proto(full_result())
    with capture_logs() as lines:
        await record_call_result(store, received)
    assert lines == [
        {
            "event": "result_stored",
            "log_level": "info",
            "call_id": CALL,
            "call_sid": call_sid(),
            "status": "CALL_STATUS_COMPLETED",
            "outcome": "OUTCOME_SUCCEEDED",
            "end_reason": "END_REASON_AGENT_HUNG_UP",
            "duration": 0,
            "turns": 2,
            "bytes": len(received.raw),
            "source": "SOURCE_HANDLER",
            "disposition": "DISPOSITION_STORED",
        }
    ]


async def test_a_cleaned_text_is_flagged_in_the_receipt(store: Store) -> None:
    with capture_logs() as lines:
        await record_call_result(store, report(summary="a\0b"))
    assert [line.get("cleaned") for line in lines] == [True]


async def test_a_call_takes_reports_however_many_facts_they_add(store: Store) -> None:
    recorded = []
    for number in range(3):
        message = result_of(call_sid=call_sid(), status=5, report_id=f"report-{number}")
        message.facts.extend([pb.Fact(name=f"fact_{number}_{of}") for of in range(50)])
        recorded.append(await record_call_result(store, receive_proto(message)))
    assert [one.disposition for one in recorded] == [STORED, MERGED, MERGED]
    assert len((await get_result(store, call_sid=call_sid())).facts) == 150
