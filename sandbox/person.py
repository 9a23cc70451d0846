"""A person on a call by the phone page: decides, types or speaks, presses keys, hangs up."""

import asyncio
from collections import deque
from enum import StrEnum

from sandbox.callees import Step
from sandbox.mulaw import SILENCE, frames_of
from sandbox.page_talk import PageTalk, Screen
from sandbox.script_time import ScriptClock
from sandbox.speech import speak

PERSON_VOICE = "person"
KEYS = frozenset("0123456789*#")
MOST_CHARACTERS = 500
MOST_WAITING = 6_000
"""Frames of typed words that may wait to be spoken: two minutes."""


class Choice(StrEnum):
    """What the person does about a call that rings."""

    NONE = ""
    """Nothing so far."""
    ANSWER = "answer"
    REFUSE = "refuse"
    VOICEMAIL = "voicemail"


class Microphone:
    """Evens out what comes from a microphone: some frames in hand, never many."""

    FIRST = 5
    """Frames in hand before the first one is passed on: 100 ms against gaps."""
    MOST = 25
    """Frames in hand at most; above it the oldest are lost: the talk must not lag behind."""

    def __init__(self, stretch: int = 1) -> None:
        """`stretch`: how often each frame is given: a sandbox faster than life asks for more."""
        self._frames: deque[bytes] = deque(maxlen=self.MOST)
        self._flows = False
        self._stretch = stretch
        self._again: deque[bytes] = deque()

    def take(self, frame: bytes) -> None:
        """Take 20 ms from the page, to be passed on untouched."""
        self._frames.append(frame)

    def give(self) -> bytes | None:
        """Give the next 20 ms; None when there is nothing yet."""
        if self._again:
            return self._again.popleft()
        if not self._flows and len(self._frames) < self.FIRST:
            return None
        self._flows = len(self._frames) > 1
        frame = self._frames.popleft()
        self._again.extend([frame] * (self._stretch - 1))
        return frame


class PersonOnLine:
    """One call on an open page: rings until decided, then takes what the person does."""

    def __init__(self, page: Screen, clock: ScriptClock) -> None:
        self.choice = Choice.NONE
        self._page = page
        self._clock = clock
        self._decided = asyncio.Event()
        self._speech: deque[bytes] = deque()
        self._keys: deque[str] = deque()
        self._microphone = Microphone(max(1, round(clock.factor)))
        self._hangs_up = False
        self._talk = PageTalk(page, clock.factor)

    async def decide(self, timeout_s: float) -> None:
        """Wait for the person's choice, at most `timeout_s` script seconds."""
        try:
            async with asyncio.timeout(timeout_s / self._clock.factor):
                await self._decided.wait()
        except TimeoutError:
            return

    def stop_ringing(self) -> None:
        """Give the page free again unless the call was answered."""
        if self.choice is not Choice.ANSWER:
            self.end()

    def do(self, action: str, text: str) -> None:
        """Take what the person did on the page; what makes no sense now is ignored."""
        if action in (Choice.ANSWER, Choice.REFUSE, Choice.VOICEMAIL):
            self._choose(Choice(action))
        elif action == "hang_up":
            self._hangs_up = True
        elif self.choice is not Choice.ANSWER:
            return
        elif action == "say":
            self._say(text)
        elif action == "key" and text in KEYS:
            self._keys.append(text)

    def hear_microphone(self, frame: bytes) -> None:
        """Take 20 ms from the person's microphone."""
        if self.choice is Choice.ANSWER:
            self._microphone.take(frame)

    def step(self, heard: bytes) -> Step:
        """Take 20 ms of the agent, give 20 ms of the person."""
        self._page.play(heard)
        self._talk.listen("agent", heard)
        frame = self._speech.popleft() if self._speech else self._microphone.give() or SILENCE
        self._talk.listen("callee", frame)
        digit = self._keys.popleft() if self._keys else None
        if digit is not None:
            self._talk.note_key("callee", digit)
        return Step(frame, self._hangs_up, digit=digit)

    def end(self) -> None:
        """Show that the call is over, and leave the page."""
        self._talk.finish()
        self._page.leave(self)

    def put_down(self) -> None:
        """Treat a closed page as the receiver put down."""
        self._choose(Choice.REFUSE)
        self._hangs_up = True

    def _choose(self, choice: Choice) -> None:
        if self._decided.is_set():
            return
        self.choice = choice
        self._decided.set()
        if choice is Choice.ANSWER:
            self._page.tell(event="answered")

    def _say(self, text: str) -> None:
        words = "".join(filter(str.isprintable, text))[:MOST_CHARACTERS].strip()
        frames = frames_of(speak(words, PERSON_VOICE))
        if len(self._speech) + len(frames) > MOST_WAITING:
            self._page.tell(event="too_much")
            return
        self._speech.extend(frames)
