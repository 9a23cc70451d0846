"""One Orchestrator's rules on a real database, with a clock, a carrier and a handler to script."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from orchestrator import calls
from orchestrator.call_handler_client import OrderAccepted, OrderAnswer, OrderUnknown
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.calls import (
    Callback,
    CallOrder,
    CallTimings,
    CarrierFacts,
    Confirmed,
    DialRules,
    OrderAddresses,
    Progress,
    ProgressAnswer,
)
from orchestrator.dial_policy import DialCaps, DialPolicy
from orchestrator.errands import DeclaredFact
from orchestrator.store import Store, mint_id
from orchestrator.store import results as result_statements
from orchestrator.store.calls import CallRow, read_call
from orchestrator.store.schema import event as events
from orchestrator.store.schema import task as tasks
from orchestrator.sweeper import Sweeper, SweeperParts
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import status_of_word
from telephony.twilio_rest import CarrierCall, CarrierUnreachable

LUIGI = "+14155550100"
OURS = "+14155550199"
NONCE = "ab" * 16
NO_CAPS = DialCaps(1000, 1000, 1000, 1000, 1_000_000)
ORDER = CallOrder(
    errand="food_order",
    instructions="Order a pizza.",
    details={"customer_name": "Ada", "order": "one large margherita"},
    facts=(DeclaredFact("total_price", "The price.", required=True, kind=1),),
    to_number=LUIGI,
)


def sid(number: int) -> str:
    """Make a CallSid."""
    return f"CA{number:032x}"


@dataclass
class ScriptedClock:
    """Stands still until it is told to go on."""

    wall: datetime = datetime(2026, 11, 23, 10, tzinfo=UTC)
    ticks: float = 1000.0

    def now(self) -> datetime:
        """Tell the time of day."""
        return self.wall

    def monotonic(self) -> float:
        """Count seconds."""
        return self.ticks

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += timedelta(seconds=seconds)
        self.ticks += seconds


@dataclass
class ScriptedCarrier:
    """Knows the calls it is told to know, and keeps the book of what it was asked."""

    known: dict[str, CarrierCall] = field(default_factory=dict)
    is_reachable: bool = True
    # What ending a call makes of it; a call that is over stays as it is.
    end_word: str = "completed"
    asked: list[str] = field(default_factory=list)

    async def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """Answer how a call stands."""
        self._note(f"fetch {call_sid}")
        return self.known.get(call_sid)

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List what is known between two numbers."""
        self._note(f"list {to} {from_}")
        return [one for one in self.known.values() if (one.to, one.from_) == (to, from_)]

    async def end_call(self, call_sid: str) -> None:
        """End a call."""
        self._note(f"end {call_sid}")
        self._change(call_sid, self.end_word)

    async def cancel_call(self, call_sid: str) -> None:
        """Cancel a call that is not answered."""
        self._note(f"cancel {call_sid}")
        if self.known[call_sid].status in {"queued", "ringing"}:
            self._change(call_sid, "canceled")

    def _note(self, question: str) -> None:
        self.asked.append(question)
        if not self.is_reachable:
            raise CarrierUnreachable("refused")

    def _change(self, call_sid: str, word: str) -> None:
        if self.known[call_sid].status in {"queued", "ringing", "in-progress"}:
            self.known[call_sid] = replace(self.known[call_sid], status=word)


@dataclass
class ScriptedHandlers:
    """Gives the answers it is told to give, and keeps the orders."""

    answers: list[OrderAnswer] = field(default_factory=list)
    orders: list[Mapping[str, object]] = field(default_factory=list)

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Take one order; by default it is accepted."""
        self.orders.append(order)
        return self.answers.pop(0) if self.answers else OrderAccepted(sid(len(self.orders)))


@dataclass
class Rig:
    """Drives the life of calls step by step; nothing happens by itself."""

    store: Store
    clock: ScriptedClock
    carrier: ScriptedCarrier
    handlers: ScriptedHandlers
    timings: CallTimings
    sweeper: Sweeper

    async def add_task(self) -> str:
        """Make a task that is being confirmed."""
        task_id = mint_id(self.store.now_us())
        columns = {
            "task_id": task_id,
            "state": "confirming",
            "errand": "food_order",
            "form": {},
            "created_at": self.store.now_us(),
            "updated_at": self.store.now_us(),
        }
        await self.store.write(lambda tx: tx.connection.execute(insert(tasks), [columns]).rowcount)
        return task_id

    async def confirm(self, task_id: str | None = None, key: str | None = None) -> Confirmed:
        """Confirm a task, by default a new one."""
        task = task_id or await self.add_task()
        return await calls.confirm_task(self.store, task, key, ORDER, self.timings)

    async def dial(self) -> str:
        """Confirm a task and have it dialled; the call waits then, bound to sid(1)."""
        confirmed = await self.confirm()
        await self.sweep()
        self.know(sid(1), "queued")
        return confirmed.call_id

    async def dial_unknown(self) -> str:
        """Confirm a task and have its order end without an answer."""
        self.handlers.answers = [OrderUnknown("reset")]
        confirmed = await self.confirm()
        await self.sweep()
        return confirmed.call_id

    async def sweep(self, after_s: float = 0.0) -> None:
        """Let time pass, then look once at everything that is due."""
        self.clock.advance(after_s)
        await self.sweeper.sweep()
        await self.sweeper.settle()

    def know(self, call_sid: str, word: str, *, duration_s: int | None = None) -> None:
        """Let the carrier know a call between our number and Luigi's."""
        self.carrier.known[call_sid] = CarrierCall(
            sid=call_sid,
            to=LUIGI,
            from_=OURS,
            status=word,
            duration_s=duration_s,
            answered_by=None,
            date_created=self.clock.now(),
            start_time=None,
            end_time=None,
        )

    async def call_back(
        self,
        call_id: str,
        word: str,
        *,
        call_sid: str = sid(1),
        duration_s: int | None = None,
        sip_code: int | None = None,
    ) -> CallRow:
        """Have the carrier call back."""
        status = status_of_word(word)
        assert status is not None
        now_us = self.store.now_us()
        facts = CarrierFacts(status, word, now_us, False, duration_s, sip_code)  # noqa: FBT003 - fetched
        callback = Callback(call_id, call_sid, facts, LUIGI, OURS)
        return await self.store.write(lambda tx: calls.apply_callback(tx, callback, self.timings))

    async def progress(
        self, call_id: str, *texts: str, call_sid: str = sid(1), nonce: str = "", first: int = 0
    ) -> ProgressAnswer:
        """Have the handler say that the call is alive."""
        turns = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text=text) for text in texts]
        progress = Progress(
            call_id, call_sid, pb.CALL_STATUS_IN_PROGRESS, first, turns, nonce, "h1"
        )
        return await calls.record_progress(self.store, progress, self.timings)

    async def report(self, call_id: str, call_sid: str = sid(1)) -> None:
        """Have the handler report first-hand."""
        result = pb.CallResult(
            call_id=call_id,
            call_sid=call_sid,
            status=pb.CALL_STATUS_COMPLETED,
            end_reason=pb.END_REASON_CALLEE_HUNG_UP,
            outcome=pb.OUTCOME_SUCCEEDED,
            duration=47,
            source=pb.SOURCE_HANDLER,
            report_id="handler-1",
        )
        await record_call_result(self.store, receive_proto(result))

    async def row(self, call_id: str) -> CallRow:
        """Read how a call stands."""
        row = await self.store.read(lambda connection: read_call(connection, call_id))
        assert row is not None
        return row

    async def result(self, call_id: str) -> pb.CallResult | None:
        """Read the result of a call; None before there is one."""
        found = await self.store.read(
            lambda connection: result_statements.select_calls(connection, [call_id])
        )
        record = found[0].record if found else None
        return None if record is None else pb.CallResult.FromString(record)

    async def finished(self, call_id: str) -> pb.CallResult:
        """Read the result of a call that must have one."""
        result = await self.result(call_id)
        assert result is not None
        return result

    async def events(self, kind: str) -> list[Mapping[str, object]]:
        """Read the data of all events of a kind, in order."""
        query = events.select().where(events.c.kind == kind).order_by(events.c.seq)
        rows = await self.store.read(lambda connection: connection.execute(query).mappings().all())
        return [row["data"] for row in rows]


@asynccontextmanager
async def life_rig(
    folder: Path, *, caps: DialCaps = NO_CAPS, timings: CallTimings | None = None
) -> AsyncIterator[Rig]:
    """Open a rig on a fresh database."""
    clock, carrier, handlers = ScriptedClock(), ScriptedCarrier(), ScriptedHandlers()
    spans = timings or CallTimings()
    store = await Store.open(f"sqlite:///{folder / 'ringback.db'}", clock)
    sweeper = make_sweeper(store, clock, carrier, handlers, rules_of(caps, spans))
    try:
        yield Rig(store, clock, carrier, handlers, spans, sweeper)
    finally:
        await sweeper.close()
        await store.close()


def rules_of(caps: DialCaps, timings: CallTimings) -> DialRules:
    """Build the rules of the claim."""
    return DialRules(DialPolicy(caps, ("US",), timings.time_limit_s), timings)


def make_sweeper(
    store: Store,
    clock: ScriptedClock,
    carrier: ScriptedCarrier | None,
    handlers: ScriptedHandlers,
    rules: DialRules,
) -> Sweeper:
    """Build a sweeper; several may look at one database."""
    addresses = OrderAddresses("https://orchestrator.ringback.test")
    return Sweeper(SweeperParts(store, carrier, handlers, rules, addresses, OURS, clock))
