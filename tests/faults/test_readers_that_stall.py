"""Fault F50: a watcher or a browser never reads; it is cut, the others are served meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import grpc
import httpx
import uvicorn
from fastapi import FastAPI

from foundation.header_timer import TimedHeaders
from foundation.limits import SlowBodyLimit
from orchestrator.call_results import receive_proto, record_call_results
from orchestrator.call_results.access import Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.rpc import CallResultsServicer
from orchestrator.rpc.decoding import add_servicer
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store, Transaction
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.integration.chat_rig import build_app
from tests.rig import NO_TLS, call_sid, result_of

Watch: TypeAlias = "grpc.aio.UnaryStreamCall[pb.WatchResultsRequest, pb.WatchResultsResponse]"
STALL_S = 1.0
"""On a busy machine those who do read are some tenths of a second late."""
PATIENT_S = 60.0
RESULTS, RESULT_BYTES = 20, 200_000
"""Far more than the window of a stream whose client does not widen it."""
NARROW = (("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1))
"""Else gRPC widens the windows by what it measures: on a busy machine until everything fits in."""
EVENTS, EVENT_CHARS = 100, 4_000
SMALL_BUFFER = 8_192


async def never_called(report: Progress) -> ProgressAnswer:
    raise AssertionError(report)


@asynccontextmanager
async def watching(store: Store, seats: int) -> AsyncIterator[int]:
    feed, stalls = ResultFeed(store, max_watchers=seats), StallGuard(stall_s=STALL_S)
    server = grpc.aio.server()
    add_servicer(CallResultsServicer(store, feed, Tokens(), never_called, stalls), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(grace=0)
        await stalls.close()


@asynccontextmanager
async def watch(port: int, cursor: str = "") -> AsyncIterator[Watch]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", NARROW) as channel:
        stub: pb_grpc.CallResultsAsyncStub = pb_grpc.CallResultsStub(channel)
        yield stub.WatchResults(pb.WatchResultsRequest(cursor=cursor), timeout=PATIENT_S)


async def read(watch: Watch) -> pb.WatchResultsResponse:
    answer = await watch.read()
    assert isinstance(answer, pb.WatchResultsResponse)
    return answer


async def read_to_the_cut(watch: Watch) -> list[pb.WatchResultsResponse]:
    """Read what had been sent before the end."""
    answers: list[pb.WatchResultsResponse] = []
    with suppress(grpc.aio.AioRpcError):
        while True:
            answers.append(await read(watch))
    return answers


async def read_once_seated(
    port: int, count: int, cursor: str = ""
) -> list[pb.WatchResultsResponse]:
    """Try to watch until a seat is free; read so many answers."""
    async with asyncio.timeout(PATIENT_S):
        while True:
            async with watch(port, cursor) as one_more:
                with suppress(grpc.aio.AioRpcError):
                    return [await read(one_more) for _ in range(count)]


async def record_large_results(store: Store) -> None:
    turns = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * (RESULT_BYTES // 4_000)
    results = [
        result_of(call_sid=call_sid(number), status=5, transcript=turns)
        for number in range(RESULTS)
    ]
    await record_call_results(store, [receive_proto(result) for result in results])


async def test_f50_a_watcher_that_never_reads_is_cut_and_resumes_while_the_others_are_served(
    store: Store,
) -> None:
    await record_large_results(store)
    async with (
        watching(store, seats=2) as port,
        watch(port) as stalled,
        watch(port) as other,
    ):
        first = await read(stalled)
        seen = [await read(other) for _ in range(RESULTS)]
        assert await read_once_seated(port, 1) == seen[:1]
        buffered = await read_to_the_cut(stalled)
        assert await stalled.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        last = buffered[-1] if buffered else first
        place = [answer.cursor for answer in seen].index(last.cursor) + 1
        assert place < RESULTS
        assert await read_once_seated(port, RESULTS - place, last.cursor) == seen[place:]


class QuickStall(TimedHeaders):
    """The same protocol, less patient with those who read nothing."""

    stall_s = STALL_S


@asynccontextmanager
async def page_server(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the chat from sockets that hold little of what nobody reads."""
    config = uvicorn.Config(SlowBodyLimit(app), http=QuickStall, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, verify=NO_TLS) as http:
            yield http
        app.state.drain.begin()
        server.should_exit = True
        await running


@asynccontextmanager
async def silent_page(port: int, path: str) -> AsyncIterator[socket.socket]:
    """Ask for a stream and read nothing of it."""
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        silent.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", port))
        await loop.sock_sendall(silent, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        yield silent


async def read_to_the_end(silent: socket.socket) -> bytes:
    """Read what had been sent before the cut."""
    received = bytearray()
    async with asyncio.timeout(PATIENT_S):
        with suppress(ConnectionResetError):
            while part := await asyncio.get_running_loop().sock_recv(silent, SMALL_BUFFER):
                received += part
    return bytes(received)


async def add_turns(store: Store, task_id: str) -> int:
    """Add long events to a conversation; return the number of the last."""
    data = {"position": 0, "role": pb.ROLE_CALLEE, "text": "x" * EVENT_CHARS}

    def unit(tx: Transaction) -> int:
        return [tx.add_event("turn", task_id=task_id, data=data) for _ in range(EVENTS)][-1]

    return await store.write(unit)


async def ids_of(http: httpx.AsyncClient, path: str, last: int) -> list[int]:
    """Read a stream up to the event `last`; return the ids."""
    ids: list[int] = []
    async with asyncio.timeout(PATIENT_S), http.stream("GET", path) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                ids.append(int(line.removeprefix("id: ")))
            if ids and ids[-1] == last and not line:
                return ids
    raise AssertionError(ids)


async def test_f50_a_page_that_never_reads_is_cut_and_resumes_while_the_others_are_served(
    store: Store,
) -> None:
    app = build_app(store)
    async with page_server(app) as http:
        task_id = (await http.post("/api/tasks", json={})).json()["task_id"]
        last = await add_turns(store, task_id)
        path = f"/api/tasks/{task_id}/events"
        async with silent_page(http.base_url.port or 0, path) as silent:
            seen = await ids_of(http, path, last)
            async with asyncio.timeout(PATIENT_S):
                while app.state.web.slots.open:
                    assert (await http.get(f"/api/tasks/{task_id}")).status_code == 200
            sent = await read_to_the_end(silent)
        assert b"id: " in sent
        assert f"id: {last}".encode() not in sent
        middle = seen[len(seen) // 2]
        assert await ids_of(http, f"{path}?after={middle}", last) == [
            seq for seq in seen if seq > middle
        ]
