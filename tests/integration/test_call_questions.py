"""`ringback call` puts the agent's question to the person at the terminal and sends the line."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from ringback_cli.questions import Answerer, LineSource
from tests.integration.chat_rig import ChatRig, Json, running_chat
from tests.integration.question_rig import FUNGHI, ask, asking_call

NEVER = threading.Event()


class Terminal:
    """The person's side: what is shown, and a line to type."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.reader = os.fdopen(reading)
        self.source = LineSource(stream=self.reader)
        self.shown: list[tuple[str, str]] = []
        self._came = threading.Condition()

    def say(self, who: str, text: str) -> None:
        with self._came:
            self.shown.append((who, text))
            self._came.notify_all()

    def type(self, text: str) -> None:
        os.write(self._writing, text.encode())

    def type_no_more(self) -> None:
        os.close(self._writing)
        self._writing = -1

    def close(self) -> None:
        if self._writing >= 0:
            os.close(self._writing)
        self.reader.close()

    async def wait_for(self, who: str) -> str:
        def look() -> str:
            with self._came:
                assert self._came.wait_for(lambda: any(who == one for one, _ in self.shown), 10)
                return next(text for one, text in self.shown if one == who)

        return await asyncio.to_thread(look)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    shown = Terminal()
    yield shown
    shown.close()


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store, on_port=True) as rig:
        yield rig


async def open_question(chat: ChatRig, task_id: str) -> Json:
    question: Json = (await chat.show(task_id))["question"]
    return question


async def wait_for_answer(chat: ChatRig, call_id: str) -> pb.PersonAnswer:
    async with asyncio.timeout(30):
        while True:
            newest = await chat.store.newest_event()
            answer = (await ask(chat, call_id, FUNGHI)).answer
            if answer is not None:
                return answer
            await chat.store.wait_for_events(newest, 5)


async def test_the_line_that_the_person_types_is_the_answer(
    chat: ChatRig, terminal: Terminal
) -> None:
    task_id, call_id = await asking_call(chat)
    answerer = Answerer(f"{chat.url}/api/tasks/{task_id}", terminal.say, terminal.source)
    answerer.take(await open_question(chat, task_id))
    put = await terminal.wait_for("question")
    assert put.startswith(f"{FUNGHI.text} (answer within 30 s; ")
    assert put.endswith("no card data)")
    terminal.type("take the funghi\nand more\n")
    assert (await wait_for_answer(chat, call_id)).text == "take the funghi"
    answerer.close()
    assert terminal.source.read_line(0.0, NEVER) == "and more"


async def test_an_answer_that_comes_too_late_is_refused_with_the_servers_words(
    chat: ChatRig, terminal: Terminal
) -> None:
    task_id, call_id = await asking_call(chat)
    question = await open_question(chat, task_id)
    await chat.say(task_id, "no")
    answerer = Answerer(f"{chat.url}/api/tasks/{task_id}", terminal.say, terminal.source)
    terminal.type("yes\n")
    answerer.take(question)
    assert "That comes too late" in await terminal.wait_for("ringback")
    assert (await wait_for_answer(chat, call_id)).text == "no"
    answerer.close()


def test_a_prepared_answer_is_given_once_where_nobody_sits(terminal: Terminal) -> None:
    source = LineSource("no allergies", terminal.reader)
    assert source.read_line(0.0, NEVER) == "no allergies"
    assert source.read_line(0.0, NEVER) is None


def test_nobody_waits_longer_than_the_limit_or_for_a_closed_input(terminal: Terminal) -> None:
    assert terminal.source.read_line(0.0, NEVER) is None
    terminal.type("half a line")
    terminal.type_no_more()
    assert terminal.source.read_line(60.0, NEVER) is None


def test_a_question_that_is_over_is_asked_no_more(terminal: Terminal) -> None:
    answerer = Answerer("http://127.0.0.1:9", terminal.say, terminal.source)
    question: Json = {"question_id": "q1", "text": "Yes?", "asked_at": 0, "until_at": 60_000_000}
    answerer.take(question | {"state": "open"})
    answerer.take(question | {"state": "unanswered"})
    assert terminal.shown[1:] == [("ringback", "nobody answered in time")]
    answerer.close()
