"""The simulated bridge: it stands where audio and model would, and tells how the call ended."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from call_handler.bridge import BridgeLimits, CarrierSocket, DialogueSetup, Signals
from call_handler.bridge.usage import UsageSum
from call_handler.outcome import AgentReason, CallEnd, EndKind, FactClaim
from call_reporter import ReportedCall
from ringback.v1.call_results_pb2 import Fault, FaultComponent, TranscriptTurn
from tests.simulation.line import LOST, STOP, Line

PRICE = "14.50"
CANCEL, STOPPING = "cancel", "stopping"
_ENDS = {
    STOP: EndKind.CALLEE_HUNG_UP,
    LOST: EndKind.MEDIA_LOST,
    CANCEL: EndKind.PERSON_HUNG_UP,
    STOPPING: EndKind.HANDLER_STOPPED,
}


class SimulatedTranscript:
    """What was said, as the reporter has it, and the words that came too late for the report."""

    def __init__(self, reported: ReportedCall) -> None:
        self._reported = reported
        self.late_words = ""
        self.is_complete = True

    def turns(self) -> tuple[TranscriptTurn, ...]:
        """Give copies of all turns."""
        copies = []
        for turn in self._reported.turns:
            copy = TranscriptTurn()
            copy.CopyFrom(turn)
            copies.append(copy)
        if self.late_words and copies:
            copies[-1].text = self.late_words
        return tuple(copies)


class SimulatedDialogue:
    """Stands in for the bridge's dialogue."""

    def __init__(self, setup: DialogueSetup, reported: ReportedCall, limits: BridgeLimits) -> None:
        del setup, limits
        self.reported = reported
        self.transcript = SimulatedTranscript(reported)
        self.usage = UsageSum("")
        self.writer = None


class SimulatedBridge:
    """Stands in for the bridge: the same face, no audio."""

    on_talk: ClassVar[Callable[[Line], None]] = staticmethod(lambda _line: None)
    """Told the line that gets to talk; set for the length of a seed."""

    def __init__(
        self,
        carrier: CarrierSocket,
        connect: object,
        dialogue: SimulatedDialogue,
        signals: Signals,
        limits: BridgeLimits,
    ) -> None:
        del connect
        assert isinstance(carrier, Line)
        self._line = carrier
        self._dialogue = dialogue
        self._signals = signals
        self._limits = limits

    async def run(self) -> CallEnd:
        """Talk until the call has to end, and say how it did."""
        type(self).on_talk(self._line)
        start_s = self._line.loop.time()
        bells = [
            asyncio.create_task(self._ring(event, message))
            for event, message in (
                (self._signals.cancel_requested, CANCEL),
                (self._signals.stopping, STOPPING),
            )
        ]
        try:
            async with asyncio.timeout(self._limits.time_limit_ms / 1000):
                kind = await self._talk()
        except TimeoutError:
            kind = EndKind.TIME_LIMIT
        for bell in bells:
            bell.cancel()
        media_ms = round((self._line.loop.time() - start_s) * 1000)
        return self._describe(kind, media_ms)

    async def collect_late_words(self) -> bool:
        """Wait for a text that comes after the end, in some of the calls."""
        if self._line.dice.random() < 0.7:
            return False
        self._dialogue.transcript.late_words = "what was said, heard better"
        await asyncio.sleep(self._line.dice.uniform(0.0, 1.0))
        return True

    async def close(self) -> None:
        """Do nothing: there is no model."""

    async def _ring(self, event: asyncio.Event, message: str) -> None:
        await event.wait()
        self._line.inbox.put_nowait(message)

    async def _talk(self) -> EndKind:
        reported, script = self._dialogue.reported, self._line.script
        heard = 0
        while True:
            message = await self._line.inbox.get()
            if message in _ENDS:
                return _ENDS[message]
            position = reported.turn("callee", message)
            reported.turn("agent", f"I see, {message}")
            heard += 1
            if heard == 2:
                reported.revise_turn(position, text=f"{message}, better heard")
            if heard >= script.turns and script.who_ends in {"agent", "model"}:
                return EndKind.AGENT_HUNG_UP if script.who_ends == "agent" else EndKind.MODEL_LOST

    def _describe(self, kind: EndKind, media_ms: int) -> CallEnd:
        is_agents = kind is EndKind.AGENT_HUNG_UP
        fault = None
        if kind is EndKind.MODEL_LOST:
            fault = Fault(component=FaultComponent.FAULT_COMPONENT_MODEL, code="lost")
        return CallEnd(
            kind,
            self._signals.clock.now(),
            media_ms=media_ms,
            turns=self._dialogue.transcript.turns(),
            claims=(FactClaim("total_price", PRICE, PRICE),) if is_agents else (),
            agent_reason=AgentReason.DONE if is_agents else None,
            fault=fault,
        )
