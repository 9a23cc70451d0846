"""Rows whose time has come: dial, ask the carrier, give up - for whichever process is alive."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, assert_never

import structlog

from foundation.clock import Clock
from foundation.failpoints import failpoint
from foundation.task_set import TaskSet
from orchestrator import calls
from orchestrator.call_handler_client import (
    OrderAccepted,
    OrderAnswer,
    OrderNotTaken,
    OrderRefused,
    OrderUnknown,
)
from orchestrator.calls import DialRules, OrderAddresses, Step, micros
from orchestrator.errors import StoreUnavailable
from orchestrator.store import Store, Transaction
from orchestrator.store.calls import CallRow, list_due_calls, take_due_call
from orchestrator.store.events import read_newest_time
from telephony.twilio_rest import CarrierCall, CarrierUnreachable

log = structlog.get_logger(__name__)

Unit: TypeAlias = Callable[[Transaction], object]
# What the carrier said; to be applied with the end of the lease under which it was asked.
Answer: TypeAlias = Callable[[Transaction, int], object]

AT_ONCE = 200
# A wall clock that moved by more than this against the monotonic one has jumped.
JUMP_S = 5.0
# A call commits some 27 times, of which two leave something due: only those wake the sweeper.
# Under many calls it looks so often at most; after a quiet time it looks at once.
BREATH_S = 0.05
# An asking is two questions at most, each with the deadline of telephony.twilio_rest.
LONGEST_ASKING_S = 30.0
# Above every number: who could not sweep waits the whole pause.
NO_EVENT = 1 << 63


class Carrier(Protocol):
    """What the sweeper asks and tells the telephone carrier."""

    async def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """Ask how a call stands; None when the carrier does not know it."""

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List the calls between two numbers."""

    async def end_call(self, call_sid: str) -> None:
        """End a call in whatever state."""

    async def cancel_call(self, call_sid: str) -> None:
        """End a call that is not yet answered."""


class Handlers(Protocol):
    """Who takes orders."""

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Order one call, once."""


@dataclass(frozen=True, slots=True)
class SweeperParts:
    """What a sweeper works with."""

    store: Store
    # None without credentials: then no call can be dialled or asked for.
    carrier: Carrier | None
    handlers: Handlers
    rules: DialRules
    addresses: OrderAddresses
    from_number: str
    clock: Clock


class Sweeper:
    """Looks for due calls every second, and at once when a commit left one due."""

    def __init__(self, parts: SweeperParts) -> None:
        self._parts = parts
        self._timings = parts.rules.timings
        self._looks = TaskSet()
        self._looking: set[str] = set()
        self._offset_s = self._clock_offset_s()
        self._has_looked_back = False

    async def run(self) -> None:
        """Sweep until cancelled; what is under way goes on and is awaited by `close`."""
        while True:
            has_more = False
            try:
                has_more = await self.sweep()
            except StoreUnavailable as error:
                log.warning("sweep_postponed", error=str(error))
            except Exception:  # the sweeper must not die: it is everybody's last resort
                log.exception("sweep_failed")
            await asyncio.sleep(BREATH_S)
            if not has_more:
                await self._parts.store.wait_until_due(self._timings.sweep_s)

    async def sweep(self) -> bool:
        """Start to look at every due call that nobody here looks at already.

        Returns: whether more may be due than were read at once.
        """
        await self._notice_clock_jump()
        due, now_us = await self._parts.store.read_at(
            lambda connection, now_us: (list_due_calls(connection, now_us, AT_ONCE), now_us)
        )
        for row in due:
            if row.call_id not in self._looking:
                self._looking.add(row.call_id)
                self._looks.spawn(self._look_at(row, now_us), name=f"look-at-{row.call_id}")
        return len(due) == AT_ONCE

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._looks.wait()

    async def close(self) -> None:
        """Wait for orders and questions under way, each within its own deadline."""
        await self._looks.close(self._timings.order_s + LONGEST_ASKING_S)

    async def _look_at(self, row: CallRow, now_us: int) -> None:
        structlog.contextvars.bind_contextvars(call_id=row.call_id, call_sid=row.call_sid)
        try:
            await self._take_step(row, now_us)
        except StoreUnavailable as error:
            log.warning("look_postponed", error=str(error))
        except Exception:  # one call's trouble is not the others'
            log.exception("look_failed")
        finally:
            self._looking.discard(row.call_id)

    async def _take_step(self, row: CallRow, now_us: int) -> None:
        store = self._parts.store
        step = calls.next_step(row, now_us, self._timings)
        match step:
            case Step.DIAL:
                await self._dial(row)
            case Step.EXPIRE:
                await store.write(lambda tx: calls.expire_call(tx, row.call_id, self._timings))
            case Step.FILE:
                await store.write(lambda tx: calls.file_carrier_facts(tx, row.call_id))
            case Step.FIND | Step.ASK | Step.CANCEL | Step.END:
                await self._ask(row, step)
            case _:
                assert_never(step)

    async def _dial(self, row: CallRow) -> None:
        """Claim and order one call; a crash at any point leaves `dialing`, which reads unknown."""
        store, rules, clock = self._parts.store, self._parts.rules, self._parts.clock
        begun_s = clock.monotonic()
        claimed = await store.write(lambda tx: calls.claim_call(tx, row.call_id, rules))
        if claimed is None:
            return
        passed_s = clock.monotonic() - begun_s
        body = calls.order_body(claimed, self._parts.addresses, self._timings, passed_s)
        failpoint("order.before_post")
        answer = await self._parts.handlers.place_order(body)
        failpoint("order.after_post")
        call_id, timings = row.call_id, self._timings
        match answer:
            case OrderAccepted(call_sid):
                await self._note(lambda tx: calls.note_accepted(tx, call_id, call_sid, timings))
            case OrderRefused(code, reason):
                await self._note(lambda tx: calls.note_refused(tx, call_id, code, reason))
            case OrderNotTaken(reason, wait_s):
                await self._note(lambda tx: calls.note_not_taken(tx, call_id, reason, wait_s))
            case OrderUnknown(reason):
                log.warning("dial_unknown", reason=reason)
            case _:
                assert_never(answer)

    async def _note(self, unit: Unit) -> None:
        """Write an order's answer, which nobody gives twice, also if the database is away just now.

        Raises: StoreUnavailable when half of SETTLE is over; then the carrier will be asked.
        """
        clock, store = self._parts.clock, self._parts.store
        give_up_at = clock.monotonic() + self._timings.settle_s / 2
        while True:
            try:
                await store.write(unit)
            except StoreUnavailable:
                if clock.monotonic() >= give_up_at:
                    raise
                await store.wait_for_events(NO_EVENT, self._timings.sweep_s)
            else:
                return

    async def _ask(self, row: CallRow, step: Step) -> None:
        """Ask the carrier, and tell it first to end the call where the step says so."""
        store, timings = self._parts.store, self._timings
        held_until = await self._lease(row.call_id, row.due_at or 0)
        if held_until is None:
            return
        question = self._find(row) if step is Step.FIND else self._fetch(row, step)
        try:
            answer, held_until = await self._held(row.call_id, held_until, question)
        except CarrierUnreachable as error:
            log.warning("carrier_unreachable", error=str(error))
            await store.write(lambda tx: calls.note_unreachable(tx, row.call_id, timings))
        else:
            failpoint("ask.after_answer")
            await store.write(lambda tx: answer(tx, held_until))

    async def _lease(self, call_id: str, seen: int) -> int | None:
        """Keep the other sweepers away from a call; None when its time has moved meanwhile."""
        lease_us = micros(self._timings.lease_s)
        return await self._parts.store.write(lambda tx: take_due_call(tx, call_id, seen, lease_us))

    async def _held(
        self, call_id: str, held_until: int, question: Coroutine[object, object, Answer]
    ) -> tuple[Answer, int]:
        """Wait for the carrier's answer and hold the call meanwhile; whoever dies lets it go.

        Returns: the answer, and the end of the lease as it was last seen.
        """
        asking = asyncio.create_task(question, name=f"ask-about-{call_id}")
        try:
            while not (await asyncio.wait({asking}, timeout=self._timings.lease_s / 3))[0]:
                try:
                    held_until = await self._lease(call_id, held_until) or held_until
                except StoreUnavailable as error:
                    log.warning("lease_not_renewed", error=str(error))
            return asking.result(), held_until
        except (Exception, asyncio.CancelledError):
            asking.cancel()
            await asyncio.wait({asking})
            raise

    async def _find(self, row: CallRow) -> Answer:
        listed = await self._carrier().list_calls(row.to_number, self._parts.from_number)
        read = [calls.candidate_of(answer) for answer in listed]
        found = [candidate for candidate in read if candidate is not None]
        log.info("carrier_listed", calls=len(listed))
        return lambda tx, held_until: calls.apply_lookup(
            tx, row.call_id, found, self._timings, held_until
        )

    async def _fetch(self, row: CallRow, step: Step) -> Answer:
        carrier, call_sid = self._carrier(), row.call_sid or ""
        if step is Step.CANCEL:
            await carrier.cancel_call(call_sid)
        elif step is Step.END:
            await carrier.end_call(call_sid)
        answer = await carrier.fetch_call(call_sid)
        facts = None if answer is None else calls.facts_of_answer(answer)
        log.info("carrier_asked", step=step.value, status=None if answer is None else answer.status)
        if facts is None:
            raise CarrierUnreachable("The carrier does not know this call.")
        return lambda tx, _: calls.apply_fetched(tx, row.call_id, facts, self._timings)

    def _carrier(self) -> Carrier:
        if self._parts.carrier is None:
            raise CarrierUnreachable("No carrier account is configured.")
        return self._parts.carrier

    async def _notice_clock_jump(self) -> None:
        """Look at every open call when the clock of the rules jumped against the monotonic one.

        Only where that clock is our own: a database server keeps its own time, and that of this
        machine must not move the deadlines of all replicas.
        """
        if not self._parts.store.keeps_own_time:
            return
        offset_s = self._clock_offset_s()
        jump_s = offset_s - self._offset_s
        if not self._has_looked_back and abs(jump_s) <= JUMP_S:
            jump_s = await self._jump_before_start()
        if abs(jump_s) > JUMP_S:
            jump_us, timings = micros(jump_s), self._timings
            count = await self._parts.store.write(
                lambda tx: calls.look_again_at_all(tx, jump_us, timings)
            )
            log.warning("clock_jumped", by_s=round(jump_s), open_calls=count)
        self._has_looked_back = True
        self._offset_s = offset_s  # not before the commit: a jump that could not be noted stays one

    async def _jump_before_start(self) -> float:
        """Say how far the clock went back while nobody looked: the newest event tells.

        That it went forward cannot be told from a long stop, and does no harm: all is due.
        """
        newest_us, now_us = await self._parts.store.read_at(
            lambda connection, now_us: (read_newest_time(connection), now_us)
        )
        return min(0.0, (now_us - (newest_us or now_us)) / 1_000_000)

    def _clock_offset_s(self) -> float:
        return self._parts.clock.now().timestamp() - self._parts.clock.monotonic()
