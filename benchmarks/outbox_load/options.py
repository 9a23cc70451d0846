"""The command line that the processes behind an outbox share, and how they are run."""

import argparse
import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

PATIENCE_S = 20.0
Load = Callable[[argparse.Namespace], Awaitable[dict[str, float]]]


def make_parser(module: str) -> argparse.ArgumentParser:
    """Make the parser of what all of them are told."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.outbox_load.{module}")
    parser.add_argument("--outbox", required=True, type=Path, help="the file, a new one")
    parser.add_argument("--address", required=True, help="HOST:PORT of the Orchestrator's gRPC")
    parser.add_argument("--server-pid", type=int, required=True, help="whose CPU time is read")
    parser.add_argument("--log", required=True, type=Path, help="where its log lines go")
    parser.add_argument("--at-once", type=int, default=64, help="results that wait")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long it is measured")
    return parser


def run_load(load: Load, options: argparse.Namespace) -> None:
    """Load, and print the figures as one JSON line. Logs a line for each result, as at INFO."""
    logging.basicConfig(filename=options.log, level=logging.INFO, format="%(message)s")

    async def run() -> dict[str, float]:
        return await load(options)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run())), flush=True)
