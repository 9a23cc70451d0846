"""The life of one call: queued, ringing, answered or not, ended; and what may interrupt it."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from sandbox.call_extras import CallExtras
from sandbox.callees import Actor
from sandbox.calls import Call
from sandbox.document import Document
from sandbox.light.line import LightLine
from sandbox.line import CalleeOnLine, Line
from sandbox.person import Choice, PersonOnLine
from sandbox.phone import FollowedCallee
from sandbox.progress import Ending, Progress
from sandbox.script_time import wall_now
from sandbox.speech import Heard
from sandbox.twiml import Verb
from sandbox.world import World, log

RING_TIMEOUT_SIP = 487
VOICEMAIL = "voicemail"
"""The scenario that takes a call which the person at the phone lets go to voicemail."""


class LiveCall:
    """One call from its place in the queue to its last callback."""

    def __init__(self, call: Call, world: World, wait_s: float) -> None:
        self.call = call
        self.progress = Progress(call, world)
        self._world = world
        self._wait_s = wait_s
        self._wanted: asyncio.Future[Ending]
        self._wanted = asyncio.get_running_loop().create_future()
        self._replaced = asyncio.Event()
        self._following: tuple[Verb, ...] | tuple[str, str] = ()
        self._line: Line | None = None
        self._extras: CallExtras | None = None
        self._person: PersonOnLine | None = None

    async def run(self) -> None:
        """Live: wait in the queue (`wait_s` script seconds), dial, talk, end."""
        try:
            ending = await self._live()
        except Exception:  # noqa: BLE001 - a broken callee must not leave a call without an end
            log.exception("call_failed %s", self.call.sid)
            ending = Ending("failed", "sandbox_error")
        self._finish(ending)

    def hang_up(self, status: str) -> None:
        """End the call as the REST API asks: completed if it was answered, else canceled."""
        if not self._wanted.done():
            self._wanted.set_result(Ending("canceled", f"rest_{status}"))

    def replace(self, document: tuple[Verb, ...] | tuple[str, str]) -> None:
        """Run other TwiML from now on: verbs, or the URL and method of a document."""
        self._following = document
        self._replaced.set()

    def limit(self, time_limit_s: int) -> None:
        """Change the longest duration of the running call."""
        if self._line is not None:
            self._line.time_limit_s = time_limit_s

    async def _live(self) -> Ending:
        ending = await self._dial()
        if ending is not None:
            return ending
        self._move("in-progress")
        self.progress.tell("answered", "in-progress")
        return await self._talk()

    async def _dial(self) -> Ending | None:
        """Go from the queue to the answer; an Ending when there is none."""
        clock = self._world.clock
        if self.call.faults.stays_queued:
            return await self._wanted
        if await self._unless_ended(clock.sleep(self._wait_s)):
            return self._wanted.result()
        self.call.started = wall_now()
        self.progress.tell("initiated", "initiated")
        if await self._unless_ended(clock.sleep(self._world.settings.dial_s)):
            return self._wanted.result()
        self._move("ringing")
        self.progress.tell("ringing", "ringing")
        return await self._ring()

    async def _ring(self) -> Ending | None:
        timeout_s = self.call.form.timeout_s + self._world.settings.extra_ring_s
        plan = self.call.scenario.ring
        # Only a callee who would answer is replaced: a busy line stays busy for a person too.
        self._person = self._world.phone.ring(self.call) if plan.answers else None
        if self._person is not None:
            return await self._ring_person(self._person, timeout_s)
        waits_s = min(plan.answer_after_s, timeout_s)
        if await self._unless_ended(self._world.clock.sleep(waits_s)):
            return self._wanted.result()
        if plan.answer_after_s > timeout_s:
            return Ending("no-answer", "ring_timeout", RING_TIMEOUT_SIP)
        return None if plan.answers else Ending(plan.final, "callee", plan.sip_code)

    async def _ring_person(self, person: PersonOnLine, timeout_s: float) -> Ending | None:
        try:
            if await self._unless_ended(person.decide(timeout_s)):
                return self._wanted.result()
        finally:
            person.stop_ringing()
        match person.choice:
            case Choice.ANSWER:
                return None
            case Choice.VOICEMAIL:
                self._pass_to_voicemail()
                return None
            case Choice.REFUSE:
                return Ending("no-answer", "callee", 603)
            case Choice.NONE:
                return Ending("no-answer", "ring_timeout", RING_TIMEOUT_SIP)

    def _pass_to_voicemail(self) -> None:
        """Let the scripted answering machine take the call, and the page listen to it."""
        self._person = None
        book, number = self._world.book, self.call.form.to
        machine = book.scenarios.get(VOICEMAIL, self.call.scenario)
        self.call.scenario = book.vary(machine, number)
        self.call.is_picked = True

    async def _talk(self) -> Ending:
        form = self.call.form
        limit_s = form.time_limit_s or self._world.settings.default_time_limit_s
        scripted = self.call.scenario.answer(self.call.form.to)
        callee = self._person or self._world.phone.follow(self.call, scripted)
        line = self._line = self._draw_line(callee, limit_s)
        extras = self._extras = CallExtras(self.call, line, self._world)
        document = Document(self.call, line, self._world)
        pace = asyncio.create_task(line.run(), name=f"line {self.call.sid}")
        self._following = form.verbs or (form.url, form.method)
        extras.begin()
        try:
            return await self._until_ended(document, pace)
        except asyncio.CancelledError:
            document.drop_stream()  # the sandbox itself is ending: nobody waits for a close
            raise
        finally:
            pace.cancel()
            await asyncio.wait({pace})
            line.finish()
            self.call.duration_s = round(line.elapsed_s)
            await extras.end()
            await document.close_stream()
            if isinstance(callee, PersonOnLine | FollowedCallee):
                callee.end()
            if line.is_scripted and self._person is None and isinstance(scripted, Actor):
                left = list(scripted.left_over)
                self._world.ledger.write("callee_script", **self.call.facts, left_over=left)

    def _draw_line(self, callee: CalleeOnLine, limit_s: float) -> Line:
        light = self._world.light
        if light is not None:
            return LightLine(light, self.call, callee, limit_s)
        return Line(callee, self._world.clock.factor, self._said, self._heard_key, limit_s)

    async def _until_ended(self, document: Document, pace: asyncio.Task[Ending]) -> Ending:
        """Run documents until the callee, the REST API or the TwiML ends the call."""
        while True:
            self._replaced.clear()
            script = asyncio.create_task(self._play(document), name=f"twiml {self.call.sid}")
            replaced = asyncio.create_task(self._until_replaced())
            waiting: set[asyncio.Future[Ending]] = {pace, script, replaced, self._wanted}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (script, replaced):
                    task.cancel()
                await asyncio.wait({script, replaced})
            if self._wanted.done():
                return Ending("completed", self._wanted.result().by)
            if pace.done():
                return pace.result()
            if not script.cancelled():
                return script.result()
            await document.close_stream()

    async def _until_replaced(self) -> Ending:
        await self._replaced.wait()
        return Ending("completed", "replaced")

    async def _play(self, document: Document) -> Ending:
        if self._extras is not None:
            await self._extras.wait_for_verdict()
        verbs = await self._document(document)
        return verbs if isinstance(verbs, Ending) else await document.run(verbs)

    async def _document(self, document: Document) -> Sequence[Verb] | Ending:
        match self._following:
            case (str(url), str(method)):
                verbs = await document.fetch(url, method)
                form = self.call.form
                if isinstance(verbs, Ending) and form.fallback_url:
                    return await document.fetch(form.fallback_url, form.fallback_method)
                return verbs
            case verbs:
                return [verb for verb in verbs if not isinstance(verb, str)]

    async def _unless_ended(self, work: Coroutine[object, object, object]) -> bool:
        """Do `work` unless the call is ended meanwhile; True when it was ended."""
        task = asyncio.create_task(work)
        try:
            waiting: set[asyncio.Future[Any]] = {task, self._wanted}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if self._wanted.done():
            return True
        task.result()
        return False

    def _finish(self, ending: Ending) -> None:
        self.call.ended = wall_now()
        if ending.status != "completed":
            self.call.duration_s = None
        elif self.call.duration_s is None:
            self.call.duration_s = 0
        duration_s = self.call.duration_s
        self._move(ending.status, by=ending.by, sip_code=ending.sip_code, duration_s=duration_s)
        self.progress.tell("completed", ending.status, ending)

    def _move(self, status: str, **facts: object) -> None:
        self.call.status = status
        self.call.updated = wall_now()
        self._world.ledger.write("state", **self.call.facts, status=status, **facts)

    def _heard_key(self, digit: str) -> None:
        self._world.ledger.write("dtmf_heard", **self.call.facts, digit=digit)

    def _said(self, side: str, heard: Heard, heard_ms: int) -> None:
        elapsed_s = self._line.elapsed_s if self._line else 0.0
        self._world.ledger.write(
            "said",
            **self.call.facts,
            side=side,
            text=heard.text,
            voice=heard.voice,
            heard_ms=heard_ms,
            total_ms=heard.total_ms,
            until_s=round(elapsed_s, 2),
        )
