"""The short cut of the usual messages: sound and marks cross the bridge in the turn they came in.

No queue, no task, no lock and no timer for a frame. It takes a message only while the whole bridge
is at rest, so that none overtakes another; all else goes the long way, whose rules are the same.
"""

import asyncio
from collections.abc import Callable

import structlog

from call_handler.bridge.dialogue import Dialogue
from call_handler.bridge.over import broken_bridge
from call_handler.bridge.sending import Sender
from call_handler.bridge.sockets import CarrierSocket, ModelSocket
from call_handler.realtime import read_audio_delta
from foundation.direct_socket import DirectSocket
from telephony.media_messages import Media, read_mark, read_media

log = structlog.get_logger(__name__)


class ShortCut:
    """Takes what is usual from both sides of one call. `frame_at`: when the newest frame came.

    `stir`: has the bridge look at once, because the call is over or not all could be sent.
    """

    def __init__(self, dialogue: Dialogue, sender: Sender, stir: Callable[[], None]) -> None:
        self.frame_at = 0.0
        self._dialogue = dialogue
        self._sender = sender
        self._stir = stir
        self._sides: tuple[DirectSocket, DirectSocket] | None = None  # None while it is closed
        self._awaits_carrier = self._awaits_model = False

    async def receive_from_carrier(self, carrier: CarrierSocket) -> str | None:
        """Wait for a message that goes the long way; meanwhile the short cut may be taken."""
        self._awaits_carrier = True
        try:
            return await carrier.receive()
        finally:
            self._awaits_carrier = False

    async def receive_from_model(self, model: ModelSocket) -> str:
        """Wait for an event that goes the long way. Raises: ModelFault."""
        self._awaits_model = True
        try:
            return await model.receive()
        finally:
            self._awaits_model = False

    def open(self) -> None:
        """Take messages from now on, if both sockets can hand them over."""
        sides = self._sender.direct_sides()
        if sides is not None:
            carrier, model = self._sides = sides
            carrier.hand_to(self._take_from_carrier)
            model.hand_to(self._take_from_model)

    def close(self) -> None:
        """Take no more."""
        for side in self._sides or ():
            side.hand_to(None)
        self._sides = None

    def note_frame(self, media: Media) -> None:
        """Note that a frame came: the carrier's clock goes on."""
        self.frame_at = asyncio.get_running_loop().time()
        self._dialogue.clock_ms = max(self._dialogue.clock_ms, media.timestamp_ms)

    def _take_from_carrier(self, text: str) -> bool:
        sides = self._sides
        if sides is None or not (self._awaits_carrier and self._may_send(sides)):
            return False
        try:
            media = read_media(text)
            if media is not None:
                self._pass_frame(media, sides)
                return True
            mark = read_mark(text)
            if mark is not None:
                self._dialogue.take_mark(mark.name, asyncio.get_running_loop().time())
                self._finish(sides)
        except Exception as error:
            log.exception("bridge_failed")
            self._end(error)
            return True
        return mark is not None

    def _take_from_model(self, text: str) -> bool:
        sides = self._sides
        if sides is None or not (self._awaits_model and self._may_send(sides)):
            return False
        try:
            delta = read_audio_delta(text)
            if delta is not None:
                self._dialogue.take_audio(delta)
                self._finish(sides)
        except Exception as error:
            log.exception("bridge_failed")
            self._end(error)
            return True
        return delta is not None

    def _may_send(self, sides: tuple[DirectSocket, DirectSocket]) -> bool:
        return self._sender.is_idle and sides[0].has_room and sides[1].has_room

    def _pass_frame(self, media: Media, sides: tuple[DirectSocket, DirectSocket]) -> None:
        dialogue = self._dialogue
        self.note_frame(media)
        sides[1].send_now((dialogue.writer.append_audio(media.payload),))
        dialogue.take_frame(media.payload)
        if dialogue.clock_ms >= dialogue.due_ms:
            dialogue.tick(self.frame_at)
        self._finish(sides)

    def _finish(self, sides: tuple[DirectSocket, DirectSocket]) -> None:
        """Send what came of a message; the bridge does what cannot be done at once."""
        dialogue = self._dialogue
        is_sent = self._sender.flush_now(*sides)
        if dialogue.over is not None or dialogue.tools.has_questions or not is_sent:
            self._stir()

    def _end(self, error: Exception) -> None:
        """End the call because of a bug of ours, as the bridge's guard does."""
        self._dialogue.end(broken_bridge(error))
        self._stir()
