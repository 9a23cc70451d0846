"""Twilio's Recordings resource over HTTP: what is known of a recording, and its sound."""

import asyncio

from fastapi import APIRouter, Request, Response

from sandbox.calls import API
from sandbox.errors import RestRefusal
from sandbox.recording import COMPLETED, Recording
from sandbox.rest_door import OK, RestDoor
from sandbox.world import World

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
        """Fetch the sound as WAV; 404 until the recording is completed."""
        try:
            self._door.authorise(request, account_sid)
            recording = self._find(sid, COMPLETED)
        except RestRefusal as refusal:
            return self._door.refuse(refusal)
        sound = await asyncio.to_thread(recording.wav)
        return Response(sound, OK, self._door.headers(), "audio/x-wav")

    def _find(self, sid: str, status: str = "") -> Recording:
        recording = self._world.recordings.get(sid)
        if recording is None or status not in ("", recording.status):
            raise RestRefusal(20404, sid)
        return recording
