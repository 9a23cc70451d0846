"""The carrier's side of a media stream in the light mode: stamped frames, marks by arithmetic."""

import time
from collections import deque

from websockets.asyncio.client import ClientConnection

from sandbox.calls import Call
from sandbox.light.flow import Track
from sandbox.light.frames import AGENT, CALLEE, press, tag_of
from sandbox.light.mode import Light
from sandbox.light.taken_socket import TakenSocket
from sandbox.media_stream import FULL_BYTES, TOO_SLOW, MediaStream
from sandbox.mulaw import BYTES_PER_MS, FRAME_BYTES
from sandbox.stream_messages import Audio, Clear, Mark, read_message
from sandbox.twiml import Stream
from sandbox.world import World

_MEDIA_END = b'"}}'
_BYTES_PER_S = BYTES_PER_MS * 1_000


class LightStream(MediaStream):
    """The same stream without a playback buffer: when a mark is due is known when it comes in."""

    def __init__(
        self, call: Call, stream: Stream, connection: ClientConnection, world: World, light: Light
    ) -> None:
        super().__init__(call, stream, connection, world)
        self._flow = light.inbound
        self._factor = light.factor
        self._tag = tag_of(call.call_id or call.sid)
        self._track = Track(light.outbound, self._tag, AGENT)
        self._media = f'{{"event":"media","streamSid":"{self.sid}","media":{{"payload":"'.encode()
        self._marks: deque[tuple[float, str]] = deque()
        self._played_at = 0.0
        """When all that was sent will have been played, on the monotonic clock."""
        self._taken = TakenSocket(connection, self._receive, is_client=True)

    async def read(self) -> None:
        """Wait until the product closes the socket or is gone; what it sends is taken meanwhile."""
        await self._taken.closed.wait()

    async def stop(self) -> None:
        """End the stream as Twilio does, with the moment in the books."""
        self._note("stream_stopped")
        await super().stop()

    def send_frame(self) -> None:
        """Send the callee's next 20 ms, and the echoes of the marks that were reached."""
        if self._socket.transport.get_write_buffer_size() > FULL_BYTES:
            self._warn(TOO_SLOW, "audio dropped")
            return
        now_ns = time.monotonic_ns()
        self._sent_frames += 1
        self._flow.sent += 1
        payload = press((self._tag, CALLEE, self._sent_frames, now_ns))
        media = self._writer.media_of(payload)  # before the echoes: it numbers what it writes
        self._taken.send(media, *self._reached(now_ns / 1e9))

    def _reached(self, now: float) -> list[str]:
        """Write the echoes of the marks before which everything was played."""
        echoes = []
        while self._marks and self._marks[0][0] <= now:
            self._counts["mark_echo"] += 1
            echoes.append(self._writer.mark(self._marks.popleft()[1]))
        return echoes

    def _receive(self, text: bytes, now_ns: int) -> None:
        if text.startswith(self._media) and text.endswith(_MEDIA_END):
            self._track.take(text[len(self._media) : -len(_MEDIA_END)], now_ns)
            self._count_audio(FRAME_BYTES, now_ns / 1e9)
        else:
            self._receive_other(text.decode(), now_ns / 1e9)

    def _receive_other(self, text: str, now: float) -> None:
        message = read_message(text, self.sid)
        match message:
            case Audio(payload):
                self._count_audio(len(payload), now)
            case Mark(name):
                self._counts["mark"] += 1
                self._marks.append((max(now, self._played_at), name))
                self._taken.send(*self._reached(now))
            case Clear():
                self._counts["clear"] += 1
                unplayed_s = max(0.0, self._played_at - now) * self._factor
                self.playback.played_bytes -= round(unplayed_s * _BYTES_PER_S)
                self._played_at = now
                self._marks = deque((now, name) for _, name in self._marks)
                self._taken.send(*self._reached(now))
            case faulty:
                self._counts["faulty"] += 1
                self._warn(faulty.code, faulty.reason)

    def _count_audio(self, size: int, now: float) -> None:
        self._counts["audio"] += 1
        self._received_bytes += size
        self.playback.played_bytes += size  # in the end, unless it is cleared
        self._played_at = max(now, self._played_at) + size / _BYTES_PER_S / self._factor
