"""The stage of the load that one Orchestrator and one Call Handler must bear together."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import grpc

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.chaos.ledger_facts import count_most_at_once
from tests.chaos.many_watchers import crowd_at
from tests.chaos.open_loop import Sent, send_steadily
from tests.chaos.person import errands_of
from tests.chaos.promptness import percentile
from tests.chaos.rounds import Deed, close_round
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.watcher import list_all
from tests.rig import call_sid, full_result

REPORTS_PER_S = 500
ACK_P99_S = 0.25
# Sandbox and product share the machine: at a third of the speed two cores play 150 calls at once,
# with a third of the frames in a second. What is judged comes after the call and is in real time.
_SPEED = 0.3
_PERSONS = 8
_TOLD_PER_S = 10
_RPC_S = 10.0
_SETTLE_S = 150.0
_TOLD_WITHIN_S = 60.0
_FIRST_OF_LOAD = 1_000_000
_EXAMPLES = 5


async def run(context: Context) -> StageReport:
    """Hold many calls at once; then serve many watchers; then take 500 reports a second."""
    report = StageReport()
    await _hold_calls(context, report)
    fleet = Fleet(context.folder / "reports", seed=context.seed)
    async with fleet, grpc.aio.insecure_channel(fleet.grpc()) as channel:
        stub = pb_grpc.CallResultsStub(channel)
        await channel.channel_ready()
        await _serve_watchers(context, fleet.grpc(), stub, report)
        await _take_reports(context, fleet.grpc(), stub, report)
    return report


async def _hold_calls(context: Context, report: StageReport) -> None:
    """Have all calls at the carrier at one time; their results are judged like any other's."""
    count = context.pick(30, 150)
    fleet = Fleet(context.folder / "calls", time_factor=_SPEED, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        line = iter(await errands.bind(count))

        async def place_some() -> None:
            for number in line:
                await errands.place(number)
                context.progress(len(errands.ordered), count, "calls placed")

        await asyncio.gather(*(place_some() for _ in range(_PERSONS)))
        context.progress(count, count, "calls at once")
        deed = Deed(f"{count} calls at once", fleet.database, 0)
        verdict = await close_round(fleet, errands, deed, report, _SETTLE_S)
    most = count_most_at_once(verdict.calls.values())
    report.figures["calls at the carrier at once"] = f"{most} of {count}"
    if most < count:
        report.violations.append(Violation(f"Only {most} of {count} calls were there at once."))


async def _serve_watchers(
    context: Context, target: str, stub: "pb_grpc.CallResultsAsyncStub", report: StageReport
) -> None:
    """Report calls, each twice: reconstructed, then first-hand; every watcher has each revision."""
    watchers, reports = context.pick(40, 200), context.pick(40, 200)
    told: set[tuple[str, int]] = set()

    async def send(number: int) -> None:
        result = full_result(number // 2)
        if number % 2 == 0:
            result.source = pb.SOURCE_RECOVERED
        result.report_id = f"{result.report_id} {number}"
        answer = await stub.Report(pb.ReportRequest(result=result), timeout=_RPC_S)
        told.add((answer.call_id, answer.revision))

    async with crowd_at(target, watchers) as crowd:
        sent = await send_steadily(
            send,
            _TOLD_PER_S,
            reports,
            lambda done: context.progress(done, reports, f"reports to {watchers} watchers"),
        )
        await crowd.until_told(len(told), _TOLD_WITHIN_S)
        broken, wrong = crowd.broken, crowd.count_wrong(told)
    report.figures[f"{watchers} watchers"] = f"{len(told)} revisions each, {wrong} of them wrong"
    if wrong or broken or len(told) < reports:
        words = (
            f"{wrong} of {watchers} watchers did not have each of {len(told)} revisions exactly "
            f"once; {broken} streams ended; {reports} reports were sent."
        )
        report.violations.append(Violation(words, tuple(sent.failures[:_EXAMPLES])))


async def _take_reports(
    context: Context, target: str, stub: "pb_grpc.CallResultsAsyncStub", report: StageReport
) -> None:
    """Send reports at a steady rate; each is acknowledged in time and has its row."""
    count = REPORTS_PER_S * context.pick(5, 60)

    async def send(number: int) -> None:
        request = pb.ReportRequest(result=full_result(_FIRST_OF_LOAD + number))
        await stub.Report(request, timeout=_RPC_S)

    sent = await send_steadily(
        send,
        REPORTS_PER_S,
        count,
        lambda done: context.progress(done, count, f"reports, {REPORTS_PER_S} a second"),
    )
    context.progress(count, count, "counting rows")
    rows = Counter(result.call_sid for result in await list_all(target))
    lost = [n for n in range(count) if rows[call_sid(_FIRST_OF_LOAD + n)] != 1]
    p99_s = percentile(sent.seconds, 99)
    report.figures |= say_load(sent, count - len(lost))
    if sent.failures or lost:
        words = f"Of {count} reports {len(sent.failures)} failed, {len(lost)} have not one row."
        report.violations.append(Violation(words, tuple(sent.failures[:_EXAMPLES])))
    if p99_s is not None and p99_s > ACK_P99_S and not context.is_quick:
        words = f"At {REPORTS_PER_S} reports a second p99 was {p99_s * 1000:.0f} ms."
        report.violations.append(Violation(words))


def say_load(sent: Sent, rows: int) -> Mapping[str, str]:
    """Say how the reports went, and how punctual the generator was."""
    answered, late = sorted(sent.seconds), sorted(sent.late_s)
    middle, p99, worst = (
        (percentile(answered, percent) or 0.0) * 1000 for percent in (50, 99, 100)
    )
    own = (percentile(late, 99) or 0.0) * 1000
    return {
        f"{REPORTS_PER_S} reports a second": f"{len(late)} sent, {rows} rows",
        "due to acknowledged": f"p50 {middle:.1f}, p99 {p99:.1f}, slowest {worst:.0f} ms",
        "the generator's own delay in it": f"p99 {own:.1f} ms",
    }


STAGE = Stage(
    "load", "500 reports a second, 150 calls at once, 200 watchers", run, is_in_quick=False
)
