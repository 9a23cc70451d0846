"""A voice agent that talks to itself and loses no result: kill it mid-call, start it again, look.

Usage: python docs/examples/agent.py TARGET OUTBOX [PAUSE_S], for instance 127.0.0.1:8904 calls.db
"""  # noqa: INP001 - a program, not a package

import asyncio
import logging
import sys
import uuid

from call_reporter import CallReporter, OutboxUnavailable

log = logging.getLogger("agent")

LINES = (
    ("callee", "Luigi's, hello?"),
    ("agent", "This is an AI assistant. I would like one large margherita, please."),
    ("callee", "Sure. That will be fourteen fifty, ready in twenty minutes."),
    ("agent", "Thank you, goodbye."),
    ("callee", "Bye."),
)


async def main(target: str, outbox: str, pause_s: float) -> None:
    """Hold one call; an agent of your own adds the lines with a number."""
    call_sid = f"CA{uuid.uuid4().hex}"  # yours comes from the carrier
    async with CallReporter(target, outbox=outbox) as reporter:  # 1  # noqa: SIM117 - one step a line
        async with reporter.call(call_sid) as call:  # 2: written down before anything else
            for role, text in LINES:
                log.info("%s: %s", role, text)
                call.turn(role, text)  # 3: sent while the call runs; survives a kill
                await asyncio.sleep(pause_s)
            call.finish(status="completed", summary="Ordered one large margherita.")  # 4


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        asyncio.run(main(sys.argv[1], sys.argv[2], float((sys.argv[3:] or ["2"])[0])))
    except OutboxUnavailable as error:  # in use by another process, or the disk is full
        log.critical("cannot start: %s", error)
        sys.exit(2)
