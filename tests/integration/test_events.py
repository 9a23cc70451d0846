"""The live stream of a conversation: replay after the last seen event, then live; bounded."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from orchestrator.store import Store
from tests.integration.chat_rig import ORDER, TALK, ChatRig, Json, running_chat, taken


@dataclass(frozen=True)
class Event:
    seq: int
    kind: str
    data: Json


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store, on_port=True) as rig:
        yield rig


class Stream:
    """Reads one event stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def read(self, count: int) -> list[Event]:
        """Read so many events."""
        async with asyncio.timeout(30):
            return [await self._read_one() for _event in range(count)]

    async def read_until(self, kind: str) -> list[Event]:
        """Read up to the first event of that kind."""
        events: list[Event] = []
        async with asyncio.timeout(30):
            while not events or events[-1].kind != kind:
                events.append(await self._read_one())
        return events

    async def _read_one(self) -> Event:
        fields: dict[str, str] = {}
        async for line in self._lines:
            name, _colon, value = line.partition(": ")
            if name in {"event", "data", "id"}:
                fields[name] = value
            if not line and "data" in fields:
                return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
        msg = "the stream ended"
        raise EOFError(msg)


@asynccontextmanager
async def follow(
    chat: ChatRig, task_id: str, after: int = 0, **headers: str
) -> AsyncIterator[Stream]:
    path = f"/api/tasks/{task_id}/events?after={after}"
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with chat.http.stream("GET", path, headers=names, timeout=10) as answer:
        yield Stream(answer)


async def test_a_new_stream_replays_all_in_the_order_of_the_commits(chat: ChatRig) -> None:
    task_id = await chat.start()
    await chat.say(task_id, ORDER)
    async with follow(chat, task_id) as stream:
        events = await stream.read(4)
    assert [event.kind for event in events] == ["message", "message", "message", "task"]
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert events[1].data["text"] == ORDER


async def test_a_live_stream_shows_the_whole_call(chat: ChatRig) -> None:
    task_id = await chat.start()
    task = await chat.say(task_id, ORDER)
    async with follow(chat, task_id, task["last_event"]) as stream:
        confirmed = await chat.http.post(f"/api/tasks/{task_id}/confirm", json={})
        call_id = confirmed.json()["call_id"]
        started = await stream.read_until("call")
        assert started[-1].data["view"]["callee"] == "Luigi's"
        await chat.talk(call_id, *TALK)
        lines = [event for event in await stream.read(4) if event.kind == "turn"]
        assert [line.data["view"]["text"] for line in lines] == [text for _role, text in TALK]
        assert [line.data["view"]["who"] for line in lines] == ["Them", "Assistant", "Them"]
        await chat.finish(call_id, taken())
        card = (await stream.read_until("result"))[-1].data["view"]
        assert card["is_over"] is True
        assert card["result"]["headline"] == "Done"
        assert [
            (fact["label"], fact["value"], fact["turns"]) for fact in card["result"]["facts"]
        ] == [
            ("Price", "14.50", [2]),
            ("Ready", "20 minutes", [2]),
        ]
        told = await stream.read_until("message")
        assert told[-1].data["text"].startswith("Done: Luigi's took the order.")


async def test_a_resumed_stream_misses_and_repeats_nothing(chat: ChatRig) -> None:
    task_id = await chat.start()
    await chat.say(task_id, ORDER)
    async with follow(chat, task_id) as stream:
        seen = await stream.read(2)
    await chat.say(task_id, "make it two")
    async with follow(chat, task_id) as stream:
        whole = await stream.read(7)
    async with follow(chat, task_id, Last_Event_ID=str(seen[-1].seq)) as stream:
        rest = await stream.read(5)
    assert seen + rest == whole


async def test_a_stream_shows_its_own_conversation_only(chat: ChatRig) -> None:
    mine, other = await chat.start(), await chat.start()
    async with follow(chat, mine) as stream:
        await stream.read(1)
        await chat.say(other, "hi")
        await chat.say(mine, "a cola please")
        events = await stream.read(2)
    assert events[0].data["text"] == "a cola please"


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30, "\u0663"])
async def test_an_id_that_is_no_events_is_refused_by_name(chat: ChatRig, given: str) -> None:
    task_id = await chat.start()
    headers = {b"Last-Event-ID": given.encode()}
    answer = await chat.http.get(f"/api/tasks/{task_id}/events", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "Last-Event-ID"


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30])
async def test_a_bad_starting_point_is_refused_by_name(chat: ChatRig, after: str) -> None:
    task_id = await chat.start()
    answer = await chat.http.get(f"/api/tasks/{task_id}/events", params={"after": after})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "after"


async def test_the_number_of_open_streams_is_bounded_and_slots_come_back(chat: ChatRig) -> None:
    slots = chat.app.state.web.slots
    task_id = await chat.start()
    async with follow(chat, task_id) as stream:
        await stream.read(1)
        assert slots.open == 1
        taken_slots = 0
        for _slot in range(199):
            slots.take()
            taken_slots += 1
        refused = await chat.http.get(f"/api/tasks/{task_id}/events")
        assert refused.status_code == 429
        for _slot in range(taken_slots):
            slots.give_back()
    async with asyncio.timeout(30):
        while slots.open:
            await chat.say(task_id, "hi")  # a write to a closed stream is what finds it closed
    assert slots.open == 0


async def test_streams_end_when_the_service_drains(chat: ChatRig) -> None:
    task_id = await chat.start()
    async with follow(chat, task_id) as stream:
        await stream.read(1)
        chat.app.state.drain.begin()
        with pytest.raises(EOFError):
            await stream.read(1)
