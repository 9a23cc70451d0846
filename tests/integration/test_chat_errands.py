"""Whole conversations about other errands than the pizza: an appointment, and one never seen."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator import errands
from orchestrator.calls import CallOrder, order_of
from orchestrator.calls.orders import order_message
from orchestrator.errands import ERRANDS, find_errands
from orchestrator.store import Store
from orchestrator.store.calls import CallRow, read_call
from ringback.v1 import call_results_pb2 as pb
from tests.integration.chat_rig import HELLO, ChatRig, running_chat
from tests.integration.test_chat import wait_for_message

HAIRCUT = (
    "An appointment for a haircut at +1 415 555 0140, Tuesday afternoon. I'm Ada, 415 555 0123. "
    "If nobody answers, leave a message."
)
# All that there is of a third errand.
LOST_PROPERTY = '''
"""The errand "ask whether they have found what I lost"."""

import json

from orchestrator.errands.errand import DeclaredFact, Errand, FieldKind, FieldSpec, always
from orchestrator.errands.wording import VOICEMAIL, message_after_beep

ERRAND = Errand(
    name="lost_property",
    noun="enquiry",
    taken="have found it",
    again="ask again",
    offer="ask for something that you lost",
    example="I lost my umbrella at Golden Wok",
    patterns=(r"\\blost\\b",),
    fields=(
        FieldSpec("thing", FieldKind.SUBJECT, "Thing", "What did you lose?",
                  cue=r"(?:I|we) (?:have )?lost"),
        FieldSpec("place", FieldKind.SHOP, "Where", "Where did you lose it?", cue="at"),
        FieldSpec("phone", FieldKind.SHOP_NUMBER, "Their number", "What is their number?"),
        FieldSpec("day", FieldKind.TIMES, "When", "When was that?"),
        FieldSpec("owner", FieldKind.PERSON_NAME, "Name", "Who has lost it?"),
        FieldSpec("mobile", FieldKind.CALLBACK_NUMBER, "Your number", "How can they reach you?"),
        VOICEMAIL,
    ),
    facts=(
        DeclaredFact("shelf", "The number under which they keep it.", True, 3, "Shelf"),
        DeclaredFact("pick_up_day", "The day it can be fetched.", False, 4, "From"),
    ),
    read_back=lambda form: f"I will ask {form.get('place')} for {form.get('thing')}.",
    details=lambda form: {"customer_name": form.get("owner"), "thing": form.get("thing")},
    instructions=lambda details: "Say that you are an AI assistant. Data: " + json.dumps(details),
    next_step=lambda form: f"Go and fetch {form.get('thing')}.",
    voicemail_message=lambda form: message_after_beep(
        form.get("owner"), f"to have {form.get('thing')} back", form.get("mobile")),
)
'''


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store) as rig:
        yield rig


@pytest.fixture
def lost_property(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put one more file into the folder of errands, and nothing else anywhere."""
    (tmp_path / "lost_property.py").write_text(LOST_PROPERTY)
    monkeypatch.setattr(errands, "__path__", [*errands.__path__, str(tmp_path)])
    found = find_errands(errands.__path__)
    assert list(found) == ["food_order", "appointment", "lost_property"]
    monkeypatch.setitem(ERRANDS, "lost_property", found["lost_property"])


async def read_row(chat: ChatRig, call_id: str) -> CallRow:
    row = await chat.store.read(lambda connection: read_call(connection, call_id))
    assert row is not None
    return row


async def order_for(chat: ChatRig, call_id: str) -> CallOrder:
    return order_of(await read_row(chat, call_id))


def agreed(*facts: tuple[str, str]) -> pb.CallResult:
    """Build the result of a call in which the callee agreed to these facts."""
    result = pb.CallResult(
        status=pb.CALL_STATUS_COMPLETED,
        end_reason=pb.END_REASON_AGENT_HUNG_UP,
        outcome=pb.OUTCOME_SUCCEEDED,
        transcript_complete=True,
        report_id="handler-1",
    )
    result.transcript.add(role=HELLO[0], text=HELLO[1])
    for name, value in facts:
        result.facts.add(name=name, value=value, evidence_turns=[0])
    return result


async def test_an_appointment_is_made_from_the_first_word_to_the_result(chat: ChatRig) -> None:
    task_id, call_id = await chat.order(HAIRCUT)
    task = await chat.show(task_id)
    assert (task["errand"], task["state"], task["missing"]) == ("appointment", "calling", [])
    order = await order_for(chat, call_id)
    assert order.details == {
        "customer_name": "Ada",
        "purpose": "a haircut",
        "wished_times": "Tuesday afternoon",
        "callback_number": "+14155550123",
    }
    assert (order.to_number, order.callee) == ("+14155550140", "+1 415-555-0140")
    facts = (("appointment_time", "3:30 pm"), ("appointment_day", "Tuesday"))
    await chat.finish(call_id, agreed(*facts))
    text = await wait_for_message(chat, task_id, "Done: ")
    assert text == (
        "Done: +1 415-555-0140 made the appointment. Day: Tuesday. Time: 3:30 pm. "
        "It is under the name Ada."
    )
    view = (await chat.show(task_id))["calls"][0]["view"]
    assert [fact["label"] for fact in view["result"]["facts"]] == ["Day", "Time"]


async def test_the_claim_carries_what_to_do_with_a_voicemail(chat: ChatRig) -> None:
    _task_id, call_id = await chat.order(HAIRCUT)
    message = order_message(await read_row(chat, call_id), 600)
    assert message.voicemail_policy == pb.VOICEMAIL_POLICY_LEAVE_MESSAGE
    assert message.voicemail_message.startswith(
        "Hello, I am an AI assistant calling on behalf of Ada, who would like an appointment for "
        "a haircut, Tuesday afternoon. Please call back on +1 415-555-0123."
    )
    assert [(fact.name, fact.kind) for fact in message.facts if fact.required] == [
        ("appointment_day", pb.FACT_KIND_DAY),
        ("appointment_time", pb.FACT_KIND_TIME),
    ]


async def test_another_errand_of_the_conversation_keeps_the_person_and_nothing_else(
    chat: ChatRig,
) -> None:
    task_id, call_id = await chat.order(HAIRCUT)
    await chat.finish(call_id, agreed(("appointment_day", "Tuesday")))
    await wait_for_message(chat, task_id, "Done: ")
    task = await chat.say(task_id, "now order me a calzone for pick-up")
    assert (task["errand"], task["missing"]) == ("food_order", ["shop", "number"])
    assert task["form"]["name"] == "Ada"
    task = await chat.say(task_id, "Luigi's")
    assert task["state"] == "confirming"
    task = await chat.say(task_id, "yes")
    assert [call["view"]["callee"] for call in task["calls"]] == ["+1 415-555-0140", "Luigi's"]
    assert task["calls"][1]["view"]["try_number"] == 1


async def test_the_next_appointment_is_asked_for_anew(chat: ChatRig) -> None:
    task_id, call_id = await chat.order(HAIRCUT)
    await chat.finish(call_id, agreed(("appointment_day", "Tuesday")))
    await wait_for_message(chat, task_id, "Done: ")
    task = await chat.say(task_id, "another appointment, for a beard trim")
    assert task["messages"][-1]["text"].startswith("This would be a new appointment. When would it")
    assert task["missing"] == ["wished_times"]


@pytest.mark.usefixtures("lost_property")
async def test_a_new_errand_needs_one_file_and_no_other_change(chat: ChatRig) -> None:
    task_id = await chat.start()
    greeting = (await chat.show(task_id))["messages"][0]["text"]
    assert "or ask for something that you lost" in greeting
    task = await chat.say(task_id, "I lost my umbrella at Mario's yesterday")
    assert (task["errand"], task["missing"]) == (
        "lost_property",
        ["phone", "day", "owner", "mobile"],
    )
    await chat.say(task_id, "+1 415 555 0142")
    await chat.say(task_id, "on Monday evening")
    await chat.say(task_id, "Ada, my number is 415 555 0123")
    task = await chat.say(task_id, "leave a message if nobody answers")
    assert task["messages"][-1]["text"] == (
        "I have changed that. Please check: I will ask Mario's for my umbrella. "
        "If a voicemail answers, I will leave a short message. Shall I call now?"
    )
    task = await chat.say(task_id, "yes")
    (call,) = task["calls"]
    assert (call["view"]["callee"], call["to_number"]) == ("Mario's", "+14155550142")
    order = await order_for(chat, call["call_id"])
    assert order.details == {"customer_name": "Ada", "thing": "my umbrella"}
    assert "who would like to have my umbrella back." in order.voicemail_message
    await chat.finish(call["call_id"], agreed(("pick_up_day", "today"), ("shelf", "42")))
    assert await wait_for_message(chat, task_id, "Done: ") == (
        "Done: Mario's have found it. Shelf: 42. From: today. Go and fetch my umbrella."
    )


@pytest.mark.usefixtures("lost_property")
async def test_the_page_greets_with_every_errand(chat: ChatRig) -> None:
    page = (await chat.http.get("/")).text
    assert "ask for something that you lost" in page
    assert json.dumps("I lost my umbrella at Golden Wok")[1:-1] in page
