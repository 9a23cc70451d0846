"""The desk that carries out orders: one call per call_id, dialled at most once.

An order is remembered on disk before the dial, so a repeat never dials again, not even after a
crash: it gets the first answer, or "unknown" when the process died before it had one.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from structlog.contextvars import bound_contextvars

from call_handler.call import CallServices
from call_handler.errors import InvalidOrder, OrderError, OrderLater, OrderRefused, OrderUnknown
from call_handler.orders.body import OrderBody, read_order
from call_handler.orders.refused import RefusedOrders
from call_reporter import OutboxUnavailable
from foundation.descriptors import has_free_descriptors
from foundation.drain import Drain
from foundation.failpoints import failpoint
from foundation.loop_watch import LoopWatch
from foundation.settings import secrets_of
from foundation.text import mask_number
from telephony.numbers import NumberRefused, check_number, region_of
from telephony.stream_token import StreamTokens
from telephony.twilio_rest import (
    CarrierUnreachable,
    DialLater,
    DialRefused,
    DialRequest,
    DialUnknown,
    PlacedCall,
)
from telephony.twiml import stream_twiml

log = structlog.get_logger(__name__)

_CALLBACK_RETRIES = "#rc=5&rp=all"  # six tries within 15 s, on any failure, instead of one
_MORE_RINGING_S = 10.0  # the carrier may ring a little longer than it was told
_DESCRIPTORS_KEPT = 64  # for running calls: their models, hang-ups and reports
_TRIES_MAX = 100
CREATED, REPEATED, LATER = 201, 200, 429


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


@dataclass(frozen=True, slots=True)
class TakenOrder:
    """An order that is to be carried out."""

    body: OrderBody
    raw: bytes
    """As it came, kept beside its answer."""
    number: str
    """The callee's, checked, E.164."""
    deadline_s: float
    """On the monotonic clock: from then on it is not dialled any more."""


class OrderDesk:
    """Takes orders, refuses those it cannot carry out now, dials the others."""

    def __init__(
        self,
        services: CallServices,
        tokens: StreamTokens,
        drain: Drain,
        watch: LoopWatch | None = None,
    ) -> None:
        self.settings = services.settings
        self._services = services
        self._tokens = tokens
        self._drain = drain
        self._watch = watch  # None where nobody watches the loop
        self._under_way: dict[str, asyncio.Task[OrderAnswer]] = {}
        self._refused = RefusedOrders()

    async def take(self, order: OrderBody, raw: bytes) -> OrderAnswer:
        """Carry out an order, or wait for the same order that is under way.

        `raw` is the order as it came, kept beside its answer.
        Raises: OrderRefused, OrderLater, OrderUnknown.
        """
        first = self._under_way.get(order.call_id)
        if first is not None:
            return (await asyncio.shield(first)).as_repeat()
        self._refused.refuse_copy(order.order_id)
        clock = self._services.clock
        deadline_s = clock.monotonic() + order.seconds_left(clock.now())
        with self._refused.noting(order.order_id):
            self._refuse_for_now(deadline_s)
        taken = TakenOrder(order, raw, self._allowed_number(order), deadline_s)
        # A task of the app: a client that goes away must not leave a dial without its answer.
        work = self._services.tasks.spawn(self._place(taken), name=f"order {order.call_id}")
        self._under_way[order.call_id] = work
        work.add_done_callback(lambda _: self._under_way.pop(order.call_id, None))
        return await asyncio.shield(work)

    def _refuse_for_now(self, deadline_s: float) -> None:
        if self._drain.draining:
            raise OrderLater("draining", "this Call Handler is about to stop", 5)
        if self._drain.busy + len(self._under_way) >= self.settings.max_calls:
            raise OrderLater("full", "this Call Handler has all the calls it can take", 2)
        if self._watch is not None and self._watch.was_blocked:
            raise OrderLater("overloaded", "this Call Handler has just stood still", 5)
        if not has_free_descriptors(_DESCRIPTORS_KEPT):
            raise OrderLater("descriptors", "this Call Handler has too many files open", 10)
        self._refuse_expired(deadline_s)

    def _refuse_expired(self, deadline_s: float) -> None:
        if self._services.clock.monotonic() >= deadline_s:
            raise OrderLater("expired", "not_after has passed; the call is not placed", 1)

    def _allowed_number(self, order: OrderBody) -> str:
        if not self.settings.twilio_account_sid or not secrets_of(self.settings.twilio_auth_token):
            raise OrderRefused(
                "No carrier account is configured, so nothing is dialled.",
                code="not_configured",
                permanent=False,
            )
        home = region_of(self.settings.twilio_from_number)
        try:
            return check_number(order.to_number, allowed_regions={home} if home else set())
        except NumberRefused as refusal:
            raise OrderRefused(refusal.reason, code="number_policy") from refusal

    async def _place(self, order: TakenOrder) -> OrderAnswer:
        call_id, order_id = order.body.call_id, order.body.order_id
        with bound_contextvars(call_id=call_id), self._refused.noting(order_id):
            try:
                key, known = await self._remember(order)
            except OutboxUnavailable as error:
                log.exception("order_not_remembered")
                raise OrderLater("disk", str(error), 30) from error
            if known is not None:
                return known.as_repeat()
            answer = await self._dial(order)
            await self._keep(key, answer)
            return answer

    async def _remember(self, taken: TakenOrder) -> tuple[str, OrderAnswer | None]:
        """Write the order down before it is dialled.

        After a definite no for now the next try is remembered under a key of its own; a copy of
        the try that got the no gets it again.
        Returns: the key of this try, and the answer if the order has its answer already.
        Raises: OrderUnknown for an order that an earlier process began, OutboxUnavailable.
        """
        call_id = taken.body.call_id
        for number in range(1, _TRIES_MAX + 1):
            key = call_id if number == 1 else f"{call_id}#{number}"
            order = await self._services.reporter.remember_order(key, taken.raw)
            if order.is_new:
                return key, None
            if order.answer is None:
                raise OrderUnknown(
                    "the order was begun before, and nobody knows whether it dialled"
                )
            answer = OrderAnswer.from_bytes(order.answer)
            if answer.status != LATER or _is_copy(taken.body, order.body):
                return key, answer
        raise OrderLater("carrier_busy", "the carrier has refused this call too often", 60)

    async def _dial(self, taken: TakenOrder) -> OrderAnswer:
        """Dial and put what came of it into an answer, also a refusal: repeats get the same."""
        order = taken.body
        ringing_s = order.ring_timeout_s + _MORE_RINGING_S
        self._drain.expect(order.call_id, self.settings.create_s + ringing_s)
        try:
            placed = await self._create(taken)
        except OrderError as error:
            self._drain.forget(order.call_id)
            log.warning("call_not_placed", error=error.error, reason=error.message)
            return OrderAnswer(error.status, error.body())
        self._drain.confirm(order.call_id, ringing_s, placed.call_sid)
        log.info(
            "call_placed",
            call_sid=placed.call_sid,
            to=mask_number(taken.number),
            task_id=order.task_id,
            attempt=order.attempt,
        )
        return OrderAnswer(
            CREATED,
            {"call_id": order.call_id, "call_sid": placed.call_sid, "status": placed.status},
        )

    async def _create(self, taken: TakenOrder) -> PlacedCall:
        request = self._dial_request(taken.body, taken.number)
        failpoint("dial.before_post")
        self._refuse_expired(taken.deadline_s)  # the disk may have been slow, or we were frozen
        try:
            placed = await self._services.carrier.create_call(request)
        except DialRefused as error:
            raise OrderRefused(error.reason, code=error.code, permanent=error.permanent) from error
        except (DialLater, CarrierUnreachable) as error:
            raise OrderLater("carrier_busy", error.reason, 10) from error
        except DialUnknown as error:
            raise OrderUnknown(error.reason) from error
        failpoint("dial.after_post")
        return placed

    def _dial_request(self, order: OrderBody, number: str) -> DialRequest:
        handler = self.settings.handler_public_url
        token = self._tokens.mint(order.call_id, self._services.clock.now())
        socket_address = handler.replace("https://", "wss://", 1)
        twiml = stream_twiml(
            call_id=order.call_id,
            stream_url=f"{socket_address}/media-stream/{order.call_id}/{token}",
            stream_status_url=order.stream_status_callback_url,
            after_stream_url=f"{handler}/after-stream/{order.call_id}",
        )
        callback_url = order.status_callback_url.partition("#")[0] + _CALLBACK_RETRIES
        return DialRequest(
            to_number=number,
            from_number=self.settings.twilio_from_number,
            twiml=twiml,
            status_callback_url=callback_url,
            ring_timeout_s=order.ring_timeout_s,
            time_limit_s=order.time_limit_s,
        )

    async def _keep(self, key: str, answer: OrderAnswer) -> None:
        try:
            await self._services.reporter.answer_order(key, answer.to_bytes())
        except OutboxUnavailable:
            # The call is placed: the caller must learn its sid. A repeat will hear "unknown".
            log.exception("order_answer_not_kept")


def _is_copy(order: OrderBody, kept: bytes) -> bool:
    """Say whether an order is the very one that was kept, sent once more."""
    try:
        first = read_order(kept, "application/json")
    except InvalidOrder:  # kept by another version, or spoilt on the disk
        return False
    return bool(order.order_id) and order.order_id == first.order_id
