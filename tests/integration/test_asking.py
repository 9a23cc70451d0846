"""The agent's questions to the person, through the bridge: the call goes on meanwhile."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from call_handler.bridge import Signals
from call_handler.outcome import EndKind
from tests.integration.bridge_rig import STOP, Rig, frame


def asks(text: str) -> Sequence[Mapping[str, object]]:
    """Say what the model sends when it asks the person something."""
    arguments = json.dumps({"question": text})
    call = {"type": "function_call", "status": "completed", "call_id": "call_1"}
    item = {**call, "name": "ask_person", "arguments": arguments}
    return (
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.done", "response": {"id": "resp_1", "status": "completed"}},
    )


async def test_the_persons_answer_goes_to_the_model_while_the_call_goes_on() -> None:
    questions: list[str] = []
    answered = asyncio.Event()

    async def person(question: str) -> str:
        questions.append(question)
        await answered.wait()
        return "Large"

    rig = Rig(signals=Signals(ask_person=person))
    rig.gate.set()
    rig.model.put(*asks("Which size?"))
    running = asyncio.create_task(rig.run())
    while not questions:
        await asyncio.wait({running}, timeout=0.001)
    rig.carrier.put(frame(0), frame(1))
    await rig.model.wait_for(2)  # sound goes on
    answered.set()
    await rig.model.wait_for(4)
    rig.carrier.put(STOP)
    await running
    output, create = rig.model.sent[2:]
    assert questions == ["Which size?"]
    assert json.loads(str(output["item"]["output"]))["answer"] == "Large"  # type: ignore[index]  # an object
    assert create["type"] == "response.create"


async def test_a_person_who_cannot_be_asked_has_not_answered() -> None:
    async def person(question: str) -> str:
        raise ValueError(question)

    rig = Rig(signals=Signals(ask_person=person))
    rig.gate.set()
    rig.model.put(*asks("Which size?"))
    running = asyncio.create_task(rig.run())
    await rig.model.wait_for(2)
    rig.carrier.put(STOP)
    await running
    assert json.loads(str(rig.model.sent[0]["item"]["output"]))["answer"] == ""  # type: ignore[index]  # an object


async def test_a_call_that_ends_waits_for_no_answer() -> None:
    before, is_asked = asyncio.all_tasks(), asyncio.Event()

    async def person(question: str) -> str:
        del question
        is_asked.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    rig = Rig(signals=Signals(ask_person=person))
    rig.gate.set()
    rig.model.put(*asks("Which size?"))
    running = asyncio.create_task(rig.run())
    await is_asked.wait()
    rig.carrier.put(STOP)
    end = await running
    assert end.kind is EndKind.CALLEE_HUNG_UP
    assert (end.turns[-1].tool.name, end.turns[-1].tool.output) == ("ask_person", "")
    assert asyncio.all_tasks() == before
