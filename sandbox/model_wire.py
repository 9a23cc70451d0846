"""The sending side of one model session: event ids, deadlines, and the ways to go away."""

import asyncio
import json
import socket
import struct

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from sandbox.model_ids import ModelIds
from sandbox.protocol_error import ProtocolError
from sandbox.wire_rules import JsonObject

_SEND_DEADLINE_S = 10.0
_OUR_FAULT = "invalid_request_error"
_LINGER_NONE = struct.pack("ii", 1, 0)  # close() sends RST


class ModelWire:
    """Sends events on one connection. Once it has gone away it sends nothing, and says nothing."""

    def __init__(self, connection: ServerConnection, ids: ModelIds, *, stray: bool) -> None:
        """`stray`: adds fields and events that nobody knows."""
        self.events_sent = 0
        self._connection = connection
        self._ids = ids
        self._stray = stray
        self._is_silent = False

    async def emit(self, event: JsonObject) -> None:
        """Send one event under a new event id."""
        if self._stray:
            await self._send({"type": "session.mood_changed", "mood": "sunny"})
            event = {**event, "obfuscation": "aQ9x"}
        await self._send(event)

    async def refuse(self, refusal: ProtocolError, event_id: object) -> None:
        """Send an `error` that quotes the client's event id, and close if the refusal says so."""
        await self.emit(
            {
                "type": "error",
                "error": {
                    "type": "server_error" if refusal.code == "server_error" else _OUR_FAULT,
                    "code": refusal.code,
                    "message": refusal.message,
                    "param": refusal.param,
                    "event_id": event_id if isinstance(event_id, str) else None,
                },
            }
        )
        if refusal.close_code is not None:
            reason = f"{_OUR_FAULT}.{refusal.code}"
            await self.close(refusal.close_code, reason)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection with a code and a reason of at most 123 bytes."""
        self._is_silent = True
        await self._connection.close(code, reason)

    def go_silent(self) -> None:
        """Send nothing more and leave the connection open."""
        self._is_silent = True

    def reset(self) -> None:
        """Drop the TCP connection without a close frame."""
        self._is_silent = True
        transport = self._connection.transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        transport.abort()

    async def _send(self, event: JsonObject) -> None:
        if self._is_silent:
            return
        message = json.dumps({"event_id": self._ids.mint("event"), **event})
        try:
            async with asyncio.timeout(_SEND_DEADLINE_S):
                await self._connection.send(message)
        except (ConnectionClosed, TimeoutError):
            self._is_silent = True
            return
        self.events_sent += 1
