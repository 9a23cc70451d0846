"""The stage of the replicas: one of two Orchestrators is lost; one report comes ten times."""

import asyncio
import re
import time
from contextlib import suppress

from call_reporter import CallReporter
from tests.chaos.evidence import Fall
from tests.chaos.open_loop import Sent, send_steadily
from tests.chaos.parts import SPANS
from tests.chaos.person import Errands, errands_of
from tests.chaos.promptness import LEAST_FOR_P99, percentile
from tests.chaos.rounds import Deed, close_round, steady_calls
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet
from tests.chaos.ten_reports import external_result, report_ten_times

LOST = "orchestrator-1"
_PER_S = 50
_ACK_P99_S = 0.1
_FIRST_S = 1.0
_BEFORE_S = 3.0
_LANES = 2
_MID_DIAL = 3
_TRIES = 8
_CLAIMED_WITHIN_S = 3.0
_DIES_DIALLING = {"RINGBACK_FAILPOINTS": "order.after_post"}
# Nobody but the carrier can tell of such a call, and only when it is asked.
_UNTOLD = {"callbacks_lost": ["initiated", "ringing", "answered", "completed"]}
# SETTLE, a sweep, and the longest of these calls with some air for a busy machine.
_RESOLVED_S = float(SPANS["RINGBACK_SETTLE_S"]) + float(SPANS["RINGBACK_SWEEP_S"]) + 4.0
_RPC_S = 10.0
_ACK_MS = re.compile(r"report_acknowledged .* ms=([0-9.]+)")


async def run(context: Context) -> StageReport:
    """Lose an Orchestrator under calls and reports; then send reports ten times to both."""
    report = StageReport()
    fleet = Fleet(context.folder / "lost", "postgres", 2, 2, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        await report_ten_times(context, fleet, errands.foreign, report)
        await _catch_untold(context, fleet, errands, report)
        await _lose_one(context, fleet, errands, report)
        await _lose_one_under_reports(context, fleet, errands, report)
        await close_round(fleet, errands, Deed("a replica for good", "postgres", 4), report)
    return report


async def _catch_untold(
    context: Context, fleet: Fleet, errands: Errands, report: StageReport
) -> None:
    """Let one Orchestrator die with a dial in its hands of which no callback tells (F39)."""
    began, pids = time.time(), [fleet.pid(LOST)]
    await fleet.kill(LOST)
    await fleet.start(LOST, _DIES_DIALLING)
    await fleet.ready(LOST)
    pids.append(fleet.pid(LOST))
    # The other one may be the quicker: then another call is tried.
    for number in await errands.bind(_TRIES, "busy", carrier=_UNTOLD):
        call_id = await errands.place(number)
        with suppress(TimeoutError):
            await fleet.died(LOST, _CLAIMED_WITHIN_S)
            break
    died_at = time.monotonic()
    is_caught = has_claimed(fleet.log(LOST), call_id)
    if not is_caught:
        words = f"None of {_TRIES} untold dials was in the hands of {LOST}: it was not tested."
        report.violations.append(Violation(words))
    await errands.finish(call_id, 3 * _RESOLVED_S)
    _judge_resolved(context, "an untold dial", time.monotonic() - died_at, report)
    await fleet.kill(LOST)
    await fleet.start(LOST)
    await fleet.ready(LOST)
    errands.falls.append(Fall("in a dial", (LOST,), tuple(pids), began, time.time()))


def _judge_resolved(context: Context, what: str, seconds: float, report: StageReport) -> None:
    """Judge the time from the kill to the result of what the lost one had in its hands."""
    report.figures[f"{what}, from the kill to the last result"] = f"{seconds:.1f} s"
    if seconds > _RESOLVED_S and not context.is_quick:
        words = f"{what}: resolved {seconds:.1f} s after the kill; the limit is {_RESOLVED_S:g} s."
        report.violations.append(Violation(words))


def has_claimed(log: str, call_id: str) -> bool:
    """Say whether an Orchestrator has claimed a call for its dial, and was told no answer."""
    own = [line for line in log.splitlines() if f"call_id={call_id}" in line]
    return any("state=dialing" in line for line in own) and not any(
        "state=waiting" in line or "dial_unknown" in line for line in own
    )


async def _lose_one(context: Context, fleet: Fleet, errands: Errands, report: StageReport) -> None:
    """Let one Orchestrator die in the midst of dials, and leave it dead until all are resolved."""
    numbers = await errands.bind(_MID_DIAL)
    async with steady_calls(errands, _LANES, ("short_order",)):
        began, pids = time.time(), [fleet.pid(LOST)]
        await fleet.kill(LOST)
        await fleet.start(LOST, _DIES_DIALLING)
        await fleet.ready(LOST)
        pids.append(fleet.pid(LOST))
        placing = [asyncio.create_task(errands.place(number)) for number in numbers]
        await fleet.died(LOST)
        died_at = time.monotonic()
        mid_dial = [await call for call in placing]
        for call_id in mid_dial:
            await errands.finish(call_id, 3 * _RESOLVED_S)
        resolved_s = time.monotonic() - died_at
    await fleet.start(LOST)
    await fleet.ready(LOST)
    errands.falls.append(Fall("in a dial", (LOST,), tuple(pids), began, time.time()))
    _judge_resolved(context, "calls caught mid-dial", resolved_s, report)
    acks = [
        float(ms) / 1000 for name in fleet.handler_names for ms in _ACK_MS.findall(fleet.log(name))
    ]
    report.figures["acknowledgement of the handlers' reports"] = _spread(acks)


async def _lose_one_under_reports(
    context: Context, fleet: Fleet, errands: Errands, report: StageReport
) -> None:
    """Kill one Orchestrator under steady reports, and leave it dead.

    No call is played meanwhile: sandbox, agent and product share the machine, and a conversation
    ten times as fast as life would be what is measured.
    """
    began, pid = time.time(), fleet.pid(LOST)
    reports = asyncio.create_task(_report_steadily(context, fleet, errands.foreign, report))
    await asyncio.sleep(_BEFORE_S)
    await fleet.kill(LOST)
    died_at = time.monotonic()
    sent = await reports
    await fleet.start(LOST)  # only so that the judge can compare what both tell
    await fleet.ready(LOST)
    errands.falls.append(Fall("for good", (LOST,), (pid,), began, time.time()))
    _judge_acknowledgements(context, sent, died_at, report)


async def _report_steadily(
    context: Context, fleet: Fleet, sids: set[str], report: StageReport
) -> Sent:
    """Report through the loss, as an agent with both addresses does."""

    async def report_one(_: int) -> None:
        result = external_result("told once")
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
    if len(first) < 0.8 * _PER_S * _FIRST_S or len(after) < LEAST_FOR_P99:
        words = f"Only {len(first)} reports met the loss of a replica: it was not tested."
        report.violations.append(Violation(words))
    p99_s = percentile([answered - due for due, answered in after], 99) or 0.0
    if p99_s > _ACK_P99_S and not context.is_quick:  # a busy machine is no fault of a commit
        words = f"p99 of the acknowledgements is {p99_s * 1000:.0f} ms with one of two dying."
        report.violations.append(Violation(words))


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
