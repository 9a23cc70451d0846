"""What the Call Handler remembers of its orders, so that none of them is dialled twice.

An order is written down before the dial and its answer after it. Whoever repeats it gets the first
answer, also after a crash, and also while new orders are refused: "later" to an order that was
dialled would have it dialled elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from call_handler.errors import InvalidOrder, OrderLater, OrderUnknown
from call_handler.orders.body import OrderBody, read_order
from call_reporter import CallReporter, OutboxUnavailable

log = structlog.get_logger(__name__)

CREATED, REPEATED, LATER = 201, 200, 429
_TRIES_MAX = 100
_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What an order is answered with, now and whenever it is repeated."""

    status: int
    body: Mapping[str, object]

    def to_bytes(self) -> bytes:
        """Write the answer for the outbox."""
        return json.dumps({"status": self.status, "body": dict(self.body)}).encode()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "OrderAnswer":
        """Read an answer that the outbox kept."""
        content = json.loads(kept)
        return cls(content["status"], content["body"])

    def as_repeat(self) -> "OrderAnswer":
        """Answer the same once more; what was created then is not created now."""
        return OrderAnswer(REPEATED, self.body) if self.status == CREATED else self


class OrderMemory:
    """Remembers orders in the outbox, and the newest in this process too, should the disk fail."""

    def __init__(self, reporter: CallReporter) -> None:
        self._reporter = reporter
        # call_id -> the answer of its newest try; None from before its dial until it has one.
        self._newest: dict[str, OrderAnswer | None] = {}

    async def look_up(self, order: OrderBody) -> tuple[str, OrderAnswer | None]:
        """Find what is known of an order.

        After a definite no for now the next try has a key of its own; a copy of the try that got
        the no gets it again.
        Returns: the key for this try, and the answer if the order has its answer already.
        Raises: OrderUnknown for an order that was begun and never answered, OrderLater.
        """
        if order.call_id in self._newest:
            newest = self._newest[order.call_id]
            if newest is None:
                raise _begun_before()
            if newest.status != LATER:
                return order.call_id, newest
        try:
            return await self._look_up_on_disk(order)
        except OutboxUnavailable as error:
            raise _no_disk(error) from error

    async def begin(self, key: str, call_id: str, raw: bytes) -> None:
        """Write an order down before it is dialled.

        Raises: OrderLater when it cannot be written, OrderUnknown when that was done before.
        """
        try:
            order = await self._reporter.remember_order(key, raw)
        except OutboxUnavailable as error:
            raise _no_disk(error) from error
        if not order.is_new:
            raise _begun_before()
        self._note(call_id, None)

    async def keep(self, key: str, call_id: str, answer: OrderAnswer) -> None:
        """Keep the answer for those who repeat the order."""
        self._note(call_id, answer)
        try:
            await self._reporter.answer_order(key, answer.to_bytes())
        except OutboxUnavailable:
            # The call is placed: the caller must learn its sid. The next life will say "unknown".
            log.exception("order_answer_not_kept")

    async def _look_up_on_disk(self, order: OrderBody) -> tuple[str, OrderAnswer | None]:
        for number in range(1, _TRIES_MAX + 1):
            key = order.call_id if number == 1 else f"{order.call_id}#{number}"
            known = await self._reporter.recall_order(key)
            if known is None:
                return key, None
            if known.answer is None:
                raise _begun_before()
            answer = OrderAnswer.from_bytes(known.answer)
            if answer.status != LATER or _is_copy(order, known.body):
                return key, answer
        raise OrderLater("carrier_busy", "the carrier has refused this call too often", 60)

    def _note(self, call_id: str, answer: OrderAnswer | None) -> None:
        self._newest[call_id] = answer
        if len(self._newest) > _KEPT_MAX:
            del self._newest[next(iter(self._newest))]


def _begun_before() -> OrderUnknown:
    return OrderUnknown("the order was begun before, and nobody knows whether it dialled")


def _no_disk(error: OutboxUnavailable) -> OrderLater:
    log.error("outbox_unavailable", reason=str(error))
    return OrderLater("disk", str(error), 30)


def _is_copy(order: OrderBody, kept: bytes) -> bool:
    """Say whether an order is the very one that was kept, sent once more."""
    try:
        first = read_order(kept, "application/json")
    except InvalidOrder:  # kept by another version, or spoilt on the disk
        return False
    return bool(order.order_id) and order.order_id == first.order_id
