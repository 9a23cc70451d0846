"""The sandbox phone: a person in a browser who may take a call instead of the scripted callee."""

import asyncio
from collections import deque
from dataclasses import dataclass

from sandbox.calls import Call
from sandbox.overhearing import Overhearing
from sandbox.script_time import ScriptClock
from sandbox.speech import FRAME_BYTES, SILENCE, Heard, speak

PERSON_VOICE = "person"
KEYS = frozenset("0123456789*#")
MAX_SAY_CHARACTERS = 500

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class PersonStep:
    """What the person did in 20 ms."""

    frame: bytes
    hang_up: bool = False
    reset: bool = False
    digit: str | None = None


class PersonOnLine:
    """One call on the open page: rings until decided, then speaks what is typed."""

    def __init__(self, page: "OpenPage", clock: ScriptClock) -> None:
        self.answered = False
        self.refused = False
        self._page = page
        self._clock = clock
        self._decided = asyncio.Event()
        self._speech: deque[bytes] = deque()
        self._keys: deque[str] = deque()
        self._hangs_up = False
        self._ear = Overhearing(self._show, lambda: page.tell(event="speaking"))

    async def decide(self, timeout_s: float) -> None:
        """Wait for Answer or Refuse, at most `timeout_s` script seconds."""
        try:
            async with asyncio.timeout(timeout_s / self._clock.factor):
                await self._decided.wait()
        except TimeoutError:
            return

    def stop_ringing(self) -> None:
        """Give the page free again unless the call was answered."""
        if not self.answered:
            self.end()

    def do(self, action: str, text: str) -> None:
        """Take what the person did on the page; what makes no sense now is ignored."""
        if action in ("answer", "refuse") and not self._decided.is_set():
            self.answered, self.refused = action == "answer", action == "refuse"
            self._decided.set()
            if self.answered:
                self._page.tell(event="answered")
        elif action == "hang_up":
            self._hangs_up = True
        elif action == "say" and self.answered:
            self._say(text[:MAX_SAY_CHARACTERS])
        elif action == "key" and text in KEYS and self.answered:
            self._keys.append(text)

    def step(self, heard: bytes) -> PersonStep:
        """Take 20 ms of the agent, give 20 ms of the person."""
        self._ear.listen(heard)
        frame = self._speech.popleft() if self._speech else SILENCE
        digit = self._keys.popleft() if self._keys else None
        return PersonStep(frame, self._hangs_up, digit=digit)

    def end(self) -> None:
        """Tell the page that the call is over and leave it."""
        self._ear.finish()
        self._page.leave(self)

    def leave_page(self) -> None:
        """Treat a closed page as the receiver put down."""
        self.do("refuse", "")
        self._hangs_up = True

    def _say(self, text: str) -> None:
        audio = speak(text.strip(), PERSON_VOICE)
        frames = range(0, len(audio), FRAME_BYTES)
        self._speech.extend(audio[at : at + FRAME_BYTES] for at in frames)
        self._page.tell(event="said", text=text)

    def _show(self, heard: Heard, heard_ms: int) -> None:
        cut = heard_ms < heard.total_ms
        self._page.tell(event="heard", text=heard.text, cut="yes" if cut else "")


class OpenPage:
    """One open browser page; free while no call is on it."""

    def __init__(self) -> None:
        self.outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self.person: PersonOnLine | None = None

    def tell(self, **message: str) -> None:
        """Send a message to the page."""
        self.outgoing.put_nowait(message)

    def leave(self, person: PersonOnLine) -> None:
        """Free the page when the call of `person` is over."""
        if self.person is person:
            self.person = None
            self.tell(event="ended")


class Phone:
    """All open pages; a call rings on the first free one."""

    def __init__(self, clock: ScriptClock) -> None:
        self._clock = clock
        self._pages: list[OpenPage] = []

    def open_page(self) -> OpenPage:
        """Enter a page that was opened."""
        page = OpenPage()
        self._pages.append(page)
        return page

    def close_page(self, page: OpenPage) -> None:
        """Forget a page; a call on it is hung up."""
        self._pages.remove(page)
        if page.person is not None:
            page.person.leave_page()

    def ring(self, call: Call) -> PersonOnLine | None:
        """Ring on a free page; None when there is none: a scripted callee answers."""
        page = next((page for page in self._pages if page.person is None), None)
        if page is None:
            return None
        page.person = PersonOnLine(page, self._clock)
        page.tell(event="ringing", number=call.form.to, caller=call.form.from_)
        return page.person
