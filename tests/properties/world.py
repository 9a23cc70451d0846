"""The life of calls as a world that is moved step by step: a carrier, a handler, replays, kills."""

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from sqlalchemy import Connection, RowMapping, Table, select

from orchestrator.call_handler_client import (
    OrderAccepted,
    OrderAnswer,
    OrderNotTaken,
    OrderRefused,
    OrderUnknown,
)
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.call_results.case import open_case
from orchestrator.call_results.history import join_all, read_history
from orchestrator.call_results.to_proto import to_proto
from orchestrator.calls import CallTimings
from orchestrator.errors import AlreadyHeld, NotFound
from orchestrator.store import schema
from orchestrator.store.calls import list_open_calls
from orchestrator.store.results import select_calls
from ringback.v1 import call_results_pb2 as pb
from telephony.twilio_rest import CarrierCall
from tests.faults.life_peers import ScriptedCarrier, ScriptedHandlers, sid
from tests.faults.life_rig import LUIGI, NO_CAPS, OURS, Rig, make_sweeper, rules_of
from tests.properties.bench import Bench

Row: TypeAlias = RowMapping
OVER = frozenset({"busy", "no-answer", "failed", "completed"})
NEXT_WORDS: Mapping[str, tuple[str, ...]] = {
    "queued": ("ringing",),
    "ringing": ("in-progress", "in-progress", "busy", "no-answer", "failed"),
    "in-progress": ("completed",),
}


@dataclass
class Placed:
    """Is one line of the carrier's ledger: a create that it accepted."""

    call_id: str
    call_sid: str
    words: list[str] = field(default_factory=lambda: ["queued"])

    @property
    def word(self) -> str:
        """Say how the call stands."""
        return self.words[-1]

    @property
    def was_answered(self) -> bool:
        """Say whether anybody picked up."""
        return "in-progress" in self.words


@dataclass
class MoodyHandlers(ScriptedHandlers):
    """Places calls with the carrier and answers as its mood is."""

    mood: str = "accepts"
    ledger: list[Placed] = field(default_factory=list)

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Take, lose, refuse or put off one order."""
        match self.mood:
            case "accepts":
                return OrderAccepted(self._dial(order))
            case "dies after the dial":
                self._dial(order)
                return OrderUnknown("reset")
            case "dies before the dial":
                return OrderUnknown("reset")
            case "is refused":
                return OrderRefused("21211", "This number does not exist.")
            case _:
                return OrderNotTaken("The call handler is full.")

    def _dial(self, order: Mapping[str, object]) -> str:
        placed = Placed(str(order["call_id"]), sid(len(self.ledger) + 1))
        self.ledger.append(placed)
        return placed.call_sid


MOODS = ("accepts", "dies after the dial", "dies before the dial", "is refused", "is full")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Is all that the database holds at one moment."""

    calls: Sequence[Row]
    results: Sequence[Row]
    reports: Sequence[Row]
    events: Sequence[Row]
    rejoined: Sequence[tuple[pb.CallResult, pb.CallResult]]
    """Each record beside what its history says when it is joined in another order."""


class CallWorld:
    """Moves calls step by step; what is lost, doubled or late is the caller's choice."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.clock = bench, bench.clock
        self.carrier, self.handlers = ScriptedCarrier(), MoodyHandlers()
        self.tasks: list[str] = []
        self.confirmed: set[str] = set()
        self.acknowledged: set[tuple[str, str]] = set()
        """(CallSid, report_id) of each report that was answered."""
        self.rig = self._make_rig()

    @property
    def ledger(self) -> list[Placed]:
        """Return what the carrier accepted, in order."""
        return self.handlers.ledger

    async def start(self) -> None:
        """Begin on an empty database, far from every earlier example."""
        self.clock.advance(100_000)
        await self.rig.sweeper.close()
        await self.bench.clear()
        self.carrier, self.handlers = ScriptedCarrier(), MoodyHandlers()
        self.tasks, self.confirmed, self.acknowledged = [], set(), set()
        self.rig = self._make_rig()

    async def confirm(self, task: int | None, key: str | None) -> None:
        """Confirm a new errand, or an earlier one again."""
        if task is None or not self.tasks:
            self.tasks.append(await self.rig.add_task())
            task = -1
        confirmed = await self.rig.confirm(self.tasks[task % len(self.tasks)], key)
        self.confirmed.add(confirmed.call_id)

    async def sweep(self, after_s: float) -> None:
        """Let time pass and look at what is due."""
        await self.rig.sweep(after_s)
        self._show_new_calls()

    def move(self, number: int, choice: int) -> None:
        """Let a call at the carrier go on."""
        placed = self.ledger[number % len(self.ledger)]
        following = NEXT_WORDS.get(placed.word)
        if following:
            placed.words.append(following[choice % len(following)])
            self._show(placed)

    async def call_back(self, number: int, choice: int, *, is_nameless: bool) -> None:
        """Deliver any word that was true at some time, with or without our call_id in the path."""
        placed = self.ledger[number % len(self.ledger)]
        word = placed.words[choice % len(placed.words)]
        duration_s = 49 if word == "completed" else None
        call_id = "" if is_nameless else placed.call_id
        await self.rig.call_back(call_id, word, call_sid=placed.call_sid, duration_s=duration_s)

    async def speak(self, number: int, *, is_second_stream: bool) -> None:
        """Have the handler claim the call or tell a turn, if anybody has answered."""
        placed = self.ledger[number % len(self.ledger)]
        nonce = ("cd" if is_second_stream else "ab") * 16
        if placed.was_answered:
            with suppress(AlreadyHeld, NotFound):
                call_id, call_sid = placed.call_id, placed.call_sid
                await self.rig.progress(call_id, "Hello?", call_sid=call_sid, nonce=nonce)

    async def report(self, number: int, told: pb.CallResult, *, is_nameless: bool) -> None:
        """Report an answered call once more; the same words are the same report."""
        placed = self.ledger[number % len(self.ledger)]
        if not placed.was_answered:
            return
        result = pb.CallResult()
        result.CopyFrom(told)
        result.call_sid = placed.call_sid
        result.call_id = "" if is_nameless else placed.call_id
        recorded = await record_call_result(self.bench.store, receive_proto(result))
        if recorded.revision:
            self.acknowledged.add((placed.call_sid, result.report_id))

    def die(self) -> None:
        """Kill the Orchestrator and start another one."""
        self.bench.run(self.rig.sweeper.close())
        self.bench.reopen()
        self.rig = self._make_rig()

    async def come_to_rest(self) -> None:
        """End all calls at the carrier, lose every callback, and let the deadlines pass."""
        self.handlers.mood = "is full"
        for number, placed in enumerate(self.ledger):
            while placed.word not in OVER:
                self.move(number, 0)
        for _ in range(40):
            await self.sweep(60)
            if not await self.bench.store.read(list_open_calls):
                return

    async def look(self, seed: int) -> Snapshot:
        """Read all that is stored; `seed` decides in which order the history is joined again."""

        def query(connection: Connection) -> Snapshot:
            results = _read_all(connection, schema.result)
            ids = [str(row["call_id"]) for row in results]
            return Snapshot(
                _read_all(connection, schema.call),
                results,
                _read_all(connection, schema.report),
                _read_all(connection, schema.event),
                [_join_again(connection, call_id, seed) for call_id in ids],
            )

        return await self.bench.store.read(query)

    async def close(self) -> None:
        """Wait for what the sweeper began."""
        await self.rig.sweeper.close()

    def _show_new_calls(self) -> None:
        for placed in self.ledger:
            if placed.call_sid not in self.carrier.known:
                self._show(placed)

    def _show(self, placed: Placed) -> None:
        known = self.carrier.known.get(placed.call_sid)
        duration_s = 49 if placed.word == "completed" else None
        made_at = self.clock.now()
        self.carrier.known[placed.call_sid] = (
            CarrierCall(placed.call_sid, LUIGI, OURS, "queued", None, None, made_at, None, None)
            if known is None
            else replace(known, status=placed.word, duration_s=duration_s)
        )

    def _make_rig(self) -> Rig:
        timings = CallTimings()
        store, carrier, handlers = self.bench.store, self.carrier, self.handlers
        sweeper = make_sweeper(store, self.clock, carrier, handlers, rules_of(NO_CAPS, timings))
        url = self.bench.url
        return Rig(url, store, self.clock, carrier, handlers, timings, NO_CAPS, sweeper)


def _read_all(connection: Connection, table: Table) -> Sequence[Row]:
    return connection.execute(select(table)).mappings().all()


def _join_again(
    connection: Connection, call_id: str, seed: int
) -> tuple[pb.CallResult, pb.CallResult]:
    case = open_case(select_calls(connection, [call_id])[0])
    history = read_history(connection, call_id)
    random.Random(seed).shuffle(history)  # noqa: S311 - repeatable, not secret
    joined = to_proto(join_all(history, case.identity), case.identity)
    return case.record or pb.CallResult(), joined
