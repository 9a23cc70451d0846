"""The sandbox phone: the pages that are open, which of them takes a call, who takes it instead."""

import asyncio
from typing import Protocol

import numpy as np

from sandbox.callees import Callee, Step
from sandbox.calls import Call
from sandbox.contacts import find_name
from sandbox.mulaw import SILENCE, decode_mulaw, encode_mulaw
from sandbox.page_talk import PageTalk
from sandbox.person import PersonOnLine
from sandbox.scenario import Scenario
from sandbox.script_time import ScriptClock

MOST_UNREAD = 250
"""Messages and frames that may wait for one page: five seconds of a call in real time."""

Message = dict[str, str | int]


class Guest(Protocol):
    """A call that is shown on a page."""

    def do(self, action: str, text: str) -> None:
        """Take what the person did on the page."""

    def hear_microphone(self, frame: bytes) -> None:
        """Take 20 ms from the page's microphone."""

    def put_down(self) -> None:
        """Go on without the page, which was closed."""


class OpenPage:
    """One open browser page; free while no call is on it.

    A call never waits for a page: one that does not read is dropped, and the call goes on.
    """

    def __init__(self) -> None:
        self.dropped = asyncio.Event()
        self.guest: Guest | None = None
        self._unread: asyncio.Queue[Message | bytes] = asyncio.Queue(MOST_UNREAD)

    async def next(self) -> Message | bytes:
        """Wait for what the page is to get next: a message, or 20 ms of sound."""
        return await self._unread.get()

    def tell(self, **message: str | int) -> None:
        """Send a message to the page."""
        self._put(message)

    def play(self, frame: bytes) -> None:
        """Let the page sound 20 ms."""
        self._put(frame)

    def do(self, action: str, text: str) -> None:
        """Take what the person did on the page."""
        if self.guest is not None:
            self.guest.do(action, text)

    def hear_microphone(self, frame: bytes) -> None:
        """Take 20 ms from the page's microphone."""
        if self.guest is not None:
            self.guest.hear_microphone(frame)

    def leave(self, guest: object) -> None:
        """Free the page when the call of `guest` is over."""
        if self.guest is guest:
            self.guest = None
            self.tell(event="ended")

    def _put(self, entry: Message | bytes) -> None:
        try:
            self._unread.put_nowait(entry)
        except asyncio.QueueFull:
            self.dropped.set()


class FollowedCallee:
    """A scripted callee whose call a page listens to."""

    def __init__(self, callee: Callee, page: OpenPage, factor: float) -> None:
        self._callee = callee
        self._page = page
        self._talk = PageTalk(page, factor)

    def step(self, heard: bytes) -> Step:
        """Live through 20 ms and let the page hear both sides."""
        step = self._callee.step(heard)
        if self._page.guest is self:
            self._page.play(_mixed(heard, step.frame))
            self._talk.listen("agent", heard)
            self._talk.listen("callee", step.frame)
            if step.digit is not None:
                self._talk.note_key("callee", step.digit)
        return step

    def do(self, action: str, text: str) -> None:
        """Stop listening when the person hangs up; the call goes on."""
        del text
        if action == "hang_up":
            self.end()

    def hear_microphone(self, frame: bytes) -> None:
        """Ignore the microphone: who only listens is not heard."""

    def put_down(self) -> None:
        """Let the call go on by itself."""

    def end(self) -> None:
        """Show that the call is over, and leave the page."""
        if self._page.guest is self:
            self._talk.finish()
            self._page.leave(self)


class Phone:
    """All open pages; a call rings on the first free one, unless a script was picked for it."""

    def __init__(self, clock: ScriptClock) -> None:
        self._clock = clock
        self._pages: list[OpenPage] = []
        self._pick: Scenario | None = None

    def open_page(self) -> OpenPage:
        """Enter a page that was opened."""
        page = OpenPage()
        self._pages.append(page)
        page.tell(event="welcome", factor=str(self._clock.factor))
        self._tell_pick(page)
        return page

    def close_page(self, page: OpenPage) -> None:
        """Forget a page; a call on it is hung up, but for a page that was dropped."""
        self._pages.remove(page)
        if page.guest is not None and not page.dropped.is_set():
            page.guest.put_down()
        if not self._pages:
            self._pick = None

    def pick(self, scenario: Scenario | None) -> None:
        """Let `scenario` answer the next call; None: a person on an open page."""
        self._pick = scenario
        for page in self._pages:
            self._tell_pick(page)

    def take_pick(self, number: str) -> Scenario | None:
        """Give the scenario that was picked for this call to `number`; it is used up by that."""
        taken, self._pick = self._pick, None
        if taken is not None:
            for page in self._pages:
                page.tell(event="taken", number=number, scenario=taken.name)
        return taken

    def ring(self, call: Call) -> PersonOnLine | None:
        """Ring on a free page; None when there is none: a scripted callee answers."""
        page = None if call.is_picked else self._free_page()
        if page is None:
            return None
        page.guest = person = PersonOnLine(page, self._clock)
        number = call.form.to
        page.tell(event="ringing", number=number, name=find_name(number), caller=call.form.from_)
        return person

    def follow(self, call: Call, callee: Callee) -> Callee:
        """Let a free page listen to a call whose callee was picked there."""
        page = self._free_page() if call.is_picked else None
        if page is None:
            return callee
        page.guest = followed = FollowedCallee(callee, page, self._clock.factor)
        number, scenario = call.form.to, call.scenario.name
        page.tell(event="following", number=number, name=find_name(number), scenario=scenario)
        return followed

    def _free_page(self) -> OpenPage | None:
        return next((page for page in self._pages if page.guest is None), None)

    def _tell_pick(self, page: OpenPage) -> None:
        name, summary = (self._pick.name, self._pick.summary) if self._pick else ("", "")
        page.tell(event="picked", scenario=name, summary=summary)


def _mixed(one: bytes, other: bytes) -> bytes:
    """Let two sounds be heard at once."""
    if SILENCE in (one, other):
        return one if other == SILENCE else other
    return encode_mulaw(np.add(decode_mulaw(one), decode_mulaw(other), dtype=np.int32))
