"""What a call tells the product while it lives: its status callbacks, in order or spoilt."""

import asyncio
from dataclasses import dataclass
from math import ceil

from sandbox.calls import API, Call
from sandbox.machine_detection import synchronous_word
from sandbox.recording import COMPLETED
from sandbox.script_time import rfc2822, wall_now
from sandbox.webhook import Request
from sandbox.world import World

_PLACES = ("City", "State", "Zip", "Country")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `by`: who ended it; `sip_code`: of a call that was not answered."""

    status: str
    by: str
    sip_code: int | None = None


def common_fields(call: Call, status: str) -> list[tuple[str, str]]:
    """Give the parameters that every request about a call carries."""
    to, from_ = call.form.to, call.form.from_
    fields = [
        ("CallSid", call.sid),
        ("AccountSid", call.account_sid),
        ("From", from_),
        ("To", to),
        ("Caller", from_),
        ("Called", to),
        ("Direction", "outbound-api"),
        ("ApiVersion", API),
        ("CallStatus", status),
        *synchronous_word(call).items(),
    ]
    sides = ("From", "To", "Caller", "Called")
    return fields + [(side + place, "") for side in sides for place in _PLACES]


class Progress:
    """Sends one call's status callbacks; several may be in flight at once."""

    def __init__(self, call: Call, world: World) -> None:
        self._call = call
        self._world = world
        self._sequence = 0
        self._last_sent = asyncio.Event()
        self.url = call.form.status_callback
        self.method = call.form.status_callback_method

    def tell(self, event: str, status: str, ending: Ending | None = None) -> None:
        """Send `event` if the product subscribed to it; `ending` comes with the last one."""
        if not self.url or event not in self._call.form.events:
            return
        fields = self._fields(status, ending)
        self._sequence += 1
        faults = self._call.faults
        if event in faults.callbacks_lost:
            line = {**self._call.facts, "event": event, "lost": True}
            self._world.ledger.write("callback", **line)
            return
        token = self._world.names.token()
        request = Request(self.url, self.method, fields, token, faults.callback_signature)
        for copy in range(faults.callback_copies):
            work = self._send(request, event, status, copy)
            self._world.tasks.start(work, f"callback {event} {self._call.sid}")

    def _fields(self, status: str, ending: Ending | None) -> list[tuple[str, str]]:
        fields = common_fields(self._call, status)
        fields += [
            ("Timestamp", rfc2822(wall_now()) or ""),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(self._sequence)),
        ]
        if ending is None:
            return fields
        seconds = self._call.duration_s or 0
        fields += [("CallDuration", str(seconds)), ("Duration", str(ceil(seconds / 60)))]
        fields += self._recording_fields()
        sip_code = ending.sip_code or (200 if ending.status == "completed" else None)
        return fields + ([("SipResponseCode", str(sip_code))] if sip_code else [])

    def _recording_fields(self) -> list[tuple[str, str]]:
        recording = self._call.recording
        if recording is None or recording.status != COMPLETED:
            return []
        return [
            ("RecordingUrl", recording.url),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", str(recording.duration_s)),
        ]

    async def _send(self, request: Request, event: str, status: str, copy: int) -> None:
        faults = self._call.faults
        await self._world.clock.sleep(faults.callbacks_late_s)
        if faults.callbacks_reordered and event != "completed":
            await self._last_sent.wait()
        facts = {**self._call.facts, "event": event, "status": status, "copy": copy}
        try:
            await self._world.sender.send(request, facts)
        finally:
            if event == "completed":
                self._last_sent.set()
