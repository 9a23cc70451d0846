"""Questions of a running call: put in the chat, answered by the person, or in vain."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from orchestrator.call_results import Cleaning, progress_from_proto
from orchestrator.calls import close_lapsed
from orchestrator.errors import InvalidInput
from orchestrator.store import Store, schema
from orchestrator.store.events import list_task_events
from ringback.v1 import call_results_pb2 as pb
from tests.fresh_file import fresh_database
from tests.integration.chat_rig import TALK, ChatRig, call_sid, running_chat, taken
from tests.integration.question_rig import FUNGHI, ask, asking_call
from tests.postgres import ScriptedDatabase
from tests.rig import NOW, JumpyClock
from tests.rows_rig import rows_of
from tests.rpc_rig import Stub

IN_CHAT = "Luigi's is waiting, and I need to know: They have no margherita. Shall I take a funghi?"
TOO_LATE = "That comes too late: they are not waiting for an answer any more."


@dataclass
class Setting:
    """A chat whose time the test moves."""

    chat: ChatRig
    clock: JumpyClock

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    clock = JumpyClock()
    store = await Store.open(fresh_database(tmp_path / "ringback.db"), clock)
    async with running_chat(store) as chat:
        yield Setting(chat, clock)
    await store.close()


async def last_words(chat: ChatRig, task_id: str) -> str:
    return str((await chat.show(task_id))["messages"][-1]["text"])


async def test_a_question_is_told_once_however_often_it_is_asked(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    before = (await chat.show(task_id))["question"]
    setting.pass_time(1)
    assert (await ask(chat, call_id, FUNGHI)).answer is None
    task = await chat.show(task_id)
    assert [message["text"] for message in task["messages"]].count(IN_CHAT) == 1
    assert task["question"] == before
    assert (before["question_id"], before["text"]) == ("q1", FUNGHI.text)
    assert before["until_at"] - before["asked_at"] == 30_000_000
    assert before["message_id"] == task["messages"][-1]["message_id"]


async def test_the_next_message_is_the_answer_and_goes_back_with_the_progress(
    setting: Setting,
) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    task = await chat.say(task_id, "Yes,\u202e funghi\x07 is fine. Cancel the cola")
    assert task["messages"][-1]["text"] == "Thank you, I am passing that on."
    assert task["question"] is None
    expected = pb.PersonAnswer(question_id="q1", text="Yes, funghi is fine. Cancel the cola")
    for _repeat in range(2):
        assert (await ask(chat, call_id, FUNGHI)).answer == expected
    assert task["form"]["items"] == [{"quantity": 1, "what": "large margherita"}]


async def test_a_wish_to_hang_up_is_no_answer(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    task = await chat.say(task_id, "please hang up")
    assert task["messages"][-1]["text"] == "I am ending the call."
    assert (await ask(chat, call_id, FUNGHI)).answer is None
    assert task["question"] is None


async def test_when_the_time_is_over_the_chat_says_so_once_and_takes_no_answer(
    setting: Setting,
) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    setting.pass_time(30)
    await asyncio.gather(close_lapsed(chat.store), close_lapsed(chat.store))
    assert await close_lapsed(chat.store) == 0
    task = await chat.show(task_id)
    told = "Nobody answered in time, so the call goes on without an answer."
    assert [message["text"] for message in task["messages"]].count(told) == 1
    assert task["question"] is None
    task = await chat.say(task_id, "yes")
    assert task["messages"][-1]["text"].startswith(TOO_LATE)
    assert (await ask(chat, call_id, FUNGHI)).answer is None


async def test_an_answer_after_the_limit_is_refused_before_anybody_has_noticed(
    setting: Setting,
) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    setting.pass_time(30)
    await chat.say(task_id, "yes")
    assert (await last_words(chat, task_id)).startswith(TOO_LATE)
    assert (await ask(chat, call_id, FUNGHI)).answer is None


async def test_an_answer_to_an_earlier_question_is_refused_with_words(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    await ask(chat, call_id, replace(FUNGHI, question_id="q2", text="Is 18 dollars all right?"))
    path = f"/api/tasks/{task_id}/messages"
    late = await chat.http.post(path, json={"text": "yes", "question_id": "q1"})
    assert late.status_code == 409
    assert late.json()["message"].startswith(TOO_LATE)
    good = await chat.http.post(path, json={"text": "no", "question_id": "q2"})
    assert good.status_code == 200
    assert [(await ask(chat, call_id, replace(FUNGHI, question_id=name))).answer is None
            for name in ("q1", "q2")] == [True, False]  # fmt: skip


async def test_a_call_that_is_over_waits_for_no_answer(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    await chat.finish(call_id, taken())
    path = f"/api/tasks/{task_id}/messages"
    answer = await chat.http.post(path, json={"text": "yes", "question_id": "q1"})
    assert (answer.status_code, (await chat.show(task_id))["question"]) == (409, None)
    setting.pass_time(60)
    await close_lapsed(chat.store)
    texts = [message["text"] for message in (await chat.show(task_id))["messages"]]
    assert not [text for text in texts if text.startswith("Nobody answered")]


async def test_two_windows_that_answer_at_once_give_one_answer(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    await asyncio.gather(chat.say(task_id, "take it"), chat.say(task_id, "leave it"))
    answer = (await ask(chat, call_id, FUNGHI)).answer
    assert answer is not None
    messages = (await chat.show(task_id))["messages"]
    thanked = next(place for place, message in enumerate(messages)
                   if message["text"] == "Thank you, I am passing that on.")  # fmt: skip
    assert messages[thanked - 1]["text"] == answer.text
    assert sum(message["text"].startswith("Thank you") for message in messages) == 1


async def test_a_stream_tells_how_a_question_goes_on(setting: Setting) -> None:
    chat = setting.chat
    task_id, call_id = await asking_call(chat)
    await chat.say(task_id, "yes")
    await ask(chat, call_id, replace(FUNGHI, question_id="q2"))
    setting.pass_time(30)
    await close_lapsed(chat.store)

    def read_states(connection: Connection) -> list[object]:
        events = list_task_events(connection, task_id, 0, 200)
        return [event.data["state"] for event in events if event.kind == "question"]

    assert await chat.store.read(read_states) == ["open", "answered", "open", "unanswered"]


async def test_a_question_travels_by_rpc_and_its_answer_comes_back(
    store: Store, stub: Stub
) -> None:
    async with running_chat(store) as chat:
        task_id, call_id = await chat.order()
        await chat.talk(call_id, *TALK)
        question = pb.PersonQuestion(question_id="q1", text="Funghi\x1b[2J\n instead?", wait_s=300)
        asking = pb.ReportProgressRequest(
            call_id=call_id, call_sid=call_sid(call_id), question=question
        )
        first = await stub.ReportProgress(asking, timeout=30)
        assert not first.HasField("answer")
        assert (await chat.show(task_id))["question"]["text"] == "Funghi [2J instead?"
        await chat.say(task_id, "yes")
        second = await stub.ReportProgress(asking, timeout=30)
        assert second.answer == pb.PersonAnswer(question_id="q1", text="yes")


async def test_the_question_of_somebody_elses_call_is_written_down_and_never_answered(
    store: Store, stub: Stub
) -> None:
    question = pb.PersonQuestion(question_id="q1", text="Funghi?", wait_s=1)
    asking = pb.ReportProgressRequest(call_sid="CA" + "7" * 32, question=question)
    for _repeat in range(2):
        answer = await stub.ReportProgress(asking, timeout=30)
        assert not answer.HasField("answer")
    (row,) = await rows_of(store, schema.question)
    assert (row["state"], row["message_id"]) == ("unanswered", None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wait_s", 0),
        ("wait_s", 301),
        ("text", ""),
        ("text", "a" * 501),
        ("question_id", ""),
        ("question_id", "a" * 65),
    ],
)
def test_a_question_that_breaks_a_rule_is_refused(field: str, value: object) -> None:
    question = pb.PersonQuestion(question_id="q1", text="Funghi?", wait_s=30)
    setattr(question, field, value)
    asking = pb.ReportProgressRequest(call_sid="CA" + "7" * 32, question=question)
    with pytest.raises(InvalidInput, match=f"question.{field}"):
        progress_from_proto(asking, Cleaning())


async def test_on_two_replicas_a_question_is_told_answered_and_given_up_once(
    postgres: ScriptedDatabase,
) -> None:
    postgres.set_clock(NOW)
    one, other = [await Store.open(postgres.url, JumpyClock()) for _replica in range(2)]
    async with running_chat(one) as here, running_chat(other) as there:
        task_id, call_id = await asking_call(here)
        await asyncio.gather(ask(here, call_id, FUNGHI), ask(there, call_id, FUNGHI))
        await there.say(task_id, "yes")
        answer = (await ask(here, call_id, FUNGHI)).answer
        assert answer == pb.PersonAnswer(question_id="q1", text="yes")
        second = replace(FUNGHI, question_id="q2")
        await asyncio.gather(ask(here, call_id, second), ask(there, call_id, second))
        postgres.set_clock(NOW + timedelta(seconds=30))
        await asyncio.gather(close_lapsed(one), close_lapsed(other))
        texts = [message["text"] for message in (await here.show(task_id))["messages"]]
        assert texts.count(IN_CHAT) == 2
        assert texts.count("Nobody answered in time, so the call goes on without an answer.") == 1
    await one.close()
    await other.close()
