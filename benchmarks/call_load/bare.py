"""The least that the messages of a call cost any Python process: bare doors, at the same pace.

`python -m benchmarks.call_load.bare` prints it beside how many of each a call needs. In one process
on core 0: a `grpc.aio` server that answers each progress at once, a uvicorn app that reads a form
and answers 204. Nothing is validated, stored, logged or shown. The load is the one of call_cost,
callbacks on a connection of their own.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from itertools import repeat

import grpc
import uvicorn
import uvloop

from benchmarks.call_load.crowd import in_turn
from benchmarks.call_load.http import Http
from benchmarks.call_load.script import Post, ScriptedCall
from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, child, cpu_ns, pin
from foundation.asgi import Receive, Scope, Send
from foundation.server import listen
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

_WARM, _MESSAGES = 100, 1_000
_PER_S = 500.0
_DEADLINE_S = 10.0
_SERVICE = "ringback.v1.CallResults"
GRPC, HTTP = "bare gRPC echo", "bare HTTP answer"


async def report_progress(
    _request: pb.ReportProgressRequest,
    _context: "grpc.aio.ServicerContext[pb.ReportProgressRequest, pb.ReportProgressResponse]",
) -> pb.ReportProgressResponse:
    """Answer a progress as if it were stored."""
    return pb.ReportProgressResponse(last_turn=1)


async def answer_form(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a callback as if it were noted."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _serve() -> None:
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        answer_form, http="httptools", lifespan="off", log_config=None, access_log=False
    )
    server = grpc.aio.server()
    echo = grpc.unary_unary_rpc_method_handler(
        report_progress,
        request_deserializer=pb.ReportProgressRequest.FromString,
        response_serializer=pb.ReportProgressResponse.SerializeToString,
    )
    echoes = grpc.method_handlers_generic_handler(_SERVICE, {"ReportProgress": echo})
    server.add_generic_rpc_handlers((echoes,))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await uvicorn.Server(config).serve(sockets=[listener])


async def _load(pid: int, http_port: int, grpc_port: int) -> dict[str, float]:
    """Send both kinds; name -> us of the servers' CPU for one."""
    call = ScriptedCall(0, call_id="01900000-0000-7000-8000-00000000aaaa")
    posts = [step.message for step in call.steps() if isinstance(step.message, Post)]
    told = [
        one.message for one in call.steps() if isinstance(one.message, pb.ReportProgressRequest)
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        stub, http = pb_grpc.CallResultsStub(channel), Http(http_port)

        async def progress() -> None:
            await stub.ReportProgress(told[0], timeout=_DEADLINE_S)

        async def callback() -> None:
            await http.call_back(call.call_id, posts[0])

        return {GRPC: await _cost(pid, progress), HTTP: await _cost(pid, callback)}


async def _cost(pid: int, send: Callable[[], Awaitable[None]]) -> float:
    await in_turn((one() for one in repeat(send, _WARM)), 1 / _PER_S)
    before = cpu_ns(pid)
    await in_turn((one() for one in repeat(send, _MESSAGES)), 1 / _PER_S)
    return (cpu_ns(pid) - before) / _MESSAGES / 1_000


def measure_bare() -> dict[str, float]:
    """Start the bare doors and load them: name -> us of CPU for one message."""
    with child(
        [sys.executable, "-m", "benchmarks.call_load.bare", "serve"], core=SYSTEM_CORE
    ) as bare:
        http_port, grpc_port = int(bare.line()), int(bare.line())
        pin(LOAD_CORE)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_load(bare.pid, http_port, grpc_port))


def main() -> None:
    """Serve, or print the least that a call's messages cost."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if "serve" in sys.argv:
            runner.run(_serve())
            return
    steps = [step.message for step in ScriptedCall(0).steps()]
    posts = sum(isinstance(message, Post) for message in steps)
    counts = {GRPC: len(steps) - posts, HTTP: posts + 1}  # and the confirm
    least = 0.0
    for name, each_us in measure_bare().items():
        least += each_us * counts[name] / 1_000
        print(f"{name:<20}{counts[name]:>4} a call{each_us:>7.0f} us each")
    print(f"the least for the messages of a call: {least:.1f} ms of CPU")


if __name__ == "__main__":
    main()
