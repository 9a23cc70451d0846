"""The stage of the replicas: one of two Orchestrators is lost; one report comes ten times."""

import asyncio
import re
import time
import uuid
from dataclasses import dataclass

import grpc.aio

from call_reporter import CallReporter
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.evidence import Fall
from tests.chaos.open_loop import Sent, send_steadily
from tests.chaos.parts import SPANS
from tests.chaos.person import Errands, errands_of
from tests.chaos.promptness import LEAST_FOR_P99, percentile
from tests.chaos.rounds import Deed, close_round, steady_calls
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.watcher import list_all

LOST, LEFT = "orchestrator-1", "orchestrator-2"
_PER_S = 50
_ACK_P99_S = 0.1
_FIRST_S = 1.0
_LANES = 2
_MID_DIAL = 3
# Nobody but the carrier can tell of such a call, and only when it is asked.
_UNTOLD = {"callbacks_lost": ["initiated", "ringing", "answered", "completed"]}
# SETTLE, a sweep, and the longest of these calls with some air for a busy machine.
_RESOLVED_S = float(SPANS["RINGBACK_SETTLE_S"]) + float(SPANS["RINGBACK_SWEEP_S"]) + 4.0
_TEN = 10
_RPC_S = 10.0
_ACK_MS = re.compile(r"report_acknowledged .* ms=([0-9.]+)")


async def run(context: Context) -> StageReport:
    """Lose an Orchestrator under calls and reports; then send reports ten times to both."""
    report = StageReport()
    fleet = Fleet(context.folder / "lost", "postgres", 2, 2, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        await _report_ten_times(context, fleet, errands.foreign, report)
        await _lose_one(context, fleet, errands, report)
        await close_round(fleet, errands, Deed("a replica for good", "postgres", 2), report)
    return report


async def _lose_one(context: Context, fleet: Fleet, errands: Errands, report: StageReport) -> None:
    """Let one Orchestrator die in the midst of dials, and leave it dead."""
    numbers = await errands.bind(_MID_DIAL)
    numbers += await errands.bind(_MID_DIAL, "busy", carrier=_UNTOLD)
    async with steady_calls(errands, _LANES, ("short_order",)):
        began, pids = time.time(), [fleet.pid(LOST)]
        await fleet.kill(LOST)
        await fleet.start(LOST, {"RINGBACK_FAILPOINTS": "order.after_post"})
        await fleet.ready(LOST)
        pids.append(fleet.pid(LOST))
        steady = _report_steadily(context, fleet, errands.foreign, report)
        reports = asyncio.create_task(steady)
        await asyncio.sleep(_FIRST_S)
        placing = [asyncio.create_task(errands.place(number)) for number in numbers]
        await fleet.died(LOST)
        died_at = time.monotonic()
        mid_dial = [await call for call in placing]
        for call_id in mid_dial:
            await errands.finish(call_id, 3 * _RESOLVED_S)
        resolved_s = time.monotonic() - died_at
        sent = await reports
    await fleet.start(LOST)  # only so that the judge can compare what both tell
    await fleet.ready(LOST)
    errands.falls.append(Fall("for good", (LOST,), tuple(pids), began, time.time()))
    report.figures["calls caught mid-dial, from the kill to the last result"] = (
        f"{resolved_s:.1f} s"
    )
    if resolved_s > _RESOLVED_S and not context.is_quick:
        words = f"Calls caught mid-dial were resolved after {resolved_s:.1f} s > {_RESOLVED_S:g} s."
        report.violations.append(Violation(words))
    _judge_acknowledgements(context, sent, died_at, report)
    acks = [
        float(ms) / 1000 for name in fleet.handler_names for ms in _ACK_MS.findall(fleet.log(name))
    ]
    report.figures["acknowledgement of the handlers' reports"] = _spread(acks)


async def _report_steadily(
    context: Context, fleet: Fleet, sids: set[str], report: StageReport
) -> Sent:
    """Report through the loss, as an agent with both addresses does."""

    async def report_one(_: int) -> None:
        result = _external_result("told once")
        sids.add(result.call_sid)
        if await reporter.report(result) is None:
            report.violations.append(Violation("A report was not acknowledged within its wait."))

    outbox = context.folder / "agent.db"
    async with CallReporter(fleet.grpc_target, outbox=outbox, ack_wait_s=_RPC_S) as reporter:
        return await send_steadily(report_one, _PER_S, _PER_S * context.pick(6, 14))


def _judge_acknowledgements(
    context: Context, sent: Sent, died_at: float, report: StageReport
) -> None:
    """Judge what the agent saw from the kill on: reports under way then, and those due later.

    The first second is told apart: later reports know nothing of the lost replica.
    """
    after = [(due, answered) for due, answered in sent.answered if answered > died_at]
    first = [answered - due for due, answered in after if due < died_at + _FIRST_S]
    taken = {
        "before the kill": [b - due for due, b in sent.answered if b <= died_at],
        "under way at the kill": [b - due for due, b in after if due <= died_at],
        f"within {_FIRST_S:g} s of the kill": first,
        "from the kill on": [answered - due for due, answered in after],
    }
    for when, seconds in taken.items():
        report.figures[f"report to acknowledgement, {when}"] = _spread(seconds)
    soonest_s = min((answered for _, answered in after), default=died_at) - died_at
    report.figures["from the kill to the next acknowledgement"] = f"{soonest_s * 1000:.0f} ms"
    report.violations += [Violation(f"A report failed: {words}") for words in sent.failures]
    if len(first) < _PER_S * _FIRST_S or len(after) < LEAST_FOR_P99:
        words = f"Only {len(first)} reports met the loss of a replica: it was not tested."
        report.violations.append(Violation(words))
    p99_s = percentile([answered - due for due, answered in after], 99) or 0.0
    if p99_s > _ACK_P99_S and not context.is_quick:  # a busy machine is no fault of a commit
        words = f"p99 of the acknowledgements is {p99_s * 1000:.0f} ms with one of two dying."
        report.violations.append(Violation(words))


@dataclass(frozen=True, slots=True)
class _Stubs:
    one: "pb_grpc.CallResultsAsyncStub"
    other: "pb_grpc.CallResultsAsyncStub"


async def _report_ten_times(
    context: Context, fleet: Fleet, sids: set[str], report: StageReport
) -> None:
    """Send a report ten times at once, with two statuses, to both; one result, ten OKs."""
    rounds, acks = context.pick(10, 100), 0
    async with (
        grpc.aio.insecure_channel(fleet.grpc(1)) as one,
        grpc.aio.insecure_channel(fleet.grpc(2)) as other,
    ):
        stubs = _Stubs(pb_grpc.CallResultsStub(one), pb_grpc.CallResultsStub(other))
        for number in range(rounds):
            result = _external_result("told ten times")
            sids.add(result.call_sid)
            answers = await asyncio.gather(*_ten_reports(stubs, result))
            acks += len(answers)
            _judge_ten(answers, result.call_sid, report)
            context.progress(number + 1, rounds, "one report ten times")
    for name, i in ((LOST, 1), (LEFT, 2)):
        told = [result for result in await list_all(fleet.grpc(i)) if result.call_sid in sids]
        if len(told) != rounds:
            words = f"{rounds} reports, each told ten times: {len(told)} results at {name}."
            report.violations.append(Violation(words))
    report.figures["one report ten times, two statuses"] = f"{rounds} results, {acks} OK"


def _ten_reports(stubs: _Stubs, result: pb.CallResult) -> list[asyncio.Task[pb.ReportResponse]]:
    failed = pb.CallResult()
    failed.CopyFrom(result)
    failed.status = pb.CALL_STATUS_FAILED
    failed.report_id = uuid.uuid4().hex
    sent = []
    for number in range(_TEN):
        stub = stubs.one if number % 2 else stubs.other
        request = pb.ReportRequest(result=failed if number % 4 < 2 else result)
        sent.append(asyncio.create_task(_send(stub, request)))
    return sent


async def _send(
    stub: "pb_grpc.CallResultsAsyncStub", request: pb.ReportRequest
) -> pb.ReportResponse:
    return await stub.Report(request, timeout=_RPC_S)


def _judge_ten(answers: list[pb.ReportResponse], call_sid: str, report: StageReport) -> None:
    stored = [a for a in answers if a.disposition == pb.DISPOSITION_STORED]
    if len(stored) != 1 or len({answer.call_id for answer in answers}) != 1:
        told = tuple(pb.Disposition.Name(answer.disposition) for answer in answers)
        report.violations.append(Violation(f"{call_sid}: not one of ten was the first.", told))


def _external_result(summary: str) -> pb.CallResult:
    return pb.CallResult(
        call_sid=f"CA{uuid.uuid4().hex}",
        report_id=uuid.uuid4().hex,
        status=pb.CALL_STATUS_COMPLETED,
        duration=42,
        summary=summary,
        source=pb.SOURCE_HANDLER,
    )


def _spread(seconds: list[float]) -> str:
    """Say how many there are, and their middle, p99 and longest in milliseconds."""
    if not seconds:
        return "none"
    parts = [
        f"{name} {(percentile(seconds, percent) or 0) * 1000:.0f}" for name, percent in _PERCENTS
    ]
    return f"{len(seconds)}: {', '.join(parts)} ms"


_PERCENTS = (("p50", 50), ("p99", 99), ("max", 100))
STAGE = Stage("replicas", "One of two Orchestrators lost for good; one report ten times", run)
