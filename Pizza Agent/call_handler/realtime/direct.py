"""The model's WebSocket with the short way of `foundation.direct_socket`."""

from collections.abc import Sequence

from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from foundation.direct_socket import DirectSocket, Take, bind_context, hand_over
from foundation.text_frames import frame_texts


class DirectConnection(ClientConnection, DirectSocket):
    """A connection of `websockets` that hands usual texts over in the turn they come in."""

    _take: Take | None = None

    @property
    def has_room(self) -> bool:
        """Say whether the socket is open and takes more without waiting."""
        return not self.paused and self.protocol.state is State.OPEN

    def send_now(self, texts: Sequence[str]) -> None:
        """Send texts, each a message, in one write; only while `has_room`."""
        self.transport.write(frame_texts(texts, is_masked=True))

    def hand_to(self, take: Take | None) -> None:
        """Hand texts to `take` as they come, in the caller's context; None: to nobody."""
        self._take = bind_context(take)

    def data_received(self, data: bytes) -> None:
        """Hand over what is usual, leave the rest to the library."""
        if self._take is not None:
            data = hand_over(data, self._take, self._is_idle, is_masked=False)
        if data:
            super().data_received(data)

    def _is_idle(self) -> bool:
        """Say whether the library holds nothing that came before."""
        protocol = self.protocol
        is_whole = not protocol.reader.buffer and protocol.current_size is None
        return is_whole and not len(self.recv_messages.frames) and protocol.state is State.OPEN
