"""How the processes speak to each other: the product's interfaces over the simulated network."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import grpc

from call_reporter import ReporterOptions
from call_reporter.errors import DeliveryFailed, ReportRefused
from call_reporter.wire import Wire, join_results
from orchestrator.errors import OrchestratorError
from ringback.v1 import call_results_pb2 as pb
from telephony.twilio_rest import (
    CarrierCall,
    CarrierUnreachable,
    DialRequest,
    DialUnknown,
    PlacedCall,
)
from tests.simulation.carrier import Carrier
from tests.simulation.doors import HandlerDoors, OrchestratorDoors
from tests.simulation.network import Broken, Refused
from tests.simulation.world import World

T = TypeVar("T")

QUESTION_S = 10.0


class CarrierClient:
    """Asks the simulated carrier as TwilioRest asks the real one."""

    def __init__(self, world: World, name: str, create_s: float) -> None:
        self._world = world
        self._name = name
        self._create_s = create_s

    async def create_call(self, request: DialRequest) -> PlacedCall:
        """Dial, once. Raises: as TwilioRest."""
        try:
            async with asyncio.timeout(self._create_s):
                return await self._ask(lambda carrier: carrier.create(request))
        except Refused as error:
            raise CarrierUnreachable("The carrier could not be reached.") from error
        except (Broken, TimeoutError) as error:
            raise DialUnknown("The carrier did not answer in time.") from error

    async def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """Ask how a call stands. Raises: CarrierUnreachable."""
        return await self._question(lambda carrier: carrier.fetch(call_sid))

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List calls between two numbers. Raises: CarrierUnreachable."""
        return await self._question(lambda carrier: carrier.list(to, from_))

    async def end_call(self, call_sid: str) -> None:
        """End a call. Raises: CarrierUnreachable."""
        await self._question(lambda carrier: carrier.end(call_sid))

    async def cancel_call(self, call_sid: str) -> None:
        """End a call that is not answered. Raises: CarrierUnreachable."""
        await self._question(lambda carrier: carrier.cancel(call_sid))

    async def _question(self, question: Callable[[Carrier], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(QUESTION_S):
                return await self._ask(question)
        except (Refused, Broken, TimeoutError) as error:
            raise CarrierUnreachable("The carrier could not be reached.") from error

    async def _ask(self, question: Callable[[Carrier], Awaitable[T]]) -> T:
        def put(doors: object) -> Awaitable[T]:
            assert isinstance(doors, Carrier)
            return question(doors)

        return await self._world.network.ask(self._name, "carrier", put)


class SimulatedWire(Wire):
    """Speaks `CallResults` to whichever Orchestrator answers, the last one that did first."""

    def __init__(
        self, world: World, name: str, targets: Sequence[str], options: ReporterOptions
    ) -> None:
        super().__init__("simulated", "", options)
        self._world = world
        self._name = name
        self._targets = list(targets)
        self._spans = options

    def open(self) -> None:
        """Do nothing: there is no channel."""

    async def close(self) -> None:
        """Do nothing: there is no channel."""

    async def report(self, result: pb.CallResult) -> pb.ReportResponse:
        """Report one result. Raises: ReportRefused, DeliveryFailed."""
        request = pb.ReportRequest(result=result)
        response = await self._call(
            lambda doors: doors.report(request), self._spans.report_deadline_s
        )
        self._note_acknowledged(result, response)
        return response

    async def report_batch(self, bodies: Sequence[bytes]) -> Sequence[pb.BatchReportEntry]:
        """Report several results. Raises: ReportRefused, DeliveryFailed."""
        request = pb.BatchReportRequest.FromString(join_results(bodies))
        response = await self._call(
            lambda doors: doors.batch_report(request), self._spans.batch_deadline_s
        )
        for result, entry in zip(request.results, response.entries, strict=True):
            if entry.HasField("response"):
                self._note_acknowledged(result, entry.response)
        return response.entries

    async def report_progress(
        self, request: pb.ReportProgressRequest, deadline_s: float
    ) -> pb.ReportProgressResponse:
        """Tell how a call goes. Raises: ReportRefused, DeliveryFailed."""
        return await self._call(lambda doors: doors.report_progress(request), deadline_s)

    async def ask_result(self, call_id: str) -> pb.CallResult | None:
        """Ask for a result as /after-stream does: a second at most, None without an answer."""
        request = pb.GetResultRequest(call_id=call_id)
        try:
            return (await self._call(lambda doors: doors.get_result(request), 1.0)).result
        except (DeliveryFailed, ReportRefused):
            return None

    def _note_acknowledged(self, result: pb.CallResult, response: pb.ReportResponse) -> None:
        self._world.acknowledged.add((response.call_id, result.report_id))
        word = pb.Disposition.Name(response.disposition)
        self._world.note(response.call_id, f"{self._name}: report answered {word}")

    async def _call(
        self, call: Callable[[OrchestratorDoors], Awaitable[T]], deadline_s: float
    ) -> T:
        def put(doors: object) -> Awaitable[T]:
            assert isinstance(doors, OrchestratorDoors)
            return call(doors)

        try:
            async with asyncio.timeout(deadline_s):
                return await self._ask_any(put)
        except TimeoutError as error:
            raise DeliveryFailed(grpc.StatusCode.DEADLINE_EXCEEDED, "too late") from error
        except (Refused, Broken) as error:
            raise DeliveryFailed(grpc.StatusCode.UNAVAILABLE, str(error)) from error
        except OrchestratorError as error:
            code = grpc.StatusCode[error.code]
            if code == grpc.StatusCode.INVALID_ARGUMENT:
                raise ReportRefused(code, str(error)) from error
            raise DeliveryFailed(code, str(error)) from error

    async def _ask_any(self, put: Callable[[object], Awaitable[T]]) -> T:
        for _ in self._targets[1:]:
            try:
                return await self._world.network.ask(
                    self._name, self._targets[0], put, may_double=True
                )
            except Refused:
                self._targets.append(self._targets.pop(0))
        return await self._world.network.ask(self._name, self._targets[0], put, may_double=True)


class OrderPost:
    """One POST /order, in the shape of an aiohttp response."""

    def __init__(
        self, put: Awaitable[tuple[int, Mapping[str, str], bytes]], timeout_s: float
    ) -> None:
        self._put = put
        self._timeout_s = timeout_s
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._body = b""

    @property
    def content(self) -> "OrderPost":
        """Give what can be read."""
        return self

    async def read(self, _most: int) -> bytes:
        """Read the body."""
        return self._body

    async def __aenter__(self) -> Self:
        """Send it and wait for the answer. Raises: as aiohttp."""
        try:
            async with asyncio.timeout(self._timeout_s):
                self.status, self.headers, self._body = await self._put
        except Refused as error:
            raise aiohttp.ConnectionTimeoutError from error
        except Broken as error:
            raise aiohttp.ServerDisconnectedError from error
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it go."""


class OrderSession:
    """Stands in for aiohttp's session: the same client code, another transport."""

    def __init__(self, world: World, name: str, timeout_s: float) -> None:
        self._world = world
        self._name = name
        self._timeout_s = timeout_s

    def post(
        self,
        url: str,
        *,
        data: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 - as aiohttp takes it
        allow_redirects: bool,  # noqa: ARG002 - as aiohttp takes it
    ) -> OrderPost:
        """Send an order to the handler that the URL names."""

        async def put(doors: object) -> tuple[int, Mapping[str, str], bytes]:
            assert isinstance(doors, HandlerDoors)
            return await doors.order(data)

        name = url.split("/")[2]
        self._world.note(str(json.loads(data)["call_id"]), f"{self._name}: order to {name}")
        # A proxy on the way may repeat it, although nobody should repeat a POST.
        asked = self._world.network.ask(self._name, name, put, may_double=True)
        return OrderPost(asked, self._timeout_s)
