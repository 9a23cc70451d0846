"""The carrier's desk: takes orders for calls, looks them up, changes and ends them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.call_form import CallForm, Pairs, find_call_id
from sandbox.call_life import LiveCall
from sandbox.calls import Call
from sandbox.carrier_faults import CarrierFaults, CreateFault
from sandbox.errors import RestRefusal, Unanswered
from sandbox.scenario import Scenario
from sandbox.world import World

ANSWER_STATUS = {
    CreateFault.ERROR_AFTER_ACCEPT: 500,
    CreateFault.DUPLICATE_RING_ERROR: 500,
    CreateFault.NO_ANSWER_ACCEPTED: None,
    CreateFault.RESET_AFTER_ACCEPT: None,
}
"""What leaves instead of 201 for an accepted create; None: nothing does."""
TWICE = {CreateFault.DUPLICATE_RING, CreateFault.DUPLICATE_RING_ERROR}
CREATED = 201


@dataclass(frozen=True, slots=True)
class Placed:
    """An accepted create: its call, entered in the books and not begun, and the answer's fault."""

    call: Call
    fault: CreateFault
    twin: Call | None = None


class OperatorDesk:
    """Places, finds, changes and deletes calls; the REST API only translates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._lives: dict[str, LiveCall] = {}

    def place(self, form: CallForm) -> Placed:
        """Accept a create and write its line. Raises: RestRefusal when a fault refuses it."""
        book = self.world.book
        picked = self.world.phone.take_pick(form.to)
        scenario = book.vary(picked, form.to) if picked else book.choose(form.to)
        faults = scenario.carrier
        fault = self._fault_of_create(faults, book.count_create(form.to))
        match fault:
            case CreateFault.REFUSED:
                raise RestRefusal(faults.create_code)
            case CreateFault.ERROR_BEFORE_ACCEPT:
                raise RestRefusal(20500)
            case CreateFault.NO_ANSWER_NOT_ACCEPTED:
                raise Unanswered(20500)
            case _:
                pass
        call = self._enter(form, scenario, fault)
        twin = self._enter(form, scenario, fault, twin_of=call.sid) if fault in TWICE else None
        for entered in filter(None, (call, twin)):
            entered.is_picked = picked is not None
        return Placed(call, fault, twin)

    def begin(self, placed: Placed) -> None:
        """Let the call (with a duplicate ring: both calls) take its place in the queue."""
        for call in filter(None, (placed.call, placed.twin)):
            live = self._lives[call.sid]
            self.world.tasks.start(self._live(live), f"call {call.sid}")

    def note_refusal(self, pairs: Pairs, refusal: RestRefusal) -> None:
        """Write the line of a refused create."""
        answer = None if isinstance(refusal, Unanswered) else refusal.status
        self.world.ledger.write(
            "create",
            verdict="refused",
            call_sid=None,
            call_id=find_call_id(pairs),
            code=refusal.code,
            reason=str(refusal),
            answer=answer,
            parameters=pairs,
        )

    def find(self, call_sid: str) -> Call:
        """Find a call. Raises: RestRefusal 20404, also while a fault hides it."""
        call = self.world.book.find(call_sid)
        if call is None or self._age_s(call) < call.faults.fetch_lag_s:
            raise RestRefusal(20404, call_sid)
        return call

    def listed(self) -> Iterator[Call]:
        """Give the calls that the list shows, newest first."""
        for call in self.world.book.newest_first():
            if self._age_s(call) >= call.faults.list_lag_s:
                yield call

    def update(self, call_sid: str, form: CallForm) -> Call:
        """Change a live call. Raises: RestRefusal 20404, 21220."""
        call = self.find(call_sid)
        self.world.ledger.write(
            "update", **call.facts, parameters=form.pairs, at_status=call.status
        )
        live = self._lives.get(call_sid)
        if call.is_final or live is None:
            if call.faults.hang_up_of_ended != 200:  # noqa: PLR2004 - HTTP's OK
                raise RestRefusal(call.faults.hang_up_of_ended)
            return call
        if form.status_callback:
            live.progress.url = form.status_callback
            live.progress.method = form.status_callback_method
        if form.time_limit_s is not None:
            live.limit(form.time_limit_s)
        if form.wanted_status:
            self._end(call, live, form.wanted_status)
        elif form.url or form.verbs:
            if call.status != "in-progress":
                raise RestRefusal(21220)
            live.replace(form.verbs or (form.url, form.method))
        return call

    def delete(self, call_sid: str) -> None:
        """Delete a finished call. Raises: RestRefusal 20404, 20009."""
        call = self.find(call_sid)
        if not call.is_final:
            raise RestRefusal(20009)
        self.world.book.remove(call_sid)
        self.world.ledger.write("delete", **call.facts)

    def _end(self, call: Call, live: LiveCall, status: str) -> None:
        if status == "canceled" and call.status == "in-progress":
            return  # never touches an answered call
        live.hang_up(status)

    def _enter(
        self, form: CallForm, scenario: Scenario, fault: CreateFault, twin_of: str | None = None
    ) -> Call:
        world = self.world
        call = Call(
            sid=world.names.sid("CA"),
            account_sid=world.settings.account_sid,
            form=form,
            call_id=form.call_id,
            scenario=scenario,
            made=world.clock.now(),
        )
        wait_s = world.queue.reserve() + scenario.carrier.queued_s
        call.queue_ms = round(wait_s * 1000)
        world.book.add(call)
        self._lives[call.sid] = LiveCall(call, world, wait_s)
        world.ledger.write(
            "create",
            verdict="accepted",
            **call.facts,
            scenario=scenario.name,
            fault=fault.value,
            answer=ANSWER_STATUS.get(fault, CREATED),
            twin_of=twin_of,
            queue_ms=call.queue_ms,
            parameters=form.pairs,
        )
        return call

    def _fault_of_create(self, faults: CarrierFaults, number: int) -> CreateFault:
        if faults.create_attempts is not None and number > faults.create_attempts:
            return CreateFault.NONE
        return faults.create

    def _age_s(self, call: Call) -> float:
        return self.world.clock.now() - call.made

    async def _live(self, live: LiveCall) -> None:
        try:
            await live.run()
        finally:
            self._lives.pop(live.call.sid, None)
