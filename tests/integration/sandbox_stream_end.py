"""The product's end of a media stream, as the carrier's tests play it."""

import asyncio
import base64
import json

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

Sent = dict[str, object] | str | bytes


class Recorder:
    """A product's stream end that keeps all messages and what the test wants to send."""

    def __init__(self, close_after: int | None = None) -> None:
        self.messages: list[dict[str, object]] = []
        self.closed_with: int | None = None
        self.over = asyncio.Event()
        self.request_headers: dict[str, str] = {}
        self._close_after = close_after

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.request_headers = {k.lower(): v for k, v in socket.request.headers.raw_items()}
        try:
            async for text in socket:
                self.messages.append(json.loads(text))
                await self.react(socket)
                if self._close_after is not None and len(self.messages) >= self._close_after:
                    break
        except ConnectionClosed:
            pass
        self.closed_with = socket.close_code
        self.over.set()

    async def react(self, socket: ServerConnection) -> None:
        """Do something after each message; nothing by default."""

    def of(self, event: str) -> list[dict[str, object]]:
        return [message for message in self.messages if message["event"] == event]

    async def wait(self) -> None:
        async with asyncio.timeout(30):
            await self.over.wait()


class Speaker(Recorder):
    """Sends prepared messages once the stream has started."""

    def __init__(self, *sent: Sent, at_message: int = 2) -> None:
        super().__init__()
        self._sent = sent
        self._at_message = at_message

    async def react(self, socket: ServerConnection) -> None:
        if len(self.messages) != self._at_message:
            return
        for message in self._sent:
            if isinstance(message, dict):
                await socket.send(json.dumps({"streamSid": self.stream_sid, **message}))
            else:
                await socket.send(message)

    @property
    def stream_sid(self) -> object:
        return self.of("start")[0]["streamSid"]


def audio(data: bytes) -> dict[str, object]:
    return {"event": "media", "media": {"payload": base64.b64encode(data).decode()}}


def mark(name: str) -> dict[str, object]:
    return {"event": "mark", "mark": {"name": name}}
