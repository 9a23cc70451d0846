"""The chat API against a real store: conversations, confirms, results, bad input."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from orchestrator.calls import order_of
from orchestrator.store import Store
from orchestrator.store.calls import read_call
from ringback.v1 import call_results_pb2 as pb
from tests.integration.chat_rig import (
    ORDER,
    TALK,
    ChatRig,
    busy,
    running_chat,
    taken,
)


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store) as rig:
        yield rig


async def wait_for_message(chat: ChatRig, task_id: str, start: str) -> str:
    """Wait until the assistant has said something that begins so."""
    async with asyncio.timeout(30):
        while True:
            newest = await chat.store.newest_event()
            texts = [message["text"] for message in (await chat.show(task_id))["messages"]]
            found = [text for text in texts if text.startswith(start)]
            if found:
                return str(found[-1])
            await chat.store.wait_for_events(newest, 5)


async def test_a_conversation_begins_with_the_greeting_and_an_empty_form(chat: ChatRig) -> None:
    answer = await chat.http.post("/api/tasks", json={})
    task = answer.json()
    assert answer.status_code == 201
    assert [message["role"] for message in task["messages"]] == ["assistant"]
    assert task["state"] == "collecting"
    assert task["missing"] == ["items", "shop", "number", "delivery", "name", "callback_number"]
    assert task["can_confirm"] is False


async def test_one_message_can_hold_the_whole_order(chat: ChatRig) -> None:
    task = await chat.say(await chat.start(), ORDER)
    assert task["state"] == "confirming"
    assert task["can_confirm"] is True
    assert task["missing"] == []
    assert task["form"] == {
        "items": [{"quantity": 1, "what": "large margherita"}],
        "order": "one large margherita",
        "shop": "Luigi's",
        "number": "+14155550100",
        "delivery": "pick-up",
        "name": "Ada",
        "callback_number": "+14155550123",
    }


async def test_confirming_twice_is_one_call(chat: ChatRig) -> None:
    task_id = await chat.start()
    await chat.say(task_id, ORDER)
    path, key = f"/api/tasks/{task_id}/confirm", {"Idempotency-Key": "one"}
    first, second, third = await asyncio.gather(
        *(chat.http.post(path, json={}, headers=headers) for headers in (key, key, {}))
    )
    assert {first.status_code, second.status_code, third.status_code} == {202}
    assert first.json() == second.json() == third.json()
    assert first.json()["attempt"] == 1
    task = await chat.show(task_id)
    assert len(task["calls"]) == 1
    assert task["state"] == "calling"


async def test_a_yes_in_words_places_the_call(chat: ChatRig) -> None:
    task_id = await chat.start()
    await chat.say(task_id, ORDER)
    task = await chat.say(task_id, "yes, call now")
    assert task["messages"][-1]["text"] == "I am calling Luigi's now."
    assert [call["to_number"] for call in task["calls"]] == ["+14155550100"]


async def test_the_call_carries_the_details_as_data_and_waits_to_be_dialled(
    chat: ChatRig,
) -> None:
    _task_id, call_id = await chat.order()
    row = await chat.store.read(lambda connection: read_call(connection, call_id))
    assert row is not None
    order = order_of(row)
    assert order.details == {
        "customer_name": "Ada",
        "order": "one large margherita",
        "callback_number": "+14155550123",
        "delivery": "pick-up",
        "shop": "Luigi's",
    }
    data = order.instructions.partition("<<<ORDER DATA\n")[2].partition("\nORDER DATA>>>")[0]
    assert json.loads(data) == order.details
    assert [fact.name for fact in order.facts if fact.required] == ["total_price", "ready_time"]
    view = (await chat.http.get(f"/api/calls/{call_id}")).json()["view"]
    assert [step["state"] for step in view["steps"]] == ["now", "todo", "todo", "todo"]


async def test_an_incomplete_order_cannot_be_confirmed(chat: ChatRig) -> None:
    task_id = await chat.start()
    await chat.say(task_id, "A large margherita from Luigi's")
    answer = await chat.http.post(f"/api/tasks/{task_id}/confirm", json={})
    assert answer.status_code == 409
    assert answer.json()["message"] == "still missing: delivery, name, callback_number"


async def test_a_number_that_opted_out_is_told_before_the_call_and_places_none(
    chat: ChatRig,
) -> None:
    _task, call_id = await chat.order()
    result = taken(with_facts=False)
    result.end_reason, result.outcome = pb.END_REASON_OPT_OUT, pb.OUTCOME_REFUSED
    await chat.finish(call_id, result)
    task = await chat.say(await chat.start(), ORDER)
    assert task["messages"][-1]["text"].startswith(
        "Luigi's (+1 415-555-0100) asked not to be called again, so I cannot call them."
    )
    assert not task["can_confirm"]
    task = await chat.say(task["task_id"], "yes")
    assert "asked not to be called again" in task["messages"][-1]["text"]
    assert task["calls"] == []
    task = await chat.say(task["task_id"], "then Busy Bee Burgers")
    assert task["messages"][-1]["text"].endswith("Shall I call now?")


async def test_the_result_is_told_in_plain_words_once(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await chat.finish(call_id, taken())
    text = await wait_for_message(chat, task_id, "Done: ")
    assert text == (
        "Done: Luigi's took the order. Price: 14.50. Ready: in 20 minutes. "
        "Collect it under the name Ada."
    )
    await chat.finish(call_id, taken())
    provider = busy()
    provider.status, provider.report_id = pb.CALL_STATUS_COMPLETED, "provider-1"
    provider.duration = 66
    provider.ClearField("end_reason")
    provider.ClearField("outcome")
    await chat.finish(call_id, provider)
    next_task, next_call = await chat.order("2 colas from Luigi's, pick-up, Bob, 415 555 0124")
    await chat.finish(next_call, busy())
    await wait_for_message(chat, next_task, "The line of Luigi's was busy.")
    texts = [message["text"] for message in (await chat.show(task_id))["messages"]]
    assert sum(text.startswith(("Done: ", "An update")) for text in texts) == 1


async def test_a_better_report_is_told_as_an_update(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    lost = pb.CallResult(
        status=pb.CALL_STATUS_COMPLETED,
        end_reason=pb.END_REASON_HANDLER_LOST,
        outcome=pb.OUTCOME_FOLLOW_UP,
        source=pb.SOURCE_PROVIDER,
        report_id="provider-1",
    )
    await chat.finish(call_id, lost)
    first = await wait_for_message(chat, task_id, "I reached Luigi's")
    assert "Please check with them (+1 415-555-0100) before you order again." in first
    await chat.finish(call_id, taken())
    assert await wait_for_message(chat, task_id, "An update: Done: Luigi's took the order.")


async def test_a_busy_line_is_called_again_only_on_the_persons_word(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.finish(call_id, busy())
    await wait_for_message(chat, task_id, "The line of Luigi's was busy. Shall I try again?")
    task = await chat.show(task_id)
    assert task["can_call_again"] is True
    assert len(task["calls"]) == 1
    task = await chat.say(task_id, "try again")
    assert [call["attempt"] for call in task["calls"]] == [1, 2]
    assert task["messages"][-1]["text"] == "I am calling Luigi's again now."

    assert [call["view"]["try_number"] for call in task["calls"]] == [1, 2]


async def test_another_order_of_the_conversation_is_no_second_try(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.finish(call_id, busy())
    await wait_for_message(chat, task_id, "The line of Luigi's was busy.")
    await chat.say(task_id, "two colas from Busy Bee Burgers instead")
    task = await chat.say(task_id, "yes")
    assert [call["attempt"] for call in task["calls"]] == [1, 2]
    assert [call["view"]["try_number"] for call in task["calls"]] == [1, 1]
    assert "(try" not in (await chat.http.get("/calls")).text


async def test_the_same_order_after_one_that_was_taken_is_no_second_try(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.finish(call_id, taken())
    await wait_for_message(chat, task_id, "Done: ")
    await chat.say(task_id, "call again")
    task = await chat.say(task_id, "yes")
    assert [call["view"]["try_number"] for call in task["calls"]] == [1, 1]


async def test_an_order_that_was_taken_is_not_repeated_by_a_yes(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.finish(call_id, taken())
    await wait_for_message(chat, task_id, "Done: ")
    assert len((await chat.say(task_id, "yes"))["calls"]) == 1
    task = await chat.say(task_id, "call again")
    assert len(task["calls"]) == 1
    assert task["messages"][-1]["text"].startswith("This would be a second order. Please check:")


async def test_a_call_that_is_not_dialled_yet_can_be_cancelled(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    answer = await chat.http.post(f"/api/calls/{call_id}/cancel", json={})
    assert (answer.status_code, answer.json()["state"]) == (202, "final")
    assert (await chat.show(task_id))["results"][0]["end_reason"] == "END_REASON_CANCELED"


async def test_hang_up_in_words_ends_the_running_call(chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await chat.say(task_id, "hang up")
    view = (await chat.http.get(f"/api/calls/{call_id}")).json()["view"]
    assert view["is_ending"] is True


async def test_nothing_changes_while_the_call_runs(chat: ChatRig) -> None:
    task_id, _call_id = await chat.order()
    task = await chat.say(task_id, "make it two")
    assert task["form"]["items"] == [{"quantity": 1, "what": "large margherita"}]
    assert task["messages"][-1]["text"].startswith("I am on this call right now")


async def test_two_windows_writing_at_once_lose_no_message(chat: ChatRig) -> None:
    task_id = await chat.start()
    await asyncio.gather(*(chat.say(task_id, f"I am number {count}") for count in range(4)))
    roles = [message["role"] for message in (await chat.show(task_id))["messages"]]
    assert roles.count("person") == 4
    assert roles.count("assistant") == 5


async def test_a_long_conversation_is_refused_not_stored(
    chat: ChatRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.conversation.chat.MOST_MESSAGES", 3)
    task_id = await chat.start()
    await chat.say(task_id, "hi")
    answer = await chat.http.post(f"/api/tasks/{task_id}/messages", json={"text": "hi"})
    assert answer.status_code == 429
    assert len((await chat.show(task_id))["messages"]) == 3


async def test_the_calls_are_listed_newest_first(chat: ChatRig) -> None:
    ids = [(await chat.order())[1] for _count in range(3)]
    listed = (await chat.http.get("/api/calls?limit=2")).json()["calls"]
    assert [call["call_id"] for call in listed] == [ids[2], ids[1]]
