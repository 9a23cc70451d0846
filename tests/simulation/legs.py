"""Telephone calls as the simulated carrier keeps them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from telephony.twilio_rest import CarrierCall
from tests.simulation.line import Line
from tests.simulation.scripts import CallScript
from tests.simulation.virtual_time import EPOCH

OVER = frozenset(("completed", "busy", "no-answer", "failed", "canceled"))


@dataclass(eq=False, slots=True)
class Leg:
    """One telephone call at the carrier; times are virtual seconds, None until they are there."""

    sid: str
    call_id: str
    to: str
    from_: str
    token: str
    time_limit_s: float
    ring_timeout_s: float
    made_s: float
    script: CallScript
    is_second: bool
    finish: asyncio.Event
    word: str = "queued"
    answered_s: float | None = None
    ended_s: float | None = None
    # When an Orchestrator first took the last callback; None while none has.
    told_s: float | None = None
    # The media stream; None before the answer.
    line: Line | None = None

    def hang_up(self) -> None:
        """End it from outside: the carrier was told to, or its time is over."""
        self.finish.set()
        if self.line is not None:
            self.line.stirred.set()

    @property
    def duration_s(self) -> int | None:
        """Count the whole seconds from answer to end; None before."""
        if self.answered_s is None or self.ended_s is None:
            return None
        return round(self.ended_s - self.answered_s)


def facts_of(leg: Leg, now_s: float) -> CarrierCall:
    """Say what the carrier answers about a call; its times are whole seconds."""
    made = EPOCH + timedelta(seconds=int(leg.made_s))
    ended = None if leg.ended_s is None else EPOCH + timedelta(seconds=int(leg.ended_s))
    return CarrierCall(
        sid=leg.sid,
        to=leg.to,
        from_=leg.from_,
        status=leg.word,
        duration_s=leg.duration_s,
        answered_by=None,
        date_created=made,
        start_time=None,
        end_time=ended,
        age_s=float(int(now_s) - int(leg.made_s)),
    )
