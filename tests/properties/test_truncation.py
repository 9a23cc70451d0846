"""Interruptions at any time, on slow ways, in any pace: the model is told what was really heard.

A carrier that plays 20 ms at a time is the oracle: it knows each item by the bytes of its sound.
"""

import base64
import json
import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from call_handler.realtime import AudioDelta
from tests.unit.call_handler.dialogue_rig import Talk

GOAL_MS = 25
"""A frame, and what marks within one leave open; the promise is 40."""
SILENCE = 0xFF
STEPS = 1_500
LINES = 5
Message = Mapping[str, object]


class Ear:
    """The carrier's queue and what was played of it, by item: its bytes are its number."""

    def __init__(self) -> None:
        self.queue: deque[bytes | str] = deque()
        self.heard: Counter[int] = Counter()
        self.cleared: set[int] = set()
        self.stale = 0

    def take(self, message: Message) -> list[str]:
        """Take a message. Returns: marks that come back at once."""
        match message["event"]:
            case "media":
                media = message["media"]
                assert isinstance(media, dict)
                self.queue.append(base64.b64decode(media["payload"]))
            case "mark":
                mark = message["mark"]
                assert isinstance(mark, dict)
                if not self.queue:
                    return [mark["name"]]
                self.queue.append(mark["name"])
            case "clear":
                gone, self.queue = self.queue, deque()
                self.cleared.update(entry[0] for entry in gone if isinstance(entry, bytes))
                return [entry for entry in gone if isinstance(entry, str)]
        return []

    def play(self) -> list[str]:
        """Play 20 ms. Returns: the marks that were reached."""
        marks, left = [], 160
        while self.queue:
            entry = self.queue.popleft()
            if isinstance(entry, str):
                marks.append(entry)
                continue
            if left == 0:
                self.queue.appendleft(entry)
                break
            played, rest = entry[:left], entry[left:]
            left -= len(played)
            self.heard[played[0]] += len(played)
            self.stale += played[0] in self.cleared
            if rest:
                self.queue.appendleft(rest)
        return marks


@dataclass
class Way:
    """One direction of a connection: nothing overtakes, and it takes its time.

    What is sent together arrives together: it travels in one packet.
    """

    dice: random.Random
    most_steps: int
    under_way: deque[tuple[int, Message]] = field(default_factory=deque)

    def put(self, step: int, *messages: Message) -> None:
        earliest = self.under_way[-1][0] if self.under_way else 0
        due = step + self.dice.randint(self.most_steps // 2, self.most_steps)
        self.under_way.extend((max(earliest, due), message) for message in messages)

    def take(self, step: int) -> list[Message]:
        taken = []
        while self.under_way and self.under_way[0][0] <= step:
            taken.append(self.under_way.popleft()[1])
        return taken


class Line:
    """A dialogue between a model that speaks in bursts and a callee who interrupts it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's
        self.talk = Talk()
        self.ear = Ear()
        self.to_us = Way(self.dice, self.dice.choice([0, 1, 3, 8]))
        self.to_carrier = Way(self.dice, self.dice.choice([0, 1, 3, 8]))
        self.frame_ms = self.dice.choice([20, 20, 1, 7])  # what deltas are multiples of
        self.items = 0
        self.sent: Counter[int] = Counter()
        self.left: list[int] = []  # lengths of the deltas to come of the running answer
        self.errors_ms: list[float] = []
        self.rejected = 0

    def run(self) -> None:
        for step in range(STEPS):
            self._carrier(step)
            for message in self.to_us.take(step):
                self._hear(message)
            self._model()
            self.to_carrier.put(step, *self.talk.to_carrier())
            self._judge()

    def _carrier(self, step: int) -> None:
        marks = [mark for message in self.to_carrier.take(step) for mark in self.ear.take(message)]
        reached = self.ear.play()
        for name in marks:
            self.to_us.put(step, {"mark": name})
        self.to_us.put(step, {"media": step * 20})
        for name in reached:
            self.to_us.put(step, {"mark": name})

    def _hear(self, message: Message) -> None:
        if "mark" in message:
            self.talk.mark(str(message["mark"]))
        else:
            self.talk.at(int(str(message["media"])))

    def _model(self) -> None:
        if self.talk.dialogue.floor.responses.active_id is None and self.dice.random() < 0.1:
            self._begin()
        while self.left and self.dice.random() < 0.6:
            self._speak(self.left.pop(0))
        if self.left == [] and self.talk.dialogue.floor.responses.active_id is not None:
            self.talk.response_ends(f"resp_{self.items}")
        if self.items and self.dice.random() < 0.02:
            self._interrupt()

    def _begin(self) -> None:
        self.items += 1
        self.talk.response_begins(f"resp_{self.items}")
        most = self.dice.choice([20, 200, 1_000])
        count = self.dice.randint(1, 3_000 // most)
        self.left = [
            max(1, self.dice.randint(1, most) // self.frame_ms) * self.frame_ms
            for _ in range(count)
        ]

    def _speak(self, ms: int) -> None:
        number = self.items
        self.sent[number] += ms
        payload = base64.b64encode(bytes([number]) * (8 * ms)).decode()
        delta = AudioDelta(f"resp_{number}", f"item_{number}", 0, payload)
        self.talk.dialogue.take_audio(delta)

    def _interrupt(self) -> None:
        talk = self.talk
        talk.callee_says("And what else would you like?", f"item_c{self.dice.random()}")
        if talk.dialogue.floor.responses.active_id is not None:
            self.left = []
            talk.response_ends(f"resp_{self.items}", "cancelled")

    def _judge(self) -> None:
        for text in self.talk.dialogue.outgoing.take_for_model():
            event = json.loads(text)
            if event["type"] == "conversation.item.truncate":
                number = int(event["item_id"].removeprefix("item_"))
                self.rejected += event["audio_end_ms"] > self.sent[number]
                self.errors_ms.append(event["audio_end_ms"] - self.ear.heard[number] / 8)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    lines = [Line(seed) for seed in range(LINES)]
    for line in lines:
        line.run()
    return lines


def test_hundreds_of_interruptions_are_exact_whatever_the_delay(lines: list[Line]) -> None:
    errors_ms = [error for line in lines for error in line.errors_ms]
    assert len(errors_ms) >= 200
    assert max(map(abs, errors_ms)) <= GOAL_MS


def test_no_truncate_is_longer_than_the_audio(lines: list[Line]) -> None:
    assert [line.rejected for line in lines] == [0] * LINES


def test_nothing_of_a_cleared_item_is_played(lines: list[Line]) -> None:
    assert [line.ear.stale for line in lines] == [0] * LINES
