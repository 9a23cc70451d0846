"""`ringback up`: starts everything, prints where it is, and stops it all at Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ringback_cli.arguments import read_base_port, read_time_factor
from ringback_cli.errors import CommandFailed
from ringback_cli.launcher import Launcher
from ringback_cli.parts import DEFAULT_BASE, Plan, plan_system, read_outer_environment

TRY_IT = (
    "",
    "  Be the pizzeria: open the sandbox phone in a second tab, order a large margherita from",
    "  Luigi's in the first one, answer when it rings, and type what you say. With the phone's",
    "  tab closed a scripted callee answers.",
)
REAL_MODEL = "  OPENAI_API_KEY is set, TWILIO_* is not: the real model speaks on the sandbox phone."


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its flags."""
    parser = commands.add_parser(
        "up",
        help="start Orchestrator, Call Handler and sandbox",
        description="Starts Orchestrator, Call Handler and, unless real Twilio and OpenAI keys are "
        "set in the environment or .env, the sandbox. Ctrl-C stops everything.",
        epilog="example: ringback up --port 9100",
    )
    parser.add_argument(
        "--port",
        type=read_base_port,
        default=DEFAULT_BASE,
        help="first of six ports (default 8900)",
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".ringback"), help="where data is kept (.ringback)"
    )
    parser.add_argument(
        "--time-factor",
        type=read_time_factor,
        default=1.0,
        help="the sandbox's speed: 10 plays a minute in six seconds (default 1)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM, or until a part cannot be kept alive."""
    plan = plan_system(
        options.port,
        data_dir=options.data_dir.resolve(),
        time_factor=options.time_factor,
        outer=read_outer_environment(),
    )
    return asyncio.run(_keep_running(plan))


def describe_plan(plan: Plan) -> str:
    """Say where a person finds what was started, and which of it is real."""
    lines = [
        "",
        f"  Ringback is ready:  {plan.addresses.page}",
        f"  All calls:          {plan.addresses.page}/calls",
        f"  CallResults (gRPC): {plan.addresses.grpc}",
    ]
    if plan.has_sandbox_carrier:
        lines += [f"  Sandbox phone:      {plan.addresses.phone}   (no real phone rings)", *TRY_IT]
        if not plan.has_sandbox_model:
            lines.append(REAL_MODEL)
    else:
        lines.append("  Real calls: Twilio and OpenAI keys are set, phones ring for real.")
    return "\n".join([*lines, "  Stop with Ctrl-C.", ""])


@asynccontextmanager
async def running(launcher: Launcher) -> AsyncIterator[None]:
    """Start the parts, and stop them all whatever happens inside."""
    try:
        await launcher.start()
        yield
    finally:
        await launcher.stop()


async def _keep_running(plan: Plan) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    launcher = Launcher(plan.parts, sys.stderr)
    started = asyncio.ensure_future(_start_and_wait(plan, launcher, stop))
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({started, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        launcher.say("ringback", "stopping; calls that talk get their result first")
        started.cancel()
    stopped.cancel()
    try:
        return await started
    except asyncio.CancelledError:
        return 0


async def _start_and_wait(plan: Plan, launcher: Launcher, stop: asyncio.Event) -> int:
    async with running(launcher):
        print(describe_plan(plan), flush=True)
        gave_up = asyncio.ensure_future(launcher.gave_up.wait())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({gave_up, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gave_up, stopped):
            waiting.cancel()
    if launcher.gave_up.is_set():
        raise CommandFailed("a part could not be kept running; its last lines are above")
    return 0
