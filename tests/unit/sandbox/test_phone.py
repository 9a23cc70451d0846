"""The parts of the sandbox phone that need no socket."""

import asyncio

import pytest

from sandbox.mulaw import FRAME_BYTES, SILENCE, frames_of, noise
from sandbox.page_talk import PageTalk
from sandbox.person import Microphone
from sandbox.phone import MOST_UNREAD, OpenPage, Phone
from sandbox.scenarios import SCENARIOS
from sandbox.script_time import ScriptClock
from sandbox.speech import speak
from sandbox.tones import dial_tones

Shown = tuple[str, str, str]


class Screen:
    """A page that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[Shown] = []

    def tell(self, **message: str | int) -> None:
        state = str(message.get("state", message["event"]))
        words = str(message.get("heard", message.get("text", message.get("key"))))
        self.lines.append((str(message["who"]), state, words))

    def play(self, frame: bytes) -> None:
        raise AssertionError(frame)

    def leave(self, guest: object) -> None:
        raise AssertionError(guest)


def shown(frames: list[bytes], *, ends: bool = False) -> list[Shown]:
    """Say what a page shows of an agent that says `frames`, and of the call's end."""
    screen = Screen()
    talk = PageTalk(screen)
    for frame in frames:
        talk.listen("agent", frame)
    if ends:
        talk.finish()
    return screen.lines


SENTENCE = "One two three four five six seven eight."


def test_a_sentence_is_shown_when_it_begins_and_when_it_was_heard() -> None:
    frames = frames_of(speak(SENTENCE, "agent"))

    assert shown(frames) == [("agent", "begun", SENTENCE), ("agent", "whole", SENTENCE)]


@pytest.mark.parametrize("ends", [False, True])
def test_a_cut_sentence_shows_the_words_that_were_heard(*, ends: bool) -> None:
    frames = frames_of(speak(SENTENCE, "agent"))
    half = frames[: len(frames) // 2]

    lines = shown(half if ends else [*half, *[SILENCE] * 25], ends=ends)

    assert lines[-1] == ("agent", "cut", "One two three four")


def test_a_gap_on_the_line_cuts_no_sentence() -> None:
    frames = frames_of(speak(SENTENCE, "agent"))
    half = len(frames) // 2

    lines = shown([*frames[:half], *[SILENCE] * 24, *frames[half:]])

    assert lines == [("agent", "begun", SENTENCE), ("agent", "whole", SENTENCE)]


def test_sound_that_nobody_here_knows_is_one_line_without_words() -> None:
    sound = [noise(FRAME_BYTES, seed) for seed in range(50)]
    pause = [SILENCE] * 10

    assert shown([*sound, *pause, *sound, *[SILENCE] * 25]) == [
        ("agent", "begun", ""),
        ("agent", "whole", ""),
    ]


def test_a_click_on_the_line_is_no_speech() -> None:
    assert shown([noise(FRAME_BYTES, 1), noise(FRAME_BYTES, 2), *[SILENCE] * 30]) == []


def test_a_key_that_sounds_is_shown_as_a_key_and_as_no_speech() -> None:
    frames = frames_of(dial_tones("17#"))

    assert shown(frames) == [("agent", "key", "1"), ("agent", "key", "7"), ("agent", "key", "#")]


def test_a_known_sentence_ends_the_sound_before_it() -> None:
    sound = [noise(FRAME_BYTES, seed) for seed in range(12)]

    lines = shown([*sound, *frames_of(speak(SENTENCE, "agent"))], ends=True)

    assert [state for _, state, _ in lines] == ["begun", "whole", "begun", "whole"]


def test_a_microphone_is_heard_once_there_is_enough_in_hand() -> None:
    microphone = Microphone()
    frames = [bytes([n]) for n in range(8)]

    for frame in frames[:4]:
        microphone.take(frame)
    early = microphone.give()
    for frame in frames[4:]:
        microphone.take(frame)

    assert early is None
    assert [microphone.give() for _ in range(9)] == [*frames, None]


def test_a_microphone_fills_the_time_of_a_sandbox_faster_than_life() -> None:
    microphone = Microphone(3)
    for n in range(5):
        microphone.take(bytes([n]))

    assert b"".join(microphone.give() or b"-" for _ in range(16)) == bytes(
        [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, ord("-")]
    )


def test_a_microphone_that_runs_ahead_loses_the_oldest() -> None:
    microphone = Microphone()
    for n in range(Microphone.MOST + 10):
        microphone.take(bytes([n]))

    assert microphone.give() == bytes([10])


async def test_a_page_that_does_not_read_is_dropped_and_the_call_goes_on() -> None:
    phone, call = Phone(ScriptClock()), _Ringing()
    page = phone.open_page()
    person = phone.ring(call)  # type: ignore[arg-type] # what a ring needs of a call
    assert person is not None
    person.do("answer", "")

    for _ in range(MOST_UNREAD):
        person.step(SILENCE)
    phone.close_page(page)

    assert page.dropped.is_set()
    assert not person.step(SILENCE).hang_up


async def test_a_page_that_is_closed_hangs_up() -> None:
    phone = Phone(ScriptClock())
    page = phone.open_page()
    person = phone.ring(_Ringing())  # type: ignore[arg-type] # as above
    assert person is not None
    person.do("answer", "")

    phone.close_page(page)

    assert person.step(SILENCE).hang_up


async def test_a_pick_is_used_once_and_told_to_every_page() -> None:
    phone = Phone(ScriptClock())
    pages = [phone.open_page(), phone.open_page()]

    phone.pick(SCENARIOS["busy"])

    assert [phone.take_pick("+14155550100"), phone.take_pick("+14155550100")] == [
        SCENARIOS["busy"],
        None,
    ]
    assert [await _events(page, 4) for page in pages] == [
        ["welcome", "picked", "picked", "taken"]
    ] * 2


async def test_a_pick_is_forgotten_with_the_last_page() -> None:
    phone = Phone(ScriptClock())
    page = phone.open_page()
    phone.pick(SCENARIOS["busy"])

    phone.close_page(page)

    assert phone.take_pick("+14155550100") is None


async def test_more_words_than_two_minutes_are_not_kept() -> None:
    phone = Phone(ScriptClock())
    page = phone.open_page()
    person = phone.ring(_Ringing())  # type: ignore[arg-type] # as above
    assert person is not None
    person.do("answer", "")

    for n in range(10):
        person.do("say", f"{n} " + "never ending talk " * 20)

    assert await _events(page, 5) == ["welcome", "picked", "ringing", "answered", "too_much"]


class _Form:
    to, from_ = "+14155550100", "+14155550199"


class _Ringing:
    """What the phone looks at in a call."""

    is_picked = False
    form = _Form()


async def _events(page: OpenPage, count: int) -> list[str]:
    """Read the next messages for a page."""
    async with asyncio.timeout(30):
        entries = [await page.next() for _ in range(count)]
    return [str(entry["event"]) for entry in entries if isinstance(entry, dict)]
