"""One Call Handler of the simulation: the product's desk, reporter, claim and ending of a call."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import cast

from call_handler.after_stream import AfterStreamDoor, choose_apology
from call_handler.call import CallServices, OpenStream, conduct_call
from call_handler.errors import OrderError
from call_handler.orders import OrderDesk, release_unanswered
from call_handler.orders.body import read_order
from call_handler.settings import HandlerSettings
from call_reporter import CallReporter, ReporterOptions
from call_reporter.outbox import Disk, Outbox, PutOutcome
from foundation.drain import Drain
from foundation.task_set import TaskSet
from ringback.v1.call_results_pb2 import CallResult
from telephony.signatures import SignatureKeys
from telephony.stream_token import BadToken, StreamTokens
from telephony.twilio_rest import TwilioRest
from tests.simulation.clients import CarrierClient, SimulatedWire
from tests.simulation.disks import MemoryFile, OutboxDisk, OutboxShelf, Spindle
from tests.simulation.doors import HandlerDoors
from tests.simulation.line import Line
from tests.simulation.plans import names_of
from tests.simulation.scripts import TIMINGS
from tests.simulation.virtual_time import Process, VirtualClock
from tests.simulation.world import World


class _NamedSettings(HandlerSettings):
    """Settings of one of several Call Handlers that share a process here."""

    name: str

    @property
    def handler_instance(self) -> str:
        """Name it as its reporter does: who holds a call is told apart by this."""
        return self.name


@cache
def _settings_of(name: str) -> HandlerSettings:
    return _NamedSettings(  # type: ignore[call-arg] # pydantic's own argument
        _env_file=None,
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN="token",  # noqa: S106 - nobody checks it here
        TWILIO_FROM_NUMBER="+14155550199",
        max_calls=4,
        create_s=TIMINGS.create_s,
        name=name,
    )


# As in the app's lifespan.
LAST_TASKS_S = 20.0
_AHEAD_S = 300.0
STREAM_KEY = b"k" * 32  # every Call Handler admits the streams of the others' dials


class HandlerPart:
    """Starts one Call Handler, again and again if need be."""

    def __init__(self, world: World, name: str, shelf: OutboxShelf, place: int) -> None:
        self.process = Process(name, is_alive=False)
        self._world = world
        self._name = name
        self._file = MemoryFile(shelf.take(place))
        self._doors: _Doors | None = None  # None until the first life has begun

    def start(self) -> None:
        """Begin a new life on what the outbox holds."""
        self.process, self._doors = Process(self._name), None
        self._world.loop.spawn(self._run(self.process), self.process)

    def stop(self, drain_s: float, then: Callable[[], None]) -> None:
        """End it as SIGTERM does: it drains, and closes what is open."""
        if self._doors is None:
            then()
        else:
            self._world.loop.spawn(self._doors.close(drain_s, then), self.process)

    async def _run(self, process: Process) -> None:
        world = self._world
        options = self._options()
        disk = Disk(
            open_file=lambda _path, _ballast: self._file,
            start_writer=partial(OutboxDisk, Spindle(process, world.dice, world.pass_as)),
        )
        outbox = _NotedOutbox(world, process, Path("outbox.db"), options, disk)
        orchestrators, _ = names_of(world.plan)
        wire = SimulatedWire(world, self._name, orchestrators, options)
        reporter = CallReporter(
            wire, outbox=outbox, handler_instance=self._name, test=True, options=options
        )
        await reporter.start()
        world.note("", f"{self._name} started")
        self._doors = _Doors(world, process, reporter, wire, options)
        world.network.listen(self._name, process, self._doors)

    def _options(self) -> ReporterOptions:
        world = self._world
        # Where clocks are odd, one machine's is wrong all the time.
        is_wrong = world.plan.theme == "clock" and self._name == "h1"
        return ReporterOptions(
            clock=VirtualClock(world.loop, _AHEAD_S if is_wrong else 0.0),
            chance=world.dice.random,
            failpoint=world.pass_point,
            ballast_bytes=0,
            progress_every_s=5.0,
        )


class _NotedOutbox(Outbox):
    """The product's outbox; the world keeps what it promised."""

    def __init__(
        self, world: World, process: Process, path: Path, options: ReporterOptions, disk: Disk
    ) -> None:
        super().__init__(path, options, disk)
        self._world = world
        self._process = process

    async def put_outcome(
        self, call_key: str, result: CallResult, *, is_first: bool = True
    ) -> PutOutcome:
        """Write an outcome; when this returns it cannot be lost any more."""
        put = await super().put_outcome(call_key, result, is_first=is_first)
        if put.is_new:
            self._world.promised.append((self._process.name, result.report_id))
        return put


class _Doors(HandlerDoors):
    """The doors, without their transports."""

    def __init__(
        self,
        world: World,
        process: Process,
        reporter: CallReporter,
        wire: SimulatedWire,
        options: ReporterOptions,
    ) -> None:
        self._world = world
        self._process = process
        self._drain = Drain()
        carrier = cast("TwilioRest", CarrierClient(world, process.name, TIMINGS.create_s))
        settings = _settings_of(process.name)
        self._services = CallServices(
            reporter, carrier, settings, options.clock, TaskSet(), self._drain.stopping
        )
        self._tokens = StreamTokens(STREAM_KEY, options.clock)
        self._desk = OrderDesk(self._services, self._tokens, self._drain)
        self._watcher = self._services.tasks.spawn(
            release_unanswered(self._drain, carrier), name="release unanswered calls"
        )
        self._after = AfterStreamDoor(settings, SignatureKeys((), ()), reporter, wire.ask_result)

    async def close(self, drain_s: float, then: Callable[[], None]) -> None:
        """Drain, then close, in the order of the server and of the app's lifespan."""
        self._drain.begin()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self._drain.wait_idle()
        self._drain.stopping.set()
        self._watcher.cancel()
        await self._services.tasks.close(LAST_TASKS_S)
        await self._services.reporter.close()
        then()

    async def order(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Take an order as the HTTP door does."""
        try:
            answer = await self._desk.take(read_order(body, "application/json"), body)
        except OrderError as error:
            return error.status, error.headers(), json.dumps(error.body()).encode()
        return answer.status, {"Retry-After": "2"}, json.dumps(dict(answer.body)).encode()

    async def open_stream(self, line: Line) -> None:
        """Let a media stream in as the WebSocket door does."""
        try:
            nonce = self._tokens.verify(line.call_id, line.token)
        except BadToken:
            line.close()
            return
        self._world.held[self._process].append(line)
        stream = OpenStream(
            call_id=line.call_id,
            nonce=nonce,
            call_sid=line.call_sid,
            stream_sid="MZ" + line.call_sid[2:],
            socket=line,
            start_time=self._services.clock.now(),
        )
        self._services.tasks.spawn(self._hold(stream, line), name="hold")

    async def after_stream(self, call_id: str) -> str | None:
        """Say what the callee hears now."""
        return await choose_apology(self._after, call_id)

    async def hold_external(self, call_sid: str, turns: int) -> None:
        """Hold a call that nobody ordered."""
        work = self._hold_external(call_sid, turns)
        self._services.tasks.spawn(work, name="external")

    async def _hold_external(self, call_sid: str, turns: int) -> None:
        async with self._services.reporter.call(call_sid) as call:
            self._world.external.append((call_sid, self._process.name))
            for number in range(turns):
                await asyncio.sleep(1.0)
                call.turn("callee", f"says {number}")
            call.finish(summary="All is said.")

    async def _hold(self, stream: OpenStream, line: Line) -> None:
        self._drain.enter(stream.call_id)
        try:
            await conduct_call(stream, self._services)
        finally:
            self._drain.leave(stream.call_id)
            line.close()
