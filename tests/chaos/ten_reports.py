"""One report ten times at once, with two statuses, to two Orchestrators: one record (F26, I8)."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc.aio

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.stage import Context, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.watcher import list_all

TEN = 10
_RPC_S = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one of the ten said, and what it was answered."""

    status: pb.CallStatus.ValueType
    answer: pb.ReportResponse


@dataclass(frozen=True, slots=True)
class _Stubs:
    one: "pb_grpc.CallResultsAsyncStub"
    other: "pb_grpc.CallResultsAsyncStub"


async def report_ten_times(
    context: Context, fleet: Fleet, sids: set[str], report: StageReport
) -> None:
    """Send such reports, then compare what both Orchestrators list with what was answered.

    The CallSids are added to `sids`.
    """
    rounds = context.pick(10, 100)
    told: dict[str, Sequence[Told]] = {}
    async with (
        grpc.aio.insecure_channel(fleet.grpc(1)) as one,
        grpc.aio.insecure_channel(fleet.grpc(2)) as other,
    ):
        stubs = _Stubs(pb_grpc.CallResultsStub(one), pb_grpc.CallResultsStub(other))
        for number in range(rounds):
            result = external_result("told ten times")
            sids.add(result.call_sid)
            told[result.call_sid] = await asyncio.gather(*_ten_reports(stubs, result))
            context.progress(number + 1, rounds, "one report ten times")
    targets = {name: fleet.grpc(i) for i, name in enumerate(fleet.orchestrator_names, 1)}
    listed = {name: await list_all(target) for name, target in targets.items()}
    report.violations += judge_ten_reports(told, listed)
    replaced = sum(_count(ten, pb.DISPOSITION_MERGED) for ten in told.values())
    report.figures["one report ten times, two statuses"] = (
        f"{rounds} results, {sum(map(len, told.values()))} OK, {replaced} replaced by the other"
    )


def external_result(summary: str) -> pb.CallResult:
    """Make the result of a call that nobody ordered here."""
    return pb.CallResult(
        call_sid=f"CA{uuid.uuid4().hex}",
        report_id=uuid.uuid4().hex,
        status=pb.CALL_STATUS_COMPLETED,
        duration=42,
        summary=summary,
        source=pb.SOURCE_HANDLER,
    )


def judge_ten_reports(
    told: Mapping[str, Sequence[Told]], listed: Mapping[str, Sequence[pb.CallResult]]
) -> list[Violation]:
    """Judge, by CallSid, the answers to the ten and the records of all replicas."""
    violations = []
    for call_sid, ten in told.items():
        records = [
            result
            for results in listed.values()
            for result in results
            if result.call_sid == call_sid
        ]
        words = [*_find_wrong_answers(ten), *_find_wrong_records(ten, records, len(listed))]
        history = tuple(pb.Disposition.Name(one.answer.disposition) for one in ten)
        violations += [Violation(f"{call_sid}, told ten times: {what}", history) for what in words]
    return violations


def _find_wrong_answers(ten: Sequence[Told]) -> list[str]:
    """Of two reports one is the first, one the other; all else repeats one of the two (I2)."""
    first, second = _count(ten, pb.DISPOSITION_STORED), _count(ten, *_OF_THE_SECOND)
    wrong = []
    if len(ten) != TEN or (first, second) != (1, 1):
        wrong.append(f"{len(ten)} answers, {first} of a first and {second} of a second report.")
    if _count(ten, pb.DISPOSITION_DUPLICATE) != len(ten) - first - second:
        wrong.append("a repeat was not answered as one.")
    if len({one.answer.call_id for one in ten}) != 1:
        wrong.append("the answers name several calls.")
    return wrong


def _find_wrong_records(
    ten: Sequence[Told], records: Sequence[pb.CallResult], replicas: int
) -> list[str]:
    """All replicas list one record, the same: that of the report which the answers say stands."""
    if len(records) != replicas or any(record != records[0] for record in records):
        return [f"{len(records)} records at {replicas} replicas, or they differ."]
    replacing = [one for one in ten if one.answer.disposition == pb.DISPOSITION_MERGED]
    standing = replacing or [one for one in ten if one.answer.disposition == pb.DISPOSITION_STORED]
    record, revision = records[0], 1 + len(replacing)
    wrong = []
    if record.status not in {one.status for one in standing}:
        wrong.append(f"the record says {pb.CallStatus.Name(record.status)}; another stands.")
    if record.revision != revision:
        wrong.append(f"the record has revision {record.revision}; by the answers it is {revision}.")
    return wrong


_OF_THE_SECOND = (pb.DISPOSITION_MERGED, pb.DISPOSITION_SUPERSEDED)


def _count(ten: Sequence[Told], *dispositions: int) -> int:
    counts = Counter(one.answer.disposition for one in ten)
    return sum(counts[pb.Disposition.ValueType(one)] for one in dispositions)


def _ten_reports(stubs: _Stubs, result: pb.CallResult) -> list[asyncio.Task[Told]]:
    failed = pb.CallResult()
    failed.CopyFrom(result)
    failed.status = pb.CALL_STATUS_FAILED
    failed.report_id = uuid.uuid4().hex
    sent = []
    for number in range(TEN):
        stub = stubs.one if number % 2 else stubs.other
        sent.append(asyncio.create_task(_send(stub, failed if number % 4 < 2 else result)))
    return sent


async def _send(stub: "pb_grpc.CallResultsAsyncStub", result: pb.CallResult) -> Told:
    request = pb.ReportRequest(result=result)
    return Told(result.status, await stub.Report(request, timeout=_RPC_S))
