"""What runs beside the talk of one call because it was ordered: detection and a recording."""

import asyncio

from sandbox.calls import Call
from sandbox.line import Line
from sandbox.machine_detection import MachineDetection
from sandbox.recording import Recorder, Recording
from sandbox.script_time import wall_now
from sandbox.webhook import Request
from sandbox.world import World


class CallExtras:
    """Begins with the answer and ends with the call. Costs nothing when nothing was ordered."""

    def __init__(self, call: Call, line: Line, world: World) -> None:
        self._call = call
        self._line = line
        self._world = world
        self._detecting: asyncio.Task[None] | None = None
        self._recorder: Recorder | None = None

    def begin(self) -> None:
        """Begin what was ordered."""
        form = self._call.form
        if form.detection is not None:
            detection = MachineDetection(self._call, self._world)
            if detection.ear is not None:
                self._line.taps.append(detection.ear.hear)
            if not form.detection.is_async:
                self._line.opened.set()  # the callee is heard, and hears nothing
            name = f"amd {self._call.sid}"
            self._detecting = asyncio.create_task(detection.run(), name=name)
        if form.recording is not None:
            self._begin_recording()

    async def wait_for_verdict(self) -> None:
        """Wait for a synchronous detection, which keeps the TwiML waiting."""
        order = self._call.form.detection
        if self._detecting is not None and order is not None and not order.is_async:
            await asyncio.wait({self._detecting})

    async def end(self) -> None:
        """End what still runs; the recording is told of in its own time."""
        if self._detecting is not None:
            self._detecting.cancel()  # no verdict about a call that is over
            await asyncio.wait({self._detecting})
        recording = self._call.recording
        if recording is None or self._recorder is None:
            return
        recording.finish(self._recorder, self._call.faults.recording)
        self._recorder = None
        self._world.ledger.write(
            "recording",
            **self._call.facts,
            recording_sid=recording.sid,
            status=recording.status,
            duration_s=recording.duration_s,
        )
        self._tell(recording, self._call.faults.recording_after_s)

    def _begin_recording(self) -> None:
        call, world = self._call, self._world
        order = call.form.recording
        if order is None:
            return
        self._recorder = Recorder()
        self._line.taps.append(self._recorder.take)
        sid = world.names.sid("RE")
        call.recording = Recording(sid, call.account_sid, call.sid, order, wall_now())
        world.recordings[sid] = call.recording
        self._tell(call.recording, 0.0)

    def _tell(self, recording: Recording, after_s: float) -> None:
        order, call = recording.order, self._call
        if not order.callback or recording.status not in order.events:
            return
        facts = {**call.facts, "event": "recording", "status": recording.status}
        if "recording" in call.faults.callbacks_lost:
            self._world.ledger.write("callback", **facts, lost=True)
            return
        token, spoil = self._world.names.token(), call.faults.callback_signature
        request = Request(order.callback, order.method, recording.fields(), token, spoil)
        work = self._send(request, facts, after_s)
        self._world.tasks.start(work, f"callback recording {call.sid}")

    async def _send(self, request: Request, facts: dict[str, object], after_s: float) -> None:
        await self._world.clock.sleep(after_s)
        await self._world.sender.send(request, facts)
