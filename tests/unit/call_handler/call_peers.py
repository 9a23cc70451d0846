"""The strangers around a call, scripted: Orchestrator, model, carrier."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import grpc
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from telephony.twilio_rest import CarrierUnreachable, TwilioRest

ACCOUNT, SECRET = "AC" + "0" * 32, "the-auth-token"
CALL_ID = "0190e1b2-0000-7000-8000-000000000001"
CALL_SID, STREAM_SID = "CA" + "1" * 32, "MZ" + "2" * 32
SILENCE = base64.b64encode(b"\xff" * 160).decode()
ORDER = pb.Order(
    call_id=CALL_ID,
    errand="food_order",
    instructions="Order the food.",
    details={"customer_name": "Ada"},
    facts=[pb.FactDeclaration(name="total_price", required=True, kind=pb.FACT_KIND_MONEY)],
    time_limit_s=60,
)
ModelScript = Callable[["ModelSession"], Awaitable[None]]


class Orchestrator(pb_grpc.CallResultsServicer):
    """Grants claims and records what is reported."""

    def __init__(self) -> None:
        self.order = ORDER
        self.refusal: grpc.StatusCode | None = None
        self.cancel = False
        self.results: list[pb.CallResult] = []
        self.reported = asyncio.Event()

    async def Report(  # noqa: N802 - the contract's name
        self, request: pb.ReportRequest, context: object
    ) -> pb.ReportResponse:
        del context
        self.results.append(request.result)
        self.reported.set()
        return pb.ReportResponse(
            disposition=pb.DISPOSITION_STORED, call_id=request.result.call_id, revision=1
        )

    async def ReportProgress(  # noqa: N802 - the contract's name
        self,
        request: pb.ReportProgressRequest,
        context: grpc.aio.ServicerContext[pb.ReportProgressRequest, pb.ReportProgressResponse],
    ) -> pb.ReportProgressResponse:
        if self.refusal is not None:
            await context.abort(self.refusal, "another stream holds the call")
        order = self.order if request.stream_nonce else None
        last = request.first_turn + len(request.turns)
        return pb.ReportProgressResponse(
            last_turn=last, order=order, call_id=CALL_ID, cancel_requested=self.cancel
        )

    async def one_result(self) -> pb.CallResult:
        """Wait for the report; it must be the only one."""
        async with asyncio.timeout(30):
            await self.reported.wait()
        (result,) = self.results
        return result


class ModelSession:
    """The server's end of one session, granted as asked; `heard` holds what the handler sent."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.heard: list[Mapping[str, object]] = []
        self._responses = 0

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, "event_id": "event_1", **fields}))

    async def receive(self, kind: str) -> Mapping[str, object]:
        """Wait for an event of one type; those before it are kept in `heard`."""
        while True:
            event: Mapping[str, object] = json.loads(await self.socket.recv())
            self.heard.append(event)
            if event["type"] == kind:
                return event

    async def grant(self) -> None:
        """Open the session and grant what is asked."""
        await self.send("session.created", session={})
        update = await self.receive("session.update")
        await self.send("session.updated", session=update["session"])

    async def callee_says(self, text: str, item_id: str) -> None:
        """Give a sentence of the callee, without its beginning, which would interrupt the agent."""
        await self.send("input_audio_buffer.committed", item_id=item_id)
        kind = "conversation.item.input_audio_transcription.completed"
        await self.send(kind, item_id=item_id, content_index=0, transcript=text)

    async def answer(
        self, text: str = "", ms: int = 200, tools: Mapping[str, str] | None = None
    ) -> None:
        """Give one whole answer: words with their sound, then tools by name and arguments."""
        self._responses += 1
        response, item_id = f"resp_{self._responses}", f"item_a{self._responses}"
        await self.send("response.created", response={"id": response})
        if text:
            ids = {"response_id": response, "item_id": item_id}
            await self.send("response.output_audio_transcript.delta", delta=text, **ids)
            sound = base64.b64encode(bytes(8 * ms)).decode()
            await self.send("response.output_audio.delta", content_index=0, delta=sound, **ids)
            await self.send("response.output_audio_transcript.done", transcript=text, **ids)
            await self.send("response.output_audio.done", **ids)
        for name, arguments in (tools or {}).items():
            call = {"call_id": f"call_{response}_{name}", "name": name, "arguments": arguments}
            item = {"type": "function_call", "status": "completed", **call}
            await self.send("response.output_item.done", response_id=response, item=item)
        await self.send("response.done", response={"id": response, "status": "completed"})

    async def until_closed(self) -> None:
        """Read until the handler closes."""
        await self.receive("nothing that exists")


class ScriptedModel:
    """Plays one script in every session, and counts those that are open."""

    def __init__(self, script: ModelScript) -> None:
        self._script = script
        self.sessions: list[ModelSession] = []
        self.open = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[int]:
        """Serve on a free port, and give it."""
        async with serve(self._play, "127.0.0.1", 0) as server:
            yield next(iter(server.sockets)).getsockname()[1]

    async def _play(self, socket: ServerConnection) -> None:
        session = ModelSession(socket)
        self.sessions.append(session)
        self.open += 1
        try:
            await session.grant()
            await self._script(session)
        except ConnectionClosed:
            return
        finally:
            self.open -= 1


class RecordingCarrier(TwilioRest):
    """Records which calls were ended, and may be out of reach."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", ACCOUNT, SECRET)
        self.ended: list[str] = []
        self.unreachable = False

    async def end_call(self, call_sid: str) -> None:
        self.ended.append(call_sid)
        if self.unreachable:
            raise CarrierUnreachable("nobody answers")


class CarrierStream:
    """The carrier's end of one media stream."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Mapping[str, object]] = []
        self.clock_ms = 0

    async def send(self, **message: object) -> None:
        await self.socket.send(json.dumps(message, separators=(",", ":")))

    async def start(self, **changes: object) -> None:
        await self.send(event="connected", protocol="Call", version="1.0.0")
        start: dict[str, object] = {
            "accountSid": ACCOUNT,
            "callSid": CALL_SID,
            "streamSid": STREAM_SID,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"call_id": CALL_ID},
        }
        start.update(changes)
        await self.send(event="start", sequenceNumber="1", streamSid=STREAM_SID, start=start)

    async def frames(self, count: int) -> None:
        """Send 20 ms frames of silence, as fast as they go."""
        for _ in range(count):
            media = {
                "track": "inbound",
                "chunk": "1",
                "timestamp": str(self.clock_ms),
                "payload": SILENCE,
            }
            await self.send(event="media", sequenceNumber="2", streamSid=STREAM_SID, media=media)
            self.clock_ms += 20

    async def echo_marks(self) -> None:
        """Play what comes: echo every mark at once, until the socket closes."""
        try:
            async for text in self.socket:
                message: Mapping[str, object] = json.loads(text)
                self.heard.append(message)
                if message["event"] == "mark":
                    await self.send(**message)
        except ConnectionClosed:
            return

    async def stop(self) -> None:
        stop = {"accountSid": ACCOUNT, "callSid": CALL_SID}
        await self.send(event="stop", sequenceNumber="9", streamSid=STREAM_SID, stop=stop)


PRICE = '{"name":"total_price","value":"14.50","quote":"fourteen fifty"}'


async def order_is_taken(session: ModelSession) -> None:
    """Play an order that is taken, up to the goodbye."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant calling on behalf of Ada.")
    await session.callee_says("That will be fourteen fifty.", "item_c2")
    await session.answer(tools={"record_fact": PRICE})
    await session.receive("response.create")
    await session.answer("Thank you, goodbye.", 400, {"end_call": '{"reason":"done"}'})
    await session.until_closed()


async def talk_starts(session: ModelSession) -> None:
    """Play the beginning of a call."""
    await session.callee_says("Luigi's, hello?", "item_c1")
    await session.answer("I am an AI assistant calling on behalf of Ada.")
    await session.until_closed()


async def until_heard(stream: CarrierStream) -> None:
    """Play the line until the agent has spoken."""
    async for text in stream.socket:
        if '"mark"' in str(text):
            return


def reset(socket: ClientConnection) -> None:
    """Cut the connection without a close frame."""
    socket.transport.abort()
