"""Telephone menus: they hear the keys in the agent's audio and go on only at the right one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.callees import Step
from sandbox.callees.cues import After
from sandbox.callees.order_taker import confirm
from sandbox.callees.scripted import Line, ScriptedCallee
from sandbox.callees.waiting import ANSWERS_MS, BACK
from sandbox.speech import FRAME_BYTES, FRAME_MS, SILENCE, speak
from sandbox.tones import ToneEar, hold_music
from sandbox.variation import Variation

_WAIT_MS = 6_000
_REPEATS = 4
_WRONG_KEY = "That is not a valid choice."
_NO_KEY = "Sorry, I did not get that."


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a menu: what it says, and the key that leads on."""

    prompt: str
    key: str


class PhoneMenu:
    """Plays its levels; behind the last one somebody else takes the call."""

    def __init__(
        self, levels: Sequence[Level], behind: ScriptedCallee | None, pause_ms: int
    ) -> None:
        """`behind`: who answers behind the menu; None: nobody ever gets there.

        `pause_ms`: before it begins to speak.
        """
        self.keys: list[str] = []
        """The keys that were heard."""
        self._levels = list(levels)
        self._behind = behind
        self._ear = ToneEar()
        self._frames = _frames_of(levels[0].prompt, pause_ms)
        self._quiet_ms = 0
        self._repeats_left = _REPEATS

    @property
    def left_over(self) -> list[str]:
        """Name the levels that were never passed, and what is left behind them."""
        if self._behind is None:
            return []
        return [*(level.prompt for level in self._levels), *self._behind.left_over]

    def step(self, heard: bytes) -> Step:
        """Live through 20 ms of media time. `heard`: 160 bytes from the agent, or silence."""
        if not self._levels and self._behind is not None:
            return self._behind.step(heard)
        key = self._ear.hear(heard)
        if key is not None:
            self._take(key)
            if not self._levels:
                return Step(SILENCE)
        frame = next(self._frames, None)
        if frame is not None:
            self._quiet_ms = 0
            return Step(frame)
        self._quiet_ms += FRAME_MS
        if self._quiet_ms < _WAIT_MS:
            return Step(SILENCE)
        return self._insist()

    def _take(self, key: str) -> None:
        self.keys.append(key)
        if key == self._levels[0].key and self._behind is not None:
            self._levels.pop(0)
            self._repeats_left = _REPEATS
            if self._levels:
                self._frames = _frames_of(self._levels[0].prompt)
        else:
            self._frames = _frames_of(f"{_WRONG_KEY} {self._levels[0].prompt}")

    def _insist(self) -> Step:
        """Say the menu once more, or hang up on who presses nothing."""
        if not self._repeats_left:
            return Step(SILENCE, hang_up=True)
        self._repeats_left -= 1
        self._quiet_ms = 0
        self._frames = _frames_of(f"{_NO_KEY} {self._levels[0].prompt}")
        return Step(SILENCE)


def three_level_menu(variation: Variation) -> PhoneMenu:
    """Build a menu of three levels, each in several wordings, with a shop behind it."""
    sentences = (
        (
            "Welcome to Luigi's Pizza. For English, press one. Para espa\u00f1ol, oprima dos.",
            "Luigi's Pizza. Press 1 for English, press 2 for Italian.",
            "Hello, this is Luigi's. For Italian, press nine. For English, press one.",
        ),
        (
            "For opening hours, press one. For orders, press three. For a job, press five.",
            "Press 3 to place an order. Press 4 to hear our specials.",
            "To hear where we are, press two. To order a pizza, press three.",
        ),
        (
            "For delivery, press one. For pick-up, press two.",
            "Press 2 for pick-up, press 1 for delivery.",
            "To have it delivered, press one. To pick it up yourself, press two.",
        ),
    )
    levels = [
        Level(variation.pick(prompts), key) for prompts, key in zip(sentences, "132", strict=True)
    ]
    return PhoneMenu(levels, _shop_behind(variation), variation.pause_ms(ANSWERS_MS))


def endless_menu(variation: Variation) -> PhoneMenu:
    """Build a menu in which nothing that the agent wants is on offer."""
    prompt = variation.pick(
        (
            "For the weather, press one. For the lottery, press two.",
            "Press one for horoscopes, press two for the lottery.",
            "To hear the weather, press one. To hear the time, press two.",
        )
    )
    return PhoneMenu([Level(prompt, "")], None, variation.pause_ms(ANSWERS_MS))


def _shop_behind(variation: Variation) -> ScriptedCallee:
    hello = Line(After(800), variation.pick(BACK), sound=hold_music(variation.pause_ms(3_000)))
    return ScriptedCallee("luigi", [hello, confirm(variation)], variation)


def _frames_of(text: str, pause_ms: int = 0) -> Iterator[bytes]:
    audio = SILENCE * (pause_ms // FRAME_MS) + speak(text, "machine")
    return (audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))
