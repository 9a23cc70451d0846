"""Answering machine detection: what was ordered, when the verdict falls, and whom it is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.calls import Call
from sandbox.mulaw import FRAME_MS, is_loud
from sandbox.tones import is_tone
from sandbox.webhook import Request
from sandbox.world import World

HUMAN = "human"
UNKNOWN = "unknown"
MACHINE = "machine_start"
END_OF_MESSAGE = "machine_end_"
BEEP = "machine_end_beep"
MS_PER_S = 1_000


class GreetingEar:
    """Hears in the callee's 20 ms when a recorded greeting is over: by its beep, or by silence."""

    def __init__(self, quiet_ms: int, *, waits_for_beep: bool) -> None:
        self.over = asyncio.Event()
        self._most_quiet_ms = quiet_ms
        self._waits_for_beep = waits_for_beep
        self._has_sounded = False
        self._quiet_ms = 0

    def hear(self, _: bytes, frame: bytes) -> None:
        """Take the next 20 ms; the agent's side says nothing about it."""
        if self.over.is_set():
            return
        is_beep = is_tone(frame)
        if self._waits_for_beep:
            if self._has_sounded and not is_beep:
                self.over.set()
            self._has_sounded = is_beep
            return
        self._quiet_ms = 0 if is_loud(frame) else self._quiet_ms + FRAME_MS
        self._has_sounded = self._has_sounded or not self._quiet_ms
        if self._has_sounded and self._quiet_ms >= self._most_quiet_ms:
            self.over.set()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the detection found: Twilio's word, and how long it took."""

    word: str
    after_s: float


class MachineDetection:
    """Runs the detection of one answered call. The word is the scenario's, the time is heard."""

    def __init__(self, call: Call, world: World) -> None:
        order = call.form.detection
        if order is None:
            raise ValueError(f"no detection was ordered for {call.sid}")
        self._order = order
        self._call = call
        self._world = world
        self._word = call.faults.answered_by or HUMAN
        self.ear: GreetingEar | None = None
        """None when the verdict does not depend on the end of a greeting."""
        if self._word.startswith(END_OF_MESSAGE):
            if order.waits_for_end:
                self.ear = GreetingEar(order.speech_end_ms, waits_for_beep=self._word == BEEP)
            else:
                self._word = MACHINE

    async def run(self) -> None:
        """Wait for the verdict, enter it, and tell it when the order was asynchronous."""
        verdict = await self._find()
        call, world = self._call, self._world
        call.answered_by = verdict.word
        duration_ms = round(verdict.after_s * MS_PER_S)
        world.ledger.write("amd", **call.facts, word=verdict.word, duration_ms=duration_ms)
        if self._order.is_async and self._order.callback:
            world.tasks.start(self._tell(verdict.word, duration_ms), f"callback amd {call.sid}")

    async def _find(self) -> Verdict:
        clock, began = self._world.clock, self._world.clock.now()
        wanted_s, timeout_s = self._call.faults.answered_by_after_s, self._order.timeout_s
        await clock.sleep(min(wanted_s, timeout_s))
        if wanted_s > timeout_s:
            return Verdict(UNKNOWN, clock.now() - began)
        if self.ear is not None:
            left_s = max(0.0, timeout_s - (clock.now() - began))
            try:
                async with asyncio.timeout(left_s / clock.factor):
                    await self.ear.over.wait()
            except TimeoutError:
                return Verdict(MACHINE, clock.now() - began)
        return Verdict(self._word, clock.now() - began)

    async def _tell(self, word: str, duration_ms: int) -> None:
        call, world = self._call, self._world
        await world.clock.sleep(call.faults.answered_by_late_s)
        facts = {**call.facts, "event": "amd"}
        if "amd" in call.faults.callbacks_lost:
            world.ledger.write("callback", **facts, lost=True)
            return
        fields = [
            ("CallSid", call.sid),
            ("AccountSid", call.account_sid),
            ("AnsweredBy", word),
            ("MachineDetectionDuration", str(duration_ms)),
        ]
        token, spoil = world.names.token(), call.faults.callback_signature
        order = self._order
        await world.sender.send(Request(order.callback, order.method, fields, token, spoil), facts)


def synchronous_word(call: Call) -> Mapping[str, str]:
    """Give what a synchronous detection adds to every request about its call."""
    order = call.form.detection
    if order is None or order.is_async or not call.answered_by:
        return {}
    return {"AnsweredBy": call.answered_by}
