"""`python -m sandbox`: carrier, realtime model, phone and control door in one process."""

import argparse
import asyncio
import gc
import importlib.util
import logging
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from sandbox.address_map import Address, AddressMap, group_mappings, parse_mapping
from sandbox.calls import CallBook, Names
from sandbox.carrier import CarrierPorts, run_carrier
from sandbox.ledger import Ledger
from sandbox.realtime_model import RealtimeModel
from sandbox.scenarios import SCENARIOS
from sandbox.script_time import ScriptClock
from sandbox.speech import Sound, choose_sound
from sandbox.world import CarrierSettings, World

DEFAULT_BASE = 8900
DEFAULT_ACCOUNT = "AC" + "5a" * 16
DEFAULT_TOKEN = "sandbox-auth-token"  # noqa: S105 - of an account that exists only here
CARRIER, MODEL, HANDLER, CONTROL = 1, 2, 3, 5
CLOSE_LIMIT_S = 0.5
_LIGHT_COLLECTION = 50_000


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; a wrong one prints what is wrong and exits 2."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_BASE, metavar="BASE")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data-dir", type=Path, default=Path(".ringback/sandbox"))
    parser.add_argument("--time-factor", type=_positive, default=1.0, metavar="F")
    parser.add_argument("--seed", type=int, help="default: a new one each time, printed")
    parser.add_argument("--cps", type=_positive, default=1.0, help="creates begun per second")
    parser.add_argument(
        "--speech",
        type=Sound,
        choices=list(Sound),
        default=Sound.SPEECH,
        help="noise: no words to be heard, and less work for the processor",
    )
    parser.add_argument(
        "--light",
        type=_talk_ms,
        nargs="?",
        const=12_600,
        default=0,
        metavar="S",
        help="for load: calls without speech, which last until they are told to end; of each 14 s "
        "the agent talks S, by default 12.6",
    )
    parser.add_argument("--shared-key", default="", help="sign by SHA-256 with this key")
    parser.add_argument(
        "--map",
        type=_mapping,
        action="append",
        default=[],
        metavar="HOST=IP:PORT",
        help="what stands behind a public host; given again for the same host: they take turns",
    )
    return parser.parse_args(argv)


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _talk_ms(text: str) -> int:
    seconds = float(text)
    if not 0 < seconds <= 12.6:  # noqa: PLR2004 - a round is 14 s, and the callee has its part
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 12.6")
    return round(seconds * 50) * 20


def _mapping(text: str) -> tuple[str, Address]:
    try:
        return parse_mapping(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def build_world(arguments: argparse.Namespace, ledger: Ledger, seed: int) -> World:
    """Build the carrier's parts from the command line and the account in the environment."""
    base: int = arguments.port
    hosts = {
        "orchestrator.ringback.test": [Address("127.0.0.1", base)],
        "handler.ringback.test": [Address("127.0.0.1", base + HANDLER)],
        **group_mappings(arguments.map),
    }
    settings = CarrierSettings(
        account_sid=os.environ.get("TWILIO_ACCOUNT_SID") or DEFAULT_ACCOUNT,
        auth_token=os.environ.get("TWILIO_AUTH_TOKEN") or DEFAULT_TOKEN,
        shared_key=arguments.shared_key,
        calls_per_s=arguments.cps,
        light_talks_ms=arguments.light,
    )
    clock = ScriptClock(arguments.time_factor)
    book = CallBook(SCENARIOS, seed)
    return World(settings, book, ledger, AddressMap(hosts), (Names(seed), clock))


async def run_sandbox(arguments: argparse.Namespace) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sound = choose_sound(arguments.speech)
    seed = secrets.randbits(31) if arguments.seed is None else arguments.seed
    host, base = arguments.host, arguments.port
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(Ledger(arguments.data_dir / "ledger.jsonl"))
        world = build_world(arguments, ledger, seed)
        ledger.write("begin", seed=seed, time_factor=arguments.time_factor, sound=sound)
        factor = arguments.time_factor
        model = RealtimeModel(world.book, factor, ledger, world.light)
        await model.listen(host, base + MODEL)
        stack.push_async_callback(_close_soon, model)
        ports = CarrierPorts(base + CARRIER, base + CONTROL, host)
        await stack.enter_async_context(run_carrier(world, ports, lambda: model.open_sessions))
        _announce(world, host, base, seed)
        if sound is not arguments.speech:
            sys.stdout.write("sandbox: espeak-ng does not load, so everybody speaks in noise\n")
        await stop.wait()


async def _close_soon(model: RealtimeModel) -> None:
    """Close the model without waiting for a peer that does not answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await model.close()


def _announce(world: World, host: str, base: int, seed: int) -> None:
    lines = [
        f"sandbox: carrier http://{host}:{base + CARRIER}, seed {seed}, x{world.clock.factor:g}",
        f"sandbox: realtime model ws://{host}:{base + MODEL}/v1/realtime",
        f"sandbox: phone and control http://{host}:{base + CONTROL}",
        *(f"sandbox: {line}" for line in world.addresses.lines()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _run(arguments: argparse.Namespace) -> None:
    """Run the sandbox; in the light mode on uvloop where there is one, for half the CPU."""
    runner = asyncio.run
    if arguments.light:
        # A full collection over the state of 150 calls would hold all of them up at once.
        gc.freeze()
        gc.set_threshold(_LIGHT_COLLECTION, 50, 1_000)
        if importlib.util.find_spec("uvloop") is not None:
            runner = importlib.import_module("uvloop").run
    runner(run_sandbox(arguments))


def main() -> int:
    """Run the sandbox. Exit code: 0 ended by signal, 1 a port was taken or the disk refused."""
    arguments = read_arguments()
    logging.basicConfig(level=logging.INFO, format="sandbox: %(levelname)s %(message)s")
    for chatty in ("uvicorn", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        _run(arguments)
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
