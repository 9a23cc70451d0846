"""The desk that carries out orders: one call per call_id, dialled at most once.

An order is remembered on disk before the dial, so a repeat never dials again, not even after a
crash: it gets the first answer, or "unknown" when the process died before it had one.
"""

import asyncio
from dataclasses import dataclass

import structlog
from structlog.contextvars import bound_contextvars

from call_handler.call import CallServices
from call_handler.errors import OrderError, OrderLater, OrderRefused, OrderUnknown
from call_handler.orders.body import OrderBody
from call_handler.orders.memory import CREATED, OrderAnswer, OrderMemory
from call_handler.orders.refused import RefusedOrders
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


@dataclass(frozen=True, slots=True)
class TakenOrder:
    """An order that is to be carried out."""

    body: OrderBody
    raw: bytes
    """As it came, kept beside its answer."""
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
        self._under_way: dict[str, asyncio.Task[OrderAnswer | OrderError]] = {}
        self._placing = 0
        self._memory = OrderMemory(services.reporter)
        self._refused = RefusedOrders()

    async def take(self, order: OrderBody, raw: bytes) -> OrderAnswer:
        """Carry out an order, or wait for the same order that is under way.

        `raw` is the order as it came, kept beside its answer.
        Raises: OrderRefused, OrderLater, OrderUnknown.
        """
        work = self._under_way.get(order.call_id)
        is_first = work is None
        if work is None:
            clock = self._services.clock
            deadline_s = clock.monotonic() + order.seconds_left(clock.now())
            # A task of the app: a client that goes away must not leave a dial without its answer.
            work = self._services.tasks.spawn(
                self._carry_out(TakenOrder(order, raw, deadline_s)), name=f"order {order.call_id}"
            )
            self._under_way[order.call_id] = work
            work.add_done_callback(lambda _: self._under_way.pop(order.call_id, None))
        answer = await asyncio.shield(work)
        if isinstance(answer, OrderError):
            raise answer
        return answer if is_first else answer.as_repeat()

    async def _carry_out(self, order: TakenOrder) -> OrderAnswer | OrderError:
        """Answer what is known already; else refuse it, or place it."""
        with bound_contextvars(call_id=order.body.call_id):
            try:
                with self._refused.noting(order.body.order_id):
                    self._refused.refuse_copy(order.body.order_id)
                    key, known = await self._memory.look_up(order.body)
                    if known is not None:
                        return known.as_repeat()
                    self._refuse_for_now(order.deadline_s)
                    return await self._place(key, order, self._allowed_number(order.body))
            except OrderError as refusal:
                return refusal

    def _refuse_for_now(self, deadline_s: float) -> None:
        if self._drain.draining:
            raise OrderLater("draining", "this Call Handler is about to stop", 5)
        if self._drain.busy + self._placing >= self.settings.max_calls:
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

    async def _place(self, key: str, order: TakenOrder, number: str) -> OrderAnswer:
        self._placing += 1
        try:
            await self._memory.begin(key, order.body.call_id, order.raw)
            answer = await self._dial(order, number)
            await self._memory.keep(key, order.body.call_id, answer)
        finally:
            self._placing -= 1
        return answer

    async def _dial(self, taken: TakenOrder, number: str) -> OrderAnswer:
        """Dial and put what came of it into an answer, also a refusal: repeats get the same."""
        order = taken.body
        ringing_s = order.ring_timeout_s + _MORE_RINGING_S
        self._drain.expect(order.call_id, self.settings.create_s + ringing_s)
        try:
            placed = await self._create(taken, number)
        except OrderError as error:
            self._drain.forget(order.call_id)
            log.warning("call_not_placed", error=error.error, reason=error.message)
            return OrderAnswer(error.status, error.body())
        self._drain.confirm(order.call_id, ringing_s, placed.call_sid)
        log.info(
            "call_placed",
            call_sid=placed.call_sid,
            to=mask_number(number),
            task_id=order.task_id,
            attempt=order.attempt,
        )
        return OrderAnswer(
            CREATED,
            {"call_id": order.call_id, "call_sid": placed.call_sid, "status": placed.status},
        )

    async def _create(self, taken: TakenOrder, number: str) -> PlacedCall:
        request = self._dial_request(taken.body, number)
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
        token = self._tokens.mint(order.call_id)
        socket_address = handler.replace("https://", "wss://", 1)
        twiml = stream_twiml(
            call_id=order.call_id,
            stream_url=f"{socket_address}/media-stream/{order.call_id}/{token}",
            stream_status_url=order.stream_status_callback_url,
            after_stream_url=f"{handler}/after-stream/{order.call_id}",
        )
        return DialRequest(
            to_number=number,
            from_number=self.settings.twilio_from_number,
            twiml=twiml,
            status_callback_url=_with_retries(order.status_callback_url),
            ring_timeout_s=order.ring_timeout_s,
            time_limit_s=order.time_limit_s,
            answering_callback_url=_with_retries_if_any(order.answering_callback_url),
            recording_callback_url=_with_retries_if_any(order.recording_callback_url),
        )


def _with_retries(callback_url: str) -> str:
    return callback_url.partition("#")[0] + _CALLBACK_RETRIES


def _with_retries_if_any(callback_url: str | None) -> str | None:
    return None if callback_url is None else _with_retries(callback_url)
