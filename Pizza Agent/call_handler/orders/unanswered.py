"""While the service drains: find out which dialled calls will never be answered."""

import asyncio

import structlog

from foundation.drain import Drain
from telephony.status_words import is_terminal, status_of_word
from telephony.twilio_rest import CarrierUnreachable, TwilioRest

log = structlog.get_logger(__name__)

_ASK_EVERY_S = 1.0
_FAILURES_MAX = 3


async def release_unanswered(drain: Drain, carrier: TwilioRest) -> None:
    """Once draining, ask the carrier each second about the calls that still ring.

    Status callbacks go to the Orchestrator, so nobody tells this process that a line was busy;
    without asking it would wait for the whole ring time. When the carrier cannot be reached three
    times in a row no stream is to be expected from it either.
    """
    await drain.begun.wait()
    failures = 0
    while True:
        for call_id, call_sid in drain.expected().items():
            if not call_sid:
                continue  # its create is still under way
            try:
                call = await carrier.fetch_call(call_sid)
                failures = 0
            except CarrierUnreachable as error:
                failures += 1
                log.warning("carrier_not_reached", call_id=call_id, reason=error.reason)
                if failures >= _FAILURES_MAX:
                    drain.forget(call_id)
                continue
            if call is None or is_terminal(status_of_word(call.status) or 0):
                drain.forget(call_id)
        await asyncio.sleep(_ASK_EVERY_S)
