"""Scripted peers of the Orchestrator's rules: the time, the carrier, the Call Handlers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from orchestrator.call_handler_client import OrderAccepted, OrderAnswer
from telephony.twilio_rest import CarrierCall, CarrierUnreachable
from tests.postgres import ScriptedDatabase


def sid(number: int) -> str:
    """Make a CallSid."""
    return f"CA{number:032x}"


@dataclass
class World:
    """Holds the true time, which stands still until it is told to go on."""

    wall: datetime = datetime(2026, 11, 23, 10, tzinfo=UTC)
    ticks: float = 1000.0
    # Keeps the true time too; None when there is no database server.
    server: ScriptedDatabase | None = None

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += timedelta(seconds=seconds)
        self.ticks += seconds
        if self.server is not None:
            self.server.set_clock(self.wall)


@dataclass
class ScriptedClock:
    """Is the clock of one machine, perhaps a wrong one."""

    world: World = field(default_factory=World)
    # By how much it is ahead of the true time.
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        """Tell the time of day."""
        return self.world.wall + self.skew

    def monotonic(self) -> float:
        """Count seconds."""
        return self.world.ticks

    def advance(self, seconds: float) -> None:
        """Let time pass, everywhere."""
        self.world.advance(seconds)


@dataclass
class ScriptedCarrier:
    """Knows the calls it is told to know, and keeps the book of what it was asked."""

    known: dict[str, CarrierCall] = field(default_factory=dict)
    is_reachable: bool = True
    # What ending a call makes of it; a call that is over stays as it is.
    end_word: str = "completed"
    asked: list[str] = field(default_factory=list)

    async def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """Answer how a call stands."""
        self._note(f"fetch {call_sid}")
        return self.known.get(call_sid)

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List what is known between two numbers."""
        self._note(f"list {to} {from_}")
        return [one for one in self.known.values() if (one.to, one.from_) == (to, from_)]

    async def end_call(self, call_sid: str) -> None:
        """End a call."""
        self._note(f"end {call_sid}")
        self._change(call_sid, self.end_word)

    async def cancel_call(self, call_sid: str) -> None:
        """Cancel a call that is not answered."""
        self._note(f"cancel {call_sid}")
        if self.known[call_sid].status in {"queued", "ringing"}:
            self._change(call_sid, "canceled")

    def _note(self, question: str) -> None:
        self.asked.append(question)
        if not self.is_reachable:
            raise CarrierUnreachable("refused")

    def _change(self, call_sid: str, word: str) -> None:
        if self.known[call_sid].status in {"queued", "ringing", "in-progress"}:
            self.known[call_sid] = replace(self.known[call_sid], status=word)


@dataclass
class ScriptedHandlers:
    """Gives the answers it is told to give, and keeps the orders."""

    answers: list[OrderAnswer] = field(default_factory=list)
    orders: list[Mapping[str, object]] = field(default_factory=list)

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Take one order; by default it is accepted."""
        self.orders.append(order)
        return self.answers.pop(0) if self.answers else OrderAccepted(sid(len(self.orders)))


@dataclass
class LateHandlers(ScriptedHandlers):
    """Takes an order and answers when it is told to."""

    taken: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Take one order."""
        answer = await super().place_order(order)
        self.taken.set()
        await self.may_answer.wait()
        return answer
