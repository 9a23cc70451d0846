"""The short way past a WebSocket library: a usual text is handed over in the turn it came in.

The library's own way costs a parser, a queue, a task switch and several layers for each message;
here a whole text frame that comes while the library holds nothing goes straight to `take`, and
texts are written straight to the transport. Whatever is unusual - other frames, parts, pings, the
close, a text that `take` leaves - goes the library's way, and so does all behind it until it has
been read: nothing overtakes. Measured: benchmarks/media_cpu.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import copy_context

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from foundation.text_frames import cut_text, frame_texts

EXTENSION = "ringback.direct"
"""Under this name an ASGI scope's extensions hold the socket itself."""

Take = Callable[[str], bool]
"""Takes a text at once; False: it is to be received as usual."""


class DirectSocket(ABC):
    """What the sockets of both libraries offer besides their own ways."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """Say whether the socket is open and takes more without waiting."""

    @abstractmethod
    def send_now(self, texts: Sequence[str]) -> None:
        """Send texts, each a message, in one write; only while `has_room`."""

    @abstractmethod
    def hand_to(self, take: Take | None) -> None:
        """Hand texts to `take` as they come, in the caller's context; None: to nobody."""


def bind_context(take: Take | None) -> Take | None:
    """Have `take` run in the context of whoever calls this, so that its log lines name the call."""
    if take is None:
        return None
    context, bound = copy_context(), take
    return lambda text: context.run(bound, text)


def hand_over(data: bytes, take: Take, is_idle: Callable[[], bool], *, is_masked: bool) -> bytes:
    """Give the usual texts at the beginning to `take`; returns what is the library's."""
    at = 0
    while at < len(data) and is_idle():
        cut = cut_text(data, at, is_masked=is_masked)
        if cut is None or not take(cut[0]):
            break
        at = cut[1]
    return data[at:] if at else data


class DirectWebSocket(WebSocketsSansIOProtocol, DirectSocket):
    """uvicorn's WebSocket with the short way."""

    _take: Take | None = None

    @property
    def has_room(self) -> bool:
        """Say whether the socket is open and takes more without waiting."""
        return self.writable.is_set() and not self.close_sent and self.conn.state is State.OPEN

    def send_now(self, texts: Sequence[str]) -> None:
        """Send texts, each a message, in one write; only while `has_room`."""
        self.transport.write(frame_texts(texts, is_masked=False))

    def hand_to(self, take: Take | None) -> None:
        """Hand texts to `take` as they come, in the caller's context; None: to nobody."""
        self._take = bind_context(take)

    def handle_connect(self, event: Request) -> None:
        """Let the app find this socket."""
        super().handle_connect(event)
        if self.response.status_code == 101:  # noqa: PLR2004 - switching protocols
            extensions = self.scope["extensions"]
            if extensions is not None:
                extensions[EXTENSION] = {"socket": self}

    def data_received(self, data: bytes) -> None:
        """Hand over what is usual, leave the rest to the library."""
        if self._take is not None:
            data = hand_over(data, self._take, self._is_idle, is_masked=True)
        if data:
            super().data_received(data)

    def _is_idle(self) -> bool:
        """Say whether the library holds nothing that came before."""
        conn = self.conn
        is_whole = not conn.reader.buffer and conn.current_size is None
        return is_whole and self.queue.empty() and conn.state is State.OPEN
