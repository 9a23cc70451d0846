"""The stage that confirms more calls than the caps allow; two Orchestrators race for them."""

import asyncio
import itertools
from collections import Counter

from tests.chaos.ledger_facts import count_most_at_once
from tests.chaos.person import Errands, errands_of
from tests.chaos.rounds import Deed, close_round
from tests.chaos.stage import Context, Stage, StageReport, Violation
from tests.chaos.system import Fleet

AT_ONCE = 3
PER_NUMBER = 2
_TRIES_PER_NUMBER = 4
_PERSONS = 8
# Nobody talks in these calls: only how many there are is in question.
_RING: dict[str, object] = {"answer_after_s": 5.0, "answers": False, "final": "busy"}
_SETTLE_S = 150.0
# A dial that a slow machine claimed and then gave up counts against the cap and rings nowhere.
_LEAST_SHARE = 0.95


async def run(context: Context) -> StageReport:
    """Confirm 60 or 500 calls; by the ledger no cap is passed, and each is met."""
    confirms = context.pick(60, 500)
    in_all = confirms * 3 // 5
    report = StageReport()
    caps = {
        "RINGBACK_CAP_PERSON_AT_ONCE": str(AT_ONCE),
        "RINGBACK_CAP_NUMBER_HOUR": str(PER_NUMBER),
        "RINGBACK_CAP_HOUR": str(in_all),
        "RINGBACK_NOT_AFTER_S": str(int(_SETTLE_S)),
    }
    fleet = Fleet(context.folder, "postgres", 2, 2, extra_env=caps, seed=context.seed)
    async with fleet, errands_of(fleet) as errands:
        await _confirm_all(context, errands, confirms)
        deed = Deed("caps", fleet.database, 0, is_prompt=False)
        verdict = await close_round(fleet, errands, deed, report, _SETTLE_S)
    calls = [call for call in verdict.calls.values() if call.is_placed]
    numbers = Counter(errands.ordered[call.call_id].number for call in calls)
    most = {
        "calls at once": (count_most_at_once(calls), AT_ONCE),
        "calls to one number": (max(numbers.values()), PER_NUMBER),
        "calls in the hour": (len(calls), in_all),
    }
    for name, (count, cap) in most.items():
        report.figures[f"{name}, of {confirms} confirmed"] = f"{count} (cap {cap})"
        if count > cap:
            report.violations.append(Violation(f"There were {count} {name}; the cap is {cap}."))
        if count < cap * _LEAST_SHARE:
            words = f"There were only {count} {name} with a cap of {cap}: it was not tested."
            report.violations.append(Violation(words))
    return report


async def _confirm_all(context: Context, errands: Errands, confirms: int) -> None:
    """Confirm as fast as several persons can; the first numbers are called too often."""
    often = await errands.bind(confirms // 20, "busy", ring=_RING)
    once = await errands.bind(confirms - len(often) * _TRIES_PER_NUMBER, "busy", ring=_RING)
    line, done = iter([*often * _TRIES_PER_NUMBER, *once]), itertools.count(1)

    async def confirm_some() -> None:
        for number in line:
            await errands.place(number)
            context.progress(next(done), confirms, "confirmed")

    await asyncio.gather(*(confirm_some() for _ in range(_PERSONS)))


STAGE = Stage(
    "caps",
    "Caps under two Orchestrators that race for the same calls",
    run,
    is_in_quick=False,
    company="moments and caps",
)
