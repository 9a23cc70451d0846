"""One Orchestrator's rules on a real database, with a clock, a carrier and a handler to script."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orchestrator import calls
from orchestrator.call_handler_client import OrderUnknown
from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.calls import (
    UNTIMED,
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
from orchestrator.store import Store
from orchestrator.store import results as result_statements
from orchestrator.store.calls import CallRow, read_call
from orchestrator.store.schema import event as events
from orchestrator.sweeper import Sweeper, SweeperParts
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import status_of_word
from telephony.twilio_rest import CarrierCall
from tests.faults.life_peers import ScriptedCarrier, ScriptedClock, ScriptedHandlers, World, sid
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase
from tests.rows_rig import add_confirming_task

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


@dataclass
class Rig:
    """Drives the life of calls step by step; nothing happens by itself."""

    url: str
    store: Store
    clock: ScriptedClock
    carrier: ScriptedCarrier
    handlers: ScriptedHandlers
    timings: CallTimings
    caps: DialCaps
    sweeper: Sweeper

    async def add_task(self) -> str:
        """Make a task that is being confirmed."""
        return await add_confirming_task(self.store)

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
            date_created=self.clock.world.wall,
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
        facts = CarrierFacts(
            status, word, UNTIMED, fetched=False, duration_s=duration_s, sip_code=sip_code
        )
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
    folder: Path, *, caps: DialCaps = NO_CAPS, database: ScriptedDatabase | None = None
) -> AsyncIterator[Rig]:
    """Open a rig on a fresh database; by default a file of SQLite in `folder`."""
    world = World(server=database)
    world.advance(0)
    url = fresh_database(folder / "ringback.db") if database is None else database.url
    clock, carrier, handlers = ScriptedClock(world), ScriptedCarrier(), ScriptedHandlers()
    async with _opened(url, clock, carrier, handlers, caps) as rig:
        yield rig


@asynccontextmanager
async def replica_of(rig: Rig, skew: timedelta = timedelta()) -> AsyncIterator[Rig]:
    """Open a second Orchestrator on the same database, whose machine's clock is ahead by `skew`."""
    clock = ScriptedClock(rig.clock.world, skew)
    async with _opened(rig.url, clock, rig.carrier, rig.handlers, rig.caps) as other:
        yield other


@asynccontextmanager
async def _opened(
    url: str,
    clock: ScriptedClock,
    carrier: ScriptedCarrier,
    handlers: ScriptedHandlers,
    caps: DialCaps,
) -> AsyncIterator[Rig]:
    timings = CallTimings()
    store = await Store.open(url, clock)
    sweeper = make_sweeper(store, clock, carrier, handlers, rules_of(caps, timings))
    try:
        yield Rig(url, store, clock, carrier, handlers, timings, caps, sweeper)
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
