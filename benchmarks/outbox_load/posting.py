"""Posts results as JSON over HTTP: a process that keeps a number of requests under way.

`python -m benchmarks.outbox_load.posting --url URL --server-pid PID`; one JSON line on stdout.
aiohttp, because it costs its own core least of the usual clients (httpx: seven times as much).
"""

import argparse
import asyncio
import json

import aiohttp
import uvloop
from google.protobuf.message import Message

from benchmarks.harness import LOAD_CORE, pin
from benchmarks.outbox_load.window import Window
from benchmarks.report_load.payload import sample_result

_PATIENCE_S = 20.0
_MARK = "%032x"


def to_plain(message: Message) -> dict[str, object]:
    """Turn a message into what JSON says of it: names as in the contract, enums by number."""
    plain: dict[str, object] = {}
    for field, value in message.ListFields():
        if field.message_type is None:
            plain[field.name] = value
        else:
            plain[field.name] = [to_plain(one) for one in value]
    return plain


def make_bodies(count: int) -> list[bytes]:
    """Write the bodies of `count` results, each of another call."""
    template = json.dumps(to_plain(sample_result(0)))
    unique = _MARK % 0
    before, between, after = template.split(unique)
    ids = (sample_result(number).report_id for number in range(count))
    return [f"{before}{one}{between}{one}{after}".encode() for one in ids]


async def load(options: argparse.Namespace) -> dict[str, float]:
    """Open the connections, post, return the figures."""
    bodies = make_bodies(options.prepared)
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    connector = aiohttp.TCPConnector(limit=options.at_once)
    headers = {"content-type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def post() -> bool:
            async with session.post(options.url, data=bodies.pop(), headers=headers) as answer:
                return bool((await answer.json())["stored"])

        window = Window(post, options.server_pid)
        return await window.run(options.at_once, options.seconds)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outbox_load.posting")
    parser.add_argument("--url", required=True, help="where to post")
    parser.add_argument("--server-pid", type=int, required=True, help="whose CPU time is read")
    parser.add_argument("--at-once", type=int, default=64, help="requests under way")
    parser.add_argument("--seconds", type=float, default=1.0, help="the window that counts")
    parser.add_argument("--prepared", type=int, default=40_000, help="bodies made beforehand")
    return parser.parse_args()


if __name__ == "__main__":
    pin(LOAD_CORE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load(read_options()))), flush=True)
