"""Twilio's Recordings resource over HTTP: what is known of a recording, and its sound."""

import asyncio
import re

from fastapi import APIRouter, Request, Response

from sandbox.calls import API
from sandbox.errors import RestRefusal
from sandbox.recording import COMPLETED, Recording
from sandbox.rest_door import OK, RestDoor
from sandbox.world import World

_PART, _NO_SUCH_PART = 206, 416
_RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")
RECORDINGS = f"/{API}/Accounts/{{account_sid}}/Recordings"


class RecordingsApi:
    """Two requests behind Basic auth: the resource (`.json`) and the sound (`.wav` or nothing)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._door = RestDoor(world)
        self.router = APIRouter()
        add = self.router.add_api_route
        add(f"{RECORDINGS}/{{sid}}.json", self.fetch, methods=["GET"])
        add(f"{RECORDINGS}/{{sid}}.wav", self.fetch_sound, methods=["GET"])
        add(f"{RECORDINGS}/{{sid}}", self.fetch_sound, methods=["GET"])

    async def fetch(self, request: Request, account_sid: str, sid: str) -> Response:
        """Fetch the resource."""
        try:
            self._door.authorise(request, account_sid)
            return self._door.answer(self._find(sid).resource())
        except RestRefusal as refusal:
            return self._door.refuse(refusal)

    async def fetch_sound(self, request: Request, account_sid: str, sid: str) -> Response:
        """Fetch the sound as WAV, whole or a part; 404 until the recording is completed."""
        try:
            self._door.authorise(request, account_sid)
            recording = self._find(sid, COMPLETED)
        except RestRefusal as refusal:
            return self._door.refuse(refusal)
        sound = await asyncio.to_thread(recording.wav)
        return self._send(sound, request.headers.get("range", ""))

    def _send(self, sound: bytes, wanted: str) -> Response:
        """Answer with the sound or the part that is `wanted`: players seek by such parts."""
        headers = {**self._door.headers(), "Accept-Ranges": "bytes"}
        part = find_part(wanted, len(sound))
        if part is None:
            return Response(sound, OK, headers, "audio/x-wav")
        if not part:
            headers["Content-Range"] = f"bytes */{len(sound)}"
            return Response(b"", _NO_SUCH_PART, headers)
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(sound)}"
        return Response(sound[part.start : part.stop], _PART, headers, "audio/x-wav")

    def _find(self, sid: str, status: str = "") -> Recording:
        recording = self._world.recordings.get(sid)
        if recording is None or status not in ("", recording.status):
            raise RestRefusal(20404, sid)
        return recording


def find_part(wanted: str, length: int) -> range | None:
    """Read a Range header for `length` bytes; an empty range where nothing is.

    Returns: None for the whole: without the header, for several parts at once, and for what is
    no range of bytes, as RFC 9110 has it.
    """
    found = _RANGE.fullmatch(wanted.strip())
    first, last = (found[1], found[2]) if found else ("", "")
    if not first:
        return range(max(0, length - int(last)), length) if last else None
    if not last:
        return range(int(first), length)
    return range(int(first), min(length, int(last) + 1)) if int(first) <= int(last) else None
