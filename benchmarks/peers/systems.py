"""The systems that carry calls, each startable as a fresh process on core 0: peers, floor, ours."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.harness import SYSTEM_CORE, child
from benchmarks.media_load import Generator, Heard, Load, Product
from benchmarks.peers.environments import (
    OPENAI_AGENTS,
    PIPECAT,
    ROOT,
    SAMPLE,
    TWILIO_AGENT_CONNECT,
    Peer,
)

RINGBACK, FLOOR = "Ringback", "splice relay (floor)"
_START_S = 40.0
_LISTENING = "listening "

Hold = Callable[[int, float], Heard]
"""Holds so many calls for so many seconds."""


@dataclass(frozen=True, slots=True)
class System:
    """Says how one system is started and heard.

    `audio`: what its model speaks. `match`: whether frames arrive as they were sent, or cut anew.
    `first`: the number of calls at which the search begins.
    """

    name: str
    module: str
    first: int
    peer: Peer | None = None
    audio: str = "pcmu"
    match: str = "exact"


SYSTEMS = (
    System("sample-shaped relay", "benchmarks.peers.sample_shaped", 100, SAMPLE),
    System("openai-agents", "benchmarks.peers.agents_relay", 50, OPENAI_AGENTS, match="duration"),
    System("pipecat", "benchmarks.peers.pipecat_relay", 20, PIPECAT, "pcm24", "duration"),
    System(FLOOR, "benchmarks.media_load.floor", 150),
    System(RINGBACK, "", 130),
)
MORE_SYSTEMS = (
    System("twilio-agent-connect", "benchmarks.peers.connect_relay", 90, TWILIO_AGENT_CONNECT),
)
"""Measured when they are named: no goal is about them."""


@contextmanager
def running(system: System, generator: Generator) -> Iterator[Hold]:
    """Start a system beside the load; yields what holds calls through it.

    Raises: ChildEnded when it does not start.
    """
    if not system.module:
        with Product(generator) as product:
            yield product.run
        return
    python, env = sys.executable, {}
    if system.peer is not None:
        python, env = str(system.peer.python), {"PYTHONPATH": str(ROOT)}
    argv = [python, "-m", system.module, "--model", generator.model_url]
    with child(argv, core=SYSTEM_CORE, env=env) as process:
        line = process.line(_START_S)
        while not line.startswith(_LISTENING):  # some greet first
            line = process.line(_START_S)
        url = f"ws://127.0.0.1:{line.removeprefix(_LISTENING)}/media-stream"

        def hold(calls: int, seconds: float) -> Heard:
            return generator.run(
                Load(
                    url=url,
                    calls=calls,
                    seconds=seconds,
                    audio=system.audio,
                    match=system.match,
                    pids=(process.pid,),
                )
            )

        yield hold
