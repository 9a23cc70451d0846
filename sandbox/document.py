"""Running TwiML on an answered call: one verb after the other, documents fetched on the way."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urljoin

from websockets.asyncio.client import ClientConnection

from sandbox.calls import Call
from sandbox.carrier_faults import StreamFault
from sandbox.errors import TwimlInvalid, WebhookFailed
from sandbox.light.stream import LightStream
from sandbox.line import Announcement, Line
from sandbox.media_stream import SERVER_CLOSED, MediaStream, StreamNotOpened, open_socket
from sandbox.mulaw import SILENCE
from sandbox.progress import Ending, common_fields
from sandbox.script_time import wall_now
from sandbox.second_stream import open_once_more
from sandbox.speech import speak
from sandbox.twiml import (
    Connect,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Start,
    Stream,
    Verb,
    parse_twiml,
)
from sandbox.webhook import Answer, Request
from sandbox.world import World

MAX_DOCUMENTS = 100
FRAMES_PER_S = 50
MS_PER_S = 1_000
XML_TYPES = ("text/xml", "application/xml")
OK = 200
CARRIER_VOICE = "twilio"


class Document:
    """Runs the verbs of one call. It ends with an Ending; what interrupts it cancels it."""

    def __init__(self, call: Call, line: Line, world: World) -> None:
        self.stream: MediaStream | None = None
        self._call = call
        self._line = line
        self._world = world

    async def run(self, verbs: Sequence[Verb]) -> Ending:
        """Run `verbs`, following redirects, until nothing is left or the call is hung up."""
        for _ in range(MAX_DOCUMENTS):
            following: Sequence[Verb] | Ending | None = None
            for verb in verbs:
                following = await self._run_verb(verb)
                if following is not None:
                    break
            if following is None:
                return Ending("completed", "twiml_end")
            if isinstance(following, Ending):
                return following
            verbs = following
        return Ending("completed", "redirect_loop")

    async def fetch(self, url: str, method: str, base: str = "") -> Sequence[Verb] | Ending:
        """Fetch a document with the call's parameters; an Ending when there is none to run."""
        fields = common_fields(self._call, "in-progress")
        request = Request(urljoin(base, url), method, fields)
        status: int | None = None
        try:
            answer = await self._world.client.send(request)
            status = answer.status
            verbs = _read_document(answer)
        except WebhookFailed as failure:
            self._note("webhook", url=url, answer=status, error=failure.code, reason=str(failure))
            return Ending("completed", "webhook_failed")
        except TwimlInvalid as invalid:
            self._note("webhook", url=url, answer=status, error=12100, reason=str(invalid))
            return Ending("completed", "twiml_invalid")
        self._note("webhook", url=url, answer=status, verbs=[type(v).__name__ for v in verbs])
        return verbs

    async def close_stream(self) -> None:
        """Close the open stream from our side, if there is one: `stop`, then 1000."""
        stream, self.stream = self.stream, None
        if stream is not None:
            self._line.channel = None
            if not stream.is_ours_to_end:
                await stream.stop()
            self._end_stream(stream)

    def drop_stream(self) -> None:
        """Break the open stream at once, if there is one."""
        if self.stream is not None:
            self.stream.drop()

    async def _run_verb(self, verb: Verb) -> Sequence[Verb] | Ending | None:
        if not isinstance(verb, Connect):
            self._line.opened.set()
        match verb:
            case Connect():
                return await self._connect(verb)
            case Start(stream):
                self._note("not_played", verb="Start", url=stream.url)
                return None
            case Redirect(url, method):
                return await self.fetch(url, method)
            case Hangup() | Reject():
                return Ending("completed", "twiml")
            case Say() | Play() | Pause():
                await self._announce(verb)
                return None

    async def _announce(self, verb: Say | Play | Pause) -> None:
        match verb:
            case Say(text, voice, loop):
                self._note("say", text=text, voice=voice)
                audio = speak(text, CARRIER_VOICE) * loop
            case Play(url):
                self._note("not_played", verb="Play", url=url)
                audio = SILENCE * FRAMES_PER_S
            case Pause(length_s):
                audio = SILENCE * FRAMES_PER_S * length_s
        announcement = Announcement(audio)
        self._line.channel = announcement
        try:
            await announcement.over.wait()
        finally:
            self._line.channel = None

    async def _connect(self, verb: Connect) -> Sequence[Verb] | Ending | None:
        if self._call.faults.stream is StreamFault.NEVER_OPENED:
            self._note("stream_fault", fault=StreamFault.NEVER_OPENED.value)
            self._line.opened.set()
            await asyncio.Event().wait()
        opened = await self._stream(verb.stream)
        if not opened and not self._world.settings.redirect_unopened:
            return Ending("completed", "stream_error")
        if verb.action:
            return await self.fetch(verb.action, verb.method)
        return None

    async def _stream(self, stream: Stream) -> bool:
        try:
            socket = await open_socket(stream, self._world)
        except StreamNotOpened as error:
            self._line.opened.set()
            self._note("stream_refused", url=stream.url, code=error.code, reason=str(error))
            self._tell(stream, "", "stream-error", f"{error.code}: {error}")
            return False
        self.stream = opened = self._take_up(stream, socket)
        self._note("stream_opened", url=stream.url, stream_sid=opened.sid)
        self._tell(stream, opened.sid, "stream-started", "")
        await opened.begin()
        self._start_fault(stream)
        self._line.channel = opened
        self._line.opened.set()
        await opened.read()
        if opened.is_ours_to_end:
            # The carrier broke it and the line ends the call: no verb follows.
            await asyncio.Event().wait()
        self._line.channel = None
        self.stream = None
        self._end_stream(opened)
        return True

    def _take_up(self, stream: Stream, socket: ClientConnection) -> MediaStream:
        light = self._world.light
        if light is not None:
            return LightStream(self._call, stream, socket, self._world, light)
        return MediaStream(self._call, stream, socket, self._world)

    def _start_fault(self, stream: Stream) -> None:
        faults = self._call.faults
        if faults.stream is StreamFault.OPENED_TWICE:
            after_s = faults.stream_fault_at_ms / MS_PER_S
            work = open_once_more(self._call, stream, self._world, after_s)
            self._world.tasks.start(work, f"second stream {self._call.sid}")

    def _end_stream(self, stream: MediaStream) -> None:
        stream.write_books()
        error = "" if stream.is_ours_to_end else f"{SERVER_CLOSED}: server closed the socket"
        self._tell(stream.asked, stream.sid, "stream-stopped", error)

    def _tell(self, stream: Stream, stream_sid: str, event: str, error: str) -> None:
        if not stream.status_callback:
            return
        fields = [
            ("AccountSid", self._call.account_sid),
            ("CallSid", self._call.sid),
            ("StreamSid", stream_sid),
            ("StreamName", stream.name or stream_sid),
            ("StreamEvent", event),
            ("Timestamp", wall_now().isoformat()),
        ]
        fields += [("StreamError", error)] if error else []
        method, token = stream.status_callback_method, self._world.names.token()
        request = Request(stream.status_callback, method, fields, token)
        work = self._world.sender.send(request, {**self._call.facts, "event": event})
        self._world.tasks.start(work, f"callback {event} {self._call.sid}")

    def _note(self, kind: str, **facts: object) -> None:
        self._world.ledger.write(kind, **self._call.facts, **facts)


def _read_document(answer: Answer) -> list[Verb]:
    if answer.status != OK or answer.content_type not in XML_TYPES:
        words = f"answered {answer.status} with {answer.content_type}"
        raise WebhookFailed("bad", 11200, words)
    return parse_twiml(answer.body.decode(errors="replace"))
