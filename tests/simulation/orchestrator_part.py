"""One Orchestrator of the simulation: the product's store, rules, sweeper and servicer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

import aiohttp

from orchestrator import calls
from orchestrator.call_handler_client import CallHandlerClient
from orchestrator.call_results.access import Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import (
    Callback,
    CallOrder,
    CallTimings,
    CarrierFacts,
    DialRules,
    OrderAddresses,
    Progress,
    ProgressAnswer,
)
from orchestrator.dial_policy import DialPolicy
from orchestrator.errands import DeclaredFact
from orchestrator.errors import OrchestratorError
from orchestrator.rpc.servicer import CallResultsServicer
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store
from orchestrator.store.database import Database
from orchestrator.store.sqlite import SqliteDialect
from orchestrator.sweeper import Sweeper, SweeperParts
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import status_of_word
from tests.simulation.clients import CarrierClient, OrderSession
from tests.simulation.disks import MemoryDatabase, Spindle, StoreDisk
from tests.simulation.doors import NO_RIGHTS, OrchestratorDoors
from tests.simulation.plans import names_of
from tests.simulation.virtual_time import Process
from tests.simulation.world import World

OURS = "+14155550199"
ADDRESSES = OrderAddresses("https://orchestrator.ringback.test")


def order_to(number: str) -> CallOrder:
    """Make the order that every task of the simulation confirms."""
    return CallOrder(
        errand="food_order",
        instructions="Order a pizza.",
        details={"customer_name": "Ada"},
        facts=(DeclaredFact("total_price", "The price.", required=True, kind=1),),
        to_number=number,
        is_test=True,
    )


class OrchestratorPart:
    """Starts one Orchestrator, again and again if need be."""

    def __init__(self, world: World, name: str, database: MemoryDatabase) -> None:
        self.process = Process(name, is_alive=False)
        self._world = world
        self._name = name
        self._memory = database
        self._timings = world.plan.timings

    def start(self) -> None:
        """Begin a new life on what the database holds."""
        self.process = Process(self._name)
        self._world.loop.spawn(self._run(self.process), self.process)

    def stop(self, drain_s: float, then: Callable[[], None]) -> None:
        """Do as when killed: nothing here waits for an Orchestrator that stops."""
        del drain_s
        then()

    async def _run(self, process: Process) -> None:
        world = self._world
        engine = self._memory.engine
        database = Database(engine, engine, SqliteDialect(world.clock))
        newest = self._memory.raw.execute("SELECT value FROM counter").fetchone()[0]
        disk = partial(StoreDisk, Spindle(process, world.dice, world.pass_as))
        store = Store(database, world.clock, newest, disk)
        sweeper = Sweeper(self._parts(store))
        world.network.listen(self._name, process, _Doors(store, self._timings))
        world.note("", f"{self._name} started")
        await sweeper.run()

    def _parts(self, store: Store) -> SweeperParts:
        world = self._world
        _, handlers = names_of(world.plan)
        session = cast(
            "aiohttp.ClientSession", OrderSession(world, self._name, self._timings.order_s)
        )
        urls = [f"http://{name}" for name in handlers]
        return SweeperParts(
            store=store,
            carrier=CarrierClient(world, self._name, self._timings.create_s),
            handlers=CallHandlerClient(urls, "token", self._timings.order_s, session),
            rules=DialRules(
                DialPolicy(world.plan.caps, ("US",), self._timings.time_limit_s), self._timings
            ),
            addresses=ADDRESSES,
            from_number=OURS,
            clock=world.clock,
        )


class _Doors(OrchestratorDoors):
    """The doors, without their transports."""

    def __init__(self, store: Store, timings: CallTimings) -> None:
        self._store = store
        self._timings = timings
        # Neither watchers nor stalled ones here.
        feed, stalls = cast("ResultFeed", None), cast("StallGuard", None)
        self._rpc = CallResultsServicer(store, feed, Tokens(), self._record_progress, stalls)

    async def report(self, request: pb.ReportRequest) -> pb.ReportResponse:
        """Take a result."""
        return await self._rpc.report(request, NO_RIGHTS)

    async def batch_report(self, request: pb.BatchReportRequest) -> pb.BatchReportResponse:
        """Take results."""
        return await self._rpc.batch_report(request, NO_RIGHTS)

    async def report_progress(self, request: pb.ReportProgressRequest) -> pb.ReportProgressResponse:
        """Take a progress."""
        return await self._rpc.report_progress(request, NO_RIGHTS)

    async def get_result(self, request: pb.GetResultRequest) -> pb.GetResultResponse:
        """Give a result."""
        return await self._rpc.get_result(request, NO_RIGHTS)

    async def call_back(
        self, call_id: str, form: Mapping[str, str], duration_s: int | None, at_us: int
    ) -> int:
        """Take a status callback."""
        word = form["word"]
        status = status_of_word(word)
        assert status is not None
        facts = CarrierFacts(status, word, at_us, fetched=False, duration_s=duration_s)
        callback = Callback(call_id, form["sid"], facts, form["to"], form["from"])
        try:
            await self._store.write(lambda tx: calls.apply_callback(tx, callback, self._timings))
        except OrchestratorError as error:
            return error.http_status
        return 204

    async def confirm(self, task_id: str, key: str, number: str) -> str:
        """Take the person's yes."""
        order = order_to(number)
        confirmed = await calls.confirm_task(self._store, task_id, key, order, self._timings)
        return confirmed.call_id

    async def cancel(self, call_id: str) -> None:
        """Take the person's no."""
        await calls.cancel_call(self._store, call_id, self._timings)

    async def _record_progress(self, progress: Progress) -> ProgressAnswer:
        return await calls.record_progress(self._store, progress, self._timings)
