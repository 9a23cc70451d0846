"""The line of one answered call of the light mode: stepped by the beat that all calls share."""

import asyncio

from sandbox.calls import Call
from sandbox.light.mode import Light
from sandbox.light.stream import LightStream
from sandbox.line import Announcement, CalleeOnLine, Line
from sandbox.progress import Ending


class LightLine(Line):
    """Ends when the callee is told to hang up, or at the time limit. Nobody overhears it."""

    is_scripted = False

    def __init__(self, light: Light, call: Call, callee: CalleeOnLine, time_limit_s: float) -> None:
        super().__init__(callee, light.factor, _pass_over, _pass_over, time_limit_s)
        self._light = light
        self._key = call.call_id or call.sid
        self._over: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(self) -> Ending:
        """Step until somebody ends it."""
        await self.wait_until_opened()
        self._light.beat.join(self, self._beat)
        self._light.join(self._key, self)
        try:
            return await self._over
        finally:
            self._light.leave(self._key)
            self._light.beat.leave(self)

    def hang_up(self) -> None:
        """Let the callee hang up."""
        self._end(Ending("completed", "callee"))

    def _beat(self) -> None:
        self._steps += 1
        if isinstance(self.channel, LightStream):
            self.channel.send_frame()
        elif isinstance(self.channel, Announcement) and self.channel.playback.play().marks:
            self.channel.over.set()
        if self.elapsed_s >= self.time_limit_s:
            self._end(Ending("completed", "time_limit"))

    def _end(self, ending: Ending) -> None:
        if not self._over.done():
            self._over.set_result(ending)


def _pass_over(*_: object) -> None:
    """Write nothing of what is said or pressed."""
