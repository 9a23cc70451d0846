"""Whole conversations with the sandbox model, against the openai SDK's own types and client.

The SDK takes half a second to import: each worker would spend it just to list the tests.
"""

import pytest
from pydantic import TypeAdapter

from sandbox.callees import Actor
from sandbox.callees.wordings import CONFIRMATION
from sandbox.scenarios import SCENARIOS
from tests.integration.sandbox_model_relay import Books, Relay, opened_line, running_model

# One of each kind over the wire; that every script fits is shown without one.
_SPOKEN = (
    "callee_asks_back",
    "callee_interrupts_constantly",
    "model_fails_once",
    "socket_lost",
)


async def _played(name: str, books: Books) -> Relay:
    async with running_model(name, books) as model, opened_line(model) as line:
        await line.configure()
        return await Relay(line, SCENARIOS[name].answer()).run()


async def test_order_taken_ends_with_both_facts_and_the_end_of_the_call() -> None:
    relay = await _played("order_taken", Books())
    assert relay.tools == [
        ("record_fact", {"name": "total_price", "value": "14.50", "quote": CONFIRMATION}),
        ("record_fact", {"name": "ready_time", "value": "20 minutes", "quote": CONFIRMATION}),
        ("end_call", {"reason": "done"}),
    ]
    assert relay.ended_by == "agent"
    assert 15_000 <= relay.media_ms <= 30_000


async def test_the_first_sentence_discloses_the_assistant_and_its_customer() -> None:
    relay = await _played("order_taken", Books())
    assert "AI assistant calling on behalf of Ana Kim" in relay.agent_said[0]
    assert "one large margherita" in relay.agent_said[0]


@pytest.mark.parametrize("name", _SPOKEN)
async def test_a_scenario_reaches_what_it_must(name: str) -> None:
    books = Books()
    relay = await _played(name, books)
    closed = books.of("model_session_closed")[0]
    assert closed["unreached"] == []
    assert isinstance(relay.callee, Actor)
    assert relay.callee.left_over == []
    assert relay.ended_by


async def test_a_corrected_price_is_recorded_last() -> None:
    relay = await _played("price_corrected", Books())
    prices = [facts["value"] for tool, facts in relay.tools if facts.get("name") == "total_price"]
    assert prices == ["14.50", "16.50"]


async def test_no_frame_of_the_callee_is_lost_or_unknown_on_the_way() -> None:
    books = Books()
    await _played("callee_asks_back", books)
    heard = books.of("model_heard")
    assert [line["text"] for line in heard][:2] == [
        "Mamma Rosa, hello?",
        "For pick-up or delivery?",
    ]
    assert [(line["lost_frames"], line["unknown_frames"]) for line in heard] == [(0, 0)] * 4


@pytest.mark.parametrize("name", ["callee_interrupts", "model_fails_once"])
async def test_the_sdk_types_accept_every_event_of_a_conversation(name: str) -> None:
    from openai.types.realtime import RealtimeServerEvent  # noqa: PLC0415 - slow, see above

    relay = await _played(name, Books())
    adapter: TypeAdapter[RealtimeServerEvent] = TypeAdapter(RealtimeServerEvent)
    for event in relay.line.events:
        adapter.validate_python(event)
    assert len(relay.line.events) > 100


async def test_the_sdk_client_works_against_it_unchanged() -> None:
    from openai import AsyncOpenAI  # noqa: PLC0415 - slow, see above

    async with running_model("order_taken") as model:
        base_url = f"http://127.0.0.1:{model.port}/v1"
        async with (
            AsyncOpenAI(api_key="x", base_url=base_url) as client,
            client.realtime.connect(model="gpt-realtime-2.1") as connection,
        ):
            created = await connection.recv()
            await connection.session.update(
                session={"type": "realtime", "instructions": "Be brief."}
            )
            updated = await connection.recv()
            await connection.response.create()
            types = [created.type, updated.type]
            async for event in connection:
                types.append(event.type)
                if event.type == "response.done":
                    break
    assert types[:3] == ["session.created", "session.updated", "response.created"]
    assert "response.output_audio.delta" in types
