"""Mutants of the product: each takes one guarantee away, and must turn the simulation red."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from call_reporter import client as reporter_client
from call_reporter.outbox import Outbox, PutOutcome
from orchestrator import calls, sweeper
from orchestrator.call_handler_client import (
    CallHandlerClient,
    OrderAnswer,
    OrderNotTaken,
    OrderUnknown,
)
from orchestrator.call_results import Received, Recorded, desk, join
from orchestrator.call_results.case import Case, open_case
from orchestrator.calls import CallTimings, Candidate, dialing, progress
from orchestrator.dial_policy import Judgement, Ruling, judge_dial
from orchestrator.errors import NotAllowed
from orchestrator.rpc import servicer
from orchestrator.store import Store
from orchestrator.store.calls import CallRow
from orchestrator.store.results import KnownCall
from orchestrator.store.transaction import Transaction
from ringback.v1 import call_results_pb2 as pb
from tests.simulation.plans import draw_plan
from tests.simulation.scripts import THEMES, Plan
from tests.simulation.seed import Bench, SeedReport, run_seed
from tests.simulation.swaps import Swap, swapped


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guarantee that is taken away."""

    name: str
    # What it does, in words.
    lacks: str
    # The themes whose seeds concern it.
    themes: tuple[str, ...]
    swaps: tuple[Swap, ...] = ()
    change: Callable[[Plan], Plan] = field(default=lambda plan: plan)
    has_keys: bool = True


@dataclass(frozen=True, slots=True)
class Caught:
    """What turned red, and after how many seeds."""

    seeds: int
    report: SeedReport


def hunt(mutant: Mutant, first_seed: int, most_seeds: int) -> Caught | None:
    """Run seeds that concern the mutant until one turns red; None when none does."""
    bench = Bench(has_keys=mutant.has_keys)
    seeds, seed = 0, first_seed
    try:
        with swapped(*mutant.swaps):
            while seeds < most_seeds:
                if THEMES[seed % len(THEMES)] in mutant.themes:
                    seeds += 1
                    report = run_seed(seed, bench, mutant.change(draw_plan(seed)))
                    if report.findings:
                        return Caught(seeds, report)
                seed += 1
    finally:
        bench.close()
    return None


# -- what stands in the product's place ------------------------------------------------------------


def _find_nothing(
    tx: Transaction,
    call_id: str,
    found: Sequence[Candidate],
    timings: CallTimings,
    held_until: int,
) -> None:
    del found
    _APPLY_LOOKUP(tx, call_id, [], timings, held_until)


async def _order_again(self: CallHandlerClient, order: Mapping[str, object]) -> OrderAnswer:
    answer = await _PLACE_ORDER(self, order)
    if isinstance(answer, OrderUnknown):
        return OrderNotTaken(answer.reason)
    return answer


async def _write_no_outcome(
    self: Outbox, call_key: str, result: pb.CallResult, *, is_first: bool = True
) -> PutOutcome:
    del call_key, result, is_first
    return PutOutcome(id(self) % 1000 + next(_NUMBERS), is_new=True)


async def _start_no_call(
    self: Outbox, opening_id: str, call_key: str, draft: pb.CallResult
) -> None:
    """Write nothing down."""


async def _recover_nothing(outbox: Outbox, options: object) -> int:
    del outbox, options
    return 0


async def _ask_nobody(self: object, row: CallRow, step: object) -> None:
    """Leave the carrier alone."""


def _outrank_always(name: str, one: join.ReportKey, other: join.ReportKey) -> bool:
    del name, one, other
    return True


def _forget_result(known: KnownCall) -> Case:
    return open_case(replace(known, record=None, provenance=None, revision=None))


def _bind_anything(tx: Transaction, row: CallRow, call_sid: str) -> CallRow:
    try:
        return _BIND_SID(tx, row, call_sid)
    except NotAllowed:
        return row


def _grant_always(tx: Transaction, call_id: str, call_sid: str, nonce: str) -> bool:
    _CLAIM_STREAM(tx, call_id, call_sid, nonce)
    return True


async def _dial_checked_before(self: sweeper.Sweeper, row: CallRow) -> None:
    parts = self._parts
    judgement = await parts.store.write(lambda tx: judge_dial(tx, row, parts.rules.policy))
    if judgement.ruling is Ruling.ALLOWED:
        await _DIAL(self, row)


def _allow_always(tx: Transaction, row: CallRow, policy: object) -> Judgement:
    del tx, row, policy
    return Judgement(Ruling.ALLOWED)


async def _answer_at_once(store: Store, received: Received) -> Recorded:
    task = asyncio.ensure_future(_RECORD(store, received))
    _BEHIND.append(task)
    return Recorded(pb.DISPOSITION_STORED, received.report.call_id, 1)


_APPLY_LOOKUP = calls.apply_lookup
_PLACE_ORDER = CallHandlerClient.place_order
_BIND_SID: Callable[[Transaction, CallRow, str], CallRow] = vars(progress)["bind_sid"]
_CLAIM_STREAM = vars(progress)["claim_stream"]
_DIAL = vars(sweeper.Sweeper)["_dial"]
_RECORD = vars(servicer)["record_call_result"]
_BEHIND: list[asyncio.Future[Recorded]] = []
_NUMBERS = iter(range(1_000_000, 1_000_000_000))


def _settle_early(plan: Plan) -> Plan:
    return replace(plan, timings=replace(plan.timings, settle_s=0.5, ask_again_s=0.2))


MUTANTS = (
    Mutant(
        "settle_below_latency",
        "SETTLE is shorter than the carrier's latency",
        ("callbacks", "carrier", "network"),
        change=_settle_early,
    ),
    Mutant(
        "not_placed_unasked",
        "an unknown dial is called NOT_PLACED without a look at the carrier's list",
        ("callbacks", "carrier"),
        (Swap(calls, "apply_lookup", _find_nothing),),
    ),
    Mutant(
        "redial_unasked",
        "an order without an answer is sent again",
        ("network", "deaths", "carrier"),
        (Swap(CallHandlerClient, "place_order", _order_again),),
    ),
    Mutant(
        "outbox_skipped",
        "results are reported from memory",
        ("deaths", "mixed"),
        (
            Swap(Outbox, "put_outcome", _write_no_outcome),
            Swap(Outbox, "start_call", _start_no_call),
        ),
    ),
    Mutant(
        "recovery_off",
        "what a dead process left is not reported",
        ("deaths", "mixed"),
        (Swap(reporter_client, "recover_lost_calls", _recover_nothing),),
    ),
    Mutant(
        "sweeper_off",
        "nobody asks the carrier",
        ("callbacks", "carrier"),
        (Swap(sweeper.Sweeper, "_ask", _ask_nobody),),
    ),
    Mutant(
        "rank_off",
        "the last report wins",
        ("deaths", "callbacks", "network"),
        (Swap(join, "outranks", _outrank_always),),
    ),
    Mutant(
        "key_off",
        "the result's primary key is dropped, and nobody looks for an earlier one",
        ("calm", "callbacks"),
        (Swap(desk, "open_case", _forget_result),),
        has_keys=False,
    ),
    Mutant(
        "claim_off",
        "every media stream may hold the call",
        ("carrier", "mixed"),
        (
            Swap(progress, "bind_sid", _bind_anything),
            Swap(progress, "claim_stream", _grant_always),
        ),
    ),
    Mutant(
        "caps_outside",
        "the caps are checked before the claim, not in it",
        ("caps",),
        (
            Swap(sweeper.Sweeper, "_dial", _dial_checked_before),
            Swap(dialing, "judge_dial", _allow_always),
        ),
    ),
    Mutant(
        "ack_before_commit",
        "a report is acknowledged before it is committed",
        ("deaths", "mixed"),
        (Swap(servicer, "record_call_result", _answer_at_once),),
    ),
)
