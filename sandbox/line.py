"""The line of one answered call: both sides, 20 ms at a time, paced by a monotonic clock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from sandbox.mulaw import SILENCE
from sandbox.overhearing import Overhearing
from sandbox.playback import PlaybackBuffer
from sandbox.progress import Ending
from sandbox.speech import Heard
from sandbox.tones import ToneEar

FRAME_S = 0.02
OPENING_LIMIT_S = 2.0
"""Real seconds that the callee's clock waits for the first stream to open."""
MAX_LAG_S = 0.25
"""Real seconds the line may be behind before it slips; until then frames bunch, as in life."""


class StepOfCallee(Protocol):
    """What the callee did in 20 ms."""

    @property
    def frame(self) -> bytes:
        """Its 160 bytes of mu-law."""

    @property
    def hang_up(self) -> bool:
        """Whether it hung up."""

    @property
    def reset(self) -> bool:
        """Whether the carrier loses the line here, by TCP reset."""

    @property
    def digit(self) -> str | None:
        """The key it pressed, if any."""


class CalleeOnLine(Protocol):
    """Someone who hears 20 ms and answers with 20 ms."""

    def step(self, heard: bytes) -> StepOfCallee:
        """Take what was heard, give what was said."""


class Channel(Protocol):
    """What is connected to the callee now: a media stream, or Twilio's own voice."""

    playback: PlaybackBuffer

    async def carry(self, step: StepOfCallee, marks: list[str]) -> Ending | None:
        """Take the callee's 20 ms and the marks reached by it; an Ending ends the call."""


class Announcement:
    """Twilio's own voice (`Say`, `Play`, `Pause`): audio with an end, deaf to the callee."""

    def __init__(self, audio: bytes) -> None:
        self.playback = PlaybackBuffer()
        self.over = asyncio.Event()
        self.playback.queue_audio(audio)
        if self.playback.queue_mark("end"):
            self.over.set()

    async def carry(self, step: StepOfCallee, marks: list[str]) -> Ending | None:  # noqa: ARG002 - the protocol's arguments
        """Say that it is over once its end was played."""
        if marks:
            self.over.set()
        return None


Tap = Callable[[bytes, bytes], None]


class Line:
    """Runs the callee against whatever is connected, until someone ends it.

    `said(side, heard, heard_ms)` learns each sentence with how much of it came through,
    `pressed(digit)` each key that the callee's side heard in the agent's audio.
    """

    is_scripted = True
    """Whether the callee is played, so that something of its script may be left over."""

    def __init__(
        self,
        callee: CalleeOnLine,
        factor: float,
        said: Callable[[str, Heard, int], None],
        pressed: Callable[[str], None],
        time_limit_s: float,
    ) -> None:
        self.taps: list[Tap] = []
        """Who follows both sides, 20 ms at a time: what is heard, then what is said."""
        self.channel: Channel | None = None
        self.opened = asyncio.Event()
        self.time_limit_s = time_limit_s
        self._callee = callee
        self._factor = factor
        self._pressed = pressed
        self._keys = ToneEar()
        self._steps = 0
        self._of_agent = Overhearing(lambda heard, ms: said("agent", heard, ms))
        self._of_callee = Overhearing(lambda heard, ms: said("callee", heard, ms))

    @property
    def elapsed_s(self) -> float:
        """Script seconds since the answer."""
        return self._steps * FRAME_S

    async def run(self) -> Ending:
        """Step until the callee hangs up, the time limit is reached, or the channel ends it."""
        await self.wait_until_opened()
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while self.elapsed_s < self.time_limit_s:
            beat = max(beat + FRAME_S / self._factor, loop.time() - MAX_LAG_S)
            await asyncio.sleep(max(0.0, beat - loop.time()))
            ending = await self._step()
            if ending is not None:
                return ending
        return Ending("completed", "time_limit")

    async def wait_until_opened(self) -> None:
        """Wait for the first stream; the callee does not wait for ever for a slow product."""
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_LIMIT_S):
                await self.opened.wait()

    def finish(self) -> None:
        """Tell the sentences that the end of the call cut short."""
        self._of_agent.finish()
        self._of_callee.finish()

    async def _step(self) -> Ending | None:
        channel = self.channel
        self._steps += 1
        played = channel.playback.play() if channel else None
        heard = played.frame if played else SILENCE
        if self._of_agent.listen(heard) is None and (digit := self._keys.hear(heard)):
            self._pressed(digit)
        step = self._callee.step(heard)
        self._of_callee.listen(step.frame)
        for tap in self.taps:
            tap(heard, step.frame)
        if channel is not None:
            ending = await channel.carry(step, played.marks if played else [])
            if ending is not None:
                return ending
        return Ending("completed", "callee") if step.hang_up else None
