"""A service of a few lines on the draining server; `test_drain.py` runs and signals it.

Each WebSocket is a call: its path is the call's id. When it ends - closed by the peer, or told to
stop - its report is "sent" (a line on stdout) by a task of the app, which takes a while.
"""

import asyncio
import sys
from types import SimpleNamespace

from foundation.asgi import Receive, Scope, Send
from foundation.drain import Drain
from foundation.logs import configure_logging
from foundation.server import run_service
from foundation.task_set import TaskSet

REPORT_TAKES_S = 0.3


def say(line: str) -> None:
    """Tell the test what happened."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Service:
    """An ASGI app with calls, and one slow request."""

    def __init__(self) -> None:
        self.drain = Drain()
        self.tasks = TaskSet()
        self.state = SimpleNamespace(drain=self.drain)  # where the server looks for it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "websocket":
            await self.conduct(scope["path"].strip("/"), receive, send)
        else:
            body = b"draining" if self.drain.draining else b"open"
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

    async def live(self, receive: Receive, send: Send) -> None:
        """Await the reports before the process may end."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.tasks.close(10)
        say("reports are sent")
        await send({"type": "lifespan.shutdown.complete"})

    async def conduct(self, call_id: str, receive: Receive, send: Send) -> None:
        """Hold one call until either side ends it."""
        await receive()
        await send({"type": "websocket.accept"})
        self.drain.enter(call_id)
        ended = asyncio.ensure_future(self.wait_for_the_end(receive))
        stopped = asyncio.ensure_future(self.drain.stopping.wait())
        try:
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            reason = "hung up" if ended.done() else "told to stop"
            self.tasks.spawn(self.report(call_id, reason), name=call_id)
            if not ended.done():
                await send({"type": "websocket.close", "code": 1000})
        finally:
            ended.cancel()
            stopped.cancel()
            self.drain.leave(call_id)

    async def wait_for_the_end(self, receive: Receive) -> None:
        """Read until the socket is gone; a 1012 that came before the drain's end is told."""
        while (message := await receive())["type"] != "websocket.disconnect":
            pass
        if message["code"] == 1012 and not self.drain.stopping.is_set():
            say("cut with 1012")

    async def report(self, call_id: str, reason: str) -> None:
        """Send the report, slowly."""
        await asyncio.sleep(REPORT_TAKES_S)
        say(f"{call_id} {reason}")


if __name__ == "__main__":
    configure_logging("drain program")
    run_service(Service(), host="127.0.0.1", port=int(sys.argv[1]), drain_s=float(sys.argv[2]))
