"""The simulated carrier: it keeps its own ledger, never dies, and does as each script says."""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random

from telephony.twilio_rest import CarrierCall, DialLater, DialRefused, DialRequest, PlacedCall
from tests.simulation.doors import HandlerDoors, OrchestratorDoors
from tests.simulation.legs import OVER, Leg, facts_of
from tests.simulation.line import Line
from tests.simulation.network import Broken, Network, Refused
from tests.simulation.scripts import CallScript, Habits, draw_script
from tests.simulation.virtual_time import EPOCH
from tests.simulation.world import World

_TRIES_S = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
_CALLBACK_S = 15.0
_APOLOGY_S = 3.0
_CALL_ID = re.compile(r"/twilio/status/([^/#?]+)")
_TOKEN = re.compile(r"/media-stream/[^/\"]+/([^/\"]+)\"")


@dataclass(slots=True)
class Carrier:
    """Places calls, tells how they go, and answers questions about them."""

    world: World
    network: Network
    habits: Habits
    orchestrators: list[str]
    handlers: list[str]
    legs: dict[str, Leg] = field(default_factory=dict)
    # call_ids in the order of their accepted creates.
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    live: int = 0

    # -- what it is asked ----------------------------------------------------------------------

    async def create(self, request: DialRequest) -> PlacedCall:
        """Accept a call, or refuse it, or leave the asker in the dark. Raises: as TwilioRest."""
        dice = self.world.dice_of(f"create {len(self.accepted) + len(self.refused)}")
        script = draw_script(dice, self.habits)
        call_id = _find(_CALL_ID, request.status_callback_url)
        if script.create == "away":
            raise Refused("carrier")
        if script.create in {"refused", "later"}:
            self.refused.append(call_id)
            self.world.note(call_id, f"carrier: {script.create}")
            if script.create == "later":
                raise DialLater("The carrier is taking no more calls right now.", code="10004")
            raise DialRefused("The carrier says that this number is not valid.", code="21211")
        self.accepted.append(call_id)
        leg = self._place(request, script, call_id, dice)
        if script.rings_twice:
            self._place(request, script, call_id, dice, is_second=True)
        if script.create == "lost_answer":
            raise Broken("500")
        if script.create == "silent":
            await self.world.loop.create_future()
        return PlacedCall(leg.sid, "queued")

    async def fetch(self, call_sid: str) -> CarrierCall | None:
        """Say how a call stands."""
        leg = self.legs.get(call_sid)
        return None if leg is None else facts_of(leg, self.world.loop.time())

    async def list(self, to: str, from_: str) -> list[CarrierCall]:
        """List calls between two numbers; the newest are missing for a while."""
        now_s = self.world.loop.time()
        return [
            facts_of(leg, now_s)
            for leg in self.legs.values()
            if (leg.to, leg.from_) == (to, from_) and leg.made_s + leg.script.list_lag_s <= now_s
        ]

    async def end(self, call_sid: str) -> None:
        """End a call in whatever state."""
        leg = self.legs.get(call_sid)
        if leg is not None:
            leg.hang_up()

    async def cancel(self, call_sid: str) -> None:
        """End a call that is not answered."""
        leg = self.legs.get(call_sid)
        if leg is not None and leg.answered_s is None:
            leg.hang_up()

    # -- what it does --------------------------------------------------------------------------

    def _place(
        self,
        request: DialRequest,
        script: CallScript,
        call_id: str,
        dice: Random,
        *,
        is_second: bool = False,
    ) -> Leg:
        leg = Leg(
            sid=f"CA{dice.getrandbits(128):032x}",
            call_id=call_id,
            to=request.to_number,
            from_=request.from_number,
            token=_find(_TOKEN, request.twiml),
            time_limit_s=request.time_limit_s,
            ring_timeout_s=request.ring_timeout_s,
            made_s=self.world.loop.time(),
            script=script,
            is_second=is_second,
            finish=asyncio.Event(),
        )
        self.legs[leg.sid] = leg
        self.world.note(call_id, f"carrier: accepted {'a second time ' * is_second}{leg.sid[:8]}")
        self._spawn(self._live(leg, dice))
        return leg

    async def _live(self, leg: Leg, dice: Random) -> None:
        script = leg.script
        if await self._is_ended_within(leg, script.queue_s):
            return self._end(leg, "canceled", dice)
        self._tell(leg, "initiated", dice)
        leg.word = "ringing"
        self._tell(leg, "ringing", dice)
        if await self._is_ended_within(leg, min(script.ring_s, leg.ring_timeout_s)):
            return self._end(leg, "canceled", dice)
        if script.ending != "answer":
            return self._end(leg, script.ending, dice)
        leg.word, leg.answered_s = "in-progress", self.world.loop.time()
        self._tell(leg, "in-progress", dice)
        limit = self.world.loop.call_later(leg.time_limit_s, leg.hang_up)
        await self._talk(leg, dice)
        limit.cancel()
        return self._end(leg, "completed", dice)

    async def _talk(self, leg: Leg, dice: Random) -> None:
        """Connect the callee to a handler, and after the stream ask what follows."""
        if not leg.script.has_stream:
            await leg.finish.wait()
            return
        line = Line(self.world.loop, leg.sid, leg.call_id, leg.token, leg.script, dice)
        leg.line = line
        if await self._connect(line, dice):
            hung_up = await line.play(leg.finish)
            if hung_up or leg.finish.is_set():
                return
        if await self._ask_after_stream(leg, dice):
            await self._is_ended_within(leg, _APOLOGY_S)

    async def _connect(self, line: Line, dice: Random) -> bool:
        for name in dice.sample(self.handlers, len(self.handlers)):
            try:
                async with asyncio.timeout(5.0):
                    await self.network.ask("carrier", name, lambda doors: _open(doors, line))
            except (Refused, Broken, TimeoutError):
                continue
            return True
        return False

    async def _ask_after_stream(self, leg: Leg, dice: Random) -> bool:
        for name in dice.sample(self.handlers, len(self.handlers)):
            try:
                async with asyncio.timeout(_CALLBACK_S):
                    apology = await self.network.ask(
                        "carrier", name, lambda doors: _ask_after(doors, leg.call_id)
                    )
            except (Refused, Broken, TimeoutError):
                continue
            self.world.note(leg.call_id, f"after-stream at {name}: apology {apology is not None}")
            return apology is not None
        return False

    def _end(self, leg: Leg, word: str, dice: Random) -> None:
        leg.word, leg.ended_s = word, self.world.loop.time()
        self.world.note(leg.call_id, f"carrier: {leg.sid[:8]} {word} after {leg.duration_s} s")
        self._tell(leg, word, dice)

    def _tell(self, leg: Leg, word: str, dice: Random) -> None:
        """Call back: perhaps never, perhaps twice, perhaps late."""
        if dice.random() < leg.script.callback_lost:
            return
        copies = 2 if dice.random() < leg.script.callback_doubled else 1
        duration_s = leg.duration_s if word in OVER else None
        form = {"word": word, "sid": leg.sid, "to": leg.to, "from": leg.from_}
        for _ in range(copies):
            late_s = dice.uniform(0.0, leg.script.callback_late_s)
            self._spawn(self._call_back(leg, form, duration_s, late_s))

    async def _call_back(
        self, leg: Leg, form: dict[str, str], duration_s: int | None, late_s: float
    ) -> None:
        at_us = round((EPOCH.timestamp() + self.world.loop.time()) * 1_000_000)
        await asyncio.sleep(late_s)
        for wait_s in _TRIES_S:
            await asyncio.sleep(wait_s)
            for name in self.world.dice.sample(self.orchestrators, len(self.orchestrators)):
                try:
                    async with asyncio.timeout(_CALLBACK_S):
                        status = await self.network.ask(
                            "carrier",
                            name,
                            lambda doors: _take_callback(doors, leg, form, duration_s, at_us),
                            may_double=True,
                        )
                except Refused:
                    continue
                except (Broken, TimeoutError):
                    break
                if status < 500:
                    self._note_told(leg, form["word"], status)
                    return
                break

    def _note_told(self, leg: Leg, word: str, status: int) -> None:
        self.world.note(leg.call_id, f"callback {leg.sid[:8]} {word}: {status}")
        if word in OVER and status == 204 and leg.told_s is None:
            leg.told_s = self.world.loop.time()

    async def _is_ended_within(self, leg: Leg, span_s: float) -> bool:
        if span_s > 0.0 and not leg.finish.is_set():
            try:
                async with asyncio.timeout(span_s):
                    await leg.finish.wait()
            except TimeoutError:
                return False
        return leg.finish.is_set()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        self.live += 1
        self.world.loop.spawn(self._count(work))

    async def _count(self, work: Coroutine[object, object, None]) -> None:
        await work
        self.live -= 1


def _find(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


async def _open(doors: object, line: Line) -> None:
    assert isinstance(doors, HandlerDoors)
    await doors.open_stream(line)


async def _ask_after(doors: object, call_id: str) -> str | None:
    assert isinstance(doors, HandlerDoors)
    return await doors.after_stream(call_id)


async def _take_callback(
    doors: object, leg: Leg, form: dict[str, str], duration_s: int | None, at_us: int
) -> int:
    assert isinstance(doors, OrchestratorDoors)
    return await doors.call_back(leg.call_id, form, duration_s, at_us)
