"""What the bridge needs of its two sides; any object with these methods will do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from call_handler.bridge.asking import PersonAsker, ask_nobody
from foundation.clock import Clock, SystemClock
from foundation.direct_socket import DirectSocket


class CarrierSocket(Protocol):
    """The carrier's media stream."""

    async def receive(self) -> str | None:
        """Wait for the next message; None once the socket is gone, however it went.

        Raises: telephony.media_messages.BadStreamMessage for a binary one.
        """

    async def send(self, text: str) -> None:
        """Send one message; does nothing when the socket is gone."""


class ModelSocket(Protocol):
    """An open and configured session with the model."""

    async def send(self, event: str) -> None:
        """Send one event. Raises: ModelFault."""

    async def receive(self) -> str:
        """Wait for the next event. Raises: ModelFault."""

    def note_error(self, code: str) -> None:
        """Note the code of an error event: it may explain the close that follows."""

    async def close(self) -> None:
        """End the session; never raises, never takes long."""


@runtime_checkable
class OffersDirect(Protocol):
    """A socket of either side that may have a short way."""

    @property
    def direct(self) -> DirectSocket | None:
        """Give the short way; None when there is none."""


ModelConnector: TypeAlias = Callable[[], Awaitable[ModelSocket]]
"""Opens and configures a session; raises ModelFault."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What comes to a call from outside: the service's stop, the person, the carrier, the time.

    `answered_by`: gives the newest word of the carrier's detection of who answered; "" before.
    """

    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    cancel_requested: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Clock = field(default_factory=SystemClock)
    ask_person: PersonAsker = ask_nobody
    answered_by: Callable[[], str] = str
