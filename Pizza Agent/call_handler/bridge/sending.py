"""Sends what a call wants sent, in order, and knows when a side takes no more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from call_handler.bridge.dialogue import Dialogue
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.over import Over, lost_media, lost_model
from call_handler.bridge.sockets import CarrierSocket, ModelSocket, OffersDirect
from call_handler.realtime import ModelFault
from foundation.direct_socket import DirectSocket


class Sender:
    """Sends to both sides of one call.

    `model` is None while no session is open; `is_ready`: it takes the callee's sound.
    """

    def __init__(self, carrier: CarrierSocket, dialogue: Dialogue, limits: BridgeLimits) -> None:
        self.model: ModelSocket | None = None
        self.is_ready = False
        self._carrier = carrier
        self._dialogue = dialogue
        self._limits = limits
        self._flushing = asyncio.Lock()
        self._sending_since: float | None = None  # None while no send is under way

    async def flush(self) -> None:
        """Send what the dialogue wants sent; one flush at a time, so that the order stays."""
        dialogue = self._dialogue
        if not dialogue.outgoing.is_waiting:
            return
        async with self._flushing:
            to_carrier = dialogue.outgoing.take_for_carrier()
            with self._ended_if_blocked(lost_media("blocked", "The line took no more sound.")):
                async with asyncio.timeout(self._limits.blocked_s):
                    for text in to_carrier:
                        await self._carrier.send(text)
            to_model = dialogue.outgoing.take_for_model()
            with self._ended_if_blocked(_blocked_model()):
                async with asyncio.timeout(self._limits.blocked_s):
                    for event in to_model:
                        await self.send_event(event)

    def direct_sides(self) -> tuple[DirectSocket, DirectSocket] | None:
        """Give the short ways to carrier and model; None unless both have one."""
        carrier, model = (
            side.direct if isinstance(side, OffersDirect) else None
            for side in (self._carrier, self.model)
        )
        return None if carrier is None or model is None else (carrier, model)

    def flush_now(self, carrier: DirectSocket, model: DirectSocket) -> bool:
        """Send what the dialogue wants sent without waiting; False when it cannot all be sent."""
        outgoing = self._dialogue.outgoing
        if not outgoing.is_waiting:
            return True
        if not (self.is_idle and carrier.has_room and model.has_room):
            return False
        to_carrier, to_model = outgoing.take_for_carrier(), outgoing.take_for_model()
        if to_carrier:
            carrier.send_now(to_carrier)
        if to_model:
            model.send_now(to_model)
        return True

    @property
    def is_idle(self) -> bool:
        """Say whether the session is ready and nothing is being sent."""
        is_sending = self._sending_since is not None or self._flushing.locked()
        return self.is_ready and not is_sending

    async def send_event(self, event: str) -> None:
        """Send one event to the model; does nothing when its session is gone."""
        if self.model is None:
            return
        self._sending_since = asyncio.get_running_loop().time()
        try:
            await self.model.send(event)
        except ModelFault:
            self.is_ready = False  # who listens to the model meets the same end, and its reason
        finally:
            self._sending_since = None

    def find_blocked(self, now: float) -> Over | None:
        """Give the end of a call whose model takes no more sound; None while it does."""
        if self._sending_since is None or now - self._sending_since <= self._limits.blocked_s:
            return None
        return _blocked_model()

    @property
    def is_sending(self) -> bool:
        """Say whether a send to the model is under way: meanwhile no frame is read."""
        return self._sending_since is not None

    @contextmanager
    def _ended_if_blocked(self, over: Over) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._dialogue.end(over)


def _blocked_model() -> Over:
    return lost_model(ModelFault("blocked", "The speech model took no more sound."))
