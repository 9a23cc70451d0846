"""Plays one response at a time to the client, at its pace, with its faults, until done or cut."""

import asyncio
from collections.abc import Callable

from sandbox.model_faults import EndFault, ModelEnd, ModelFaults
from sandbox.model_wire import ModelWire
from sandbox.response_script import Pause, ResponseScript
from sandbox.wire_rules import JsonObject

_INCOMPLETE_AFTER = 2  # deltas
FinishedHook = Callable[[ResponseScript, str], None]


class ResponsePlayer:
    """The one active response of a session."""

    def __init__(self, wire: ModelWire, faults: ModelFaults, time_factor: float) -> None:
        self.active: ResponseScript | None = None
        """None while no response is active."""
        self.started = 0
        """Responses so far; the number of the newest one."""
        self._wire = wire
        self._faults = faults
        self._time_factor = time_factor
        self._cut = asyncio.Event()
        self._cut_reason = ""
        self._task: asyncio.Task[None] | None = None

    def start(self, script: ResponseScript, finished: FinishedHook) -> None:
        """Begin a response; nothing else may be active. `finished` gets it with its status."""
        self.active = script
        self.started += 1
        self._cut.clear()
        self._task = asyncio.create_task(self._play(script, finished))

    async def interrupt(self, reason: str) -> None:
        """End the active response, if there is one, as cancelled; return when that is sent."""
        if self.active is None or self._task is None:
            return
        self._cut_reason = reason
        self._cut.set()
        await asyncio.wait({self._task})

    async def stop(self) -> None:
        """End without a word: the session is over."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _play(self, script: ResponseScript, finished: FinishedHook) -> None:
        status = "failed"
        try:
            if self._faults.fails(self.started):
                for event in script.failed(self._faults.failed_code):
                    await self._wire.emit(event)
            else:
                status = await self._play_steps(script)
        finally:
            self.active = None
        finished(script, status)

    async def _play_steps(self, script: ResponseScript) -> str:
        deltas = 0
        for step in script.steps():
            if isinstance(step, Pause):
                if await self._is_cut_within(step.wait_ms):
                    return await self._end(script, "cancelled", self._cut_reason)
                continue
            if step["type"] == "response.output_audio.delta":
                deltas += 1
                await self._fail_at(deltas)
            if self._loses(step):
                await self._cut.wait()
                return "cancelled"
            await self._wire.emit(step)
            if self.started == self._faults.incomplete_at and deltas == _INCOMPLETE_AFTER:
                return await self._end(script, "incomplete", "max_output_tokens")
        return "completed"

    async def _end(self, script: ResponseScript, status: str, reason: str) -> str:
        for event in script.cut(status, reason):
            await self._wire.emit(event)
        return status

    async def _is_cut_within(self, wait_ms: float) -> bool:
        """Wait, and say whether the response was cut meanwhile."""
        try:
            async with asyncio.timeout(wait_ms / 1_000 / self._time_factor):
                await self._cut.wait()
        except TimeoutError:
            return self._cut.is_set()
        return True

    async def _fail_at(self, delta: int) -> None:
        """Go away before this audio delta, if the scenario wants it."""
        end = self._faults.end
        if end is None or (end.response, end.delta) != (self.started, delta):
            return
        await self._go_away(end)

    async def _go_away(self, end: EndFault) -> None:
        match end.how:
            case ModelEnd.RESET:
                self._wire.reset()
            case ModelEnd.CLOSE:
                await self._wire.close(end.code, end.reason)
            case ModelEnd.SILENCE:
                self._wire.go_silent()

    def _loses(self, event: JsonObject) -> bool:
        """Say whether this is the `response.done` that the scenario withholds."""
        is_done = event["type"] == "response.done"
        return is_done and self.started == self._faults.done_lost_at
