"""The anchor of what a page shows: server-sent events and nothing else.

`python -m benchmarks.live_page.sse_alone` prints its port. `/events` sends lines, each with the
moment it left (ms of the machine's time of day); `begin()` in the page puts each into a list.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

LINES = 1_000
_PAUSE_S = 0.005
_PAGE = """<!doctype html><title>lines</title><ol></ol><script>
function begin() {
  const list = document.querySelector("ol"), stream = new EventSource("/events");
  stream.addEventListener("line", ({ data }) => {
    const line = document.createElement("li");
    line.textContent = data;
    list.append(line);
  });
  stream.addEventListener("over", () => stream.close());
}
</script>"""

app = FastAPI()


@app.get("/")
async def show_page() -> HTMLResponse:
    """Show the page."""
    return HTMLResponse(_PAGE)


@app.get("/events", response_class=EventSourceResponse)
async def send_lines() -> AsyncIterator[ServerSentEvent]:
    """Send the lines."""
    for _ in range(LINES):
        await asyncio.sleep(_PAUSE_S)
        yield ServerSentEvent(event="line", data=time.time() * 1_000)
    yield ServerSentEvent(event="over", data="")


def main() -> None:
    """Serve on a free port until killed, on the product's loop."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        uvloop.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
