"""Fault F1: the Orchestrator dies before a confirm is committed: the chat still asks."""

import asyncio
import itertools
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from foundation.clock import SystemClock
from orchestrator.store import Store
from tests.faults.commit_databases import CommitDatabase
from tests.faults.doomed import killed_at, needs_strace, orchestrator
from tests.faults.reports_rig import PATIENT_S
from tests.integration.call_reporter_server import free_port
from tests.integration.chat_rig import ORDER, Json, running_chat
from tests.rig import NO_TLS

PIZZA = (
    "A large margherita from +14155550100 for pick-up, my name is Ada, my number is 415 555 0123"
)
CONFIRMED, NOT_NOW = 202, 503
# The system calls by which a confirm is written, and by which step they are tried: a page of SQLite
# is two writes, and there are some 15 pages. Then the least deaths, and whether the chat still asks
# after some: what is only not yet synced is there after the death of a process.
WRITES = [
    ("sqlite", "pwrite64", 3, 5, True),
    ("sqlite", "fdatasync", 1, 1, False),
    ("postgres", "sendto", 1, 5, True),
]


async def test_f1_a_confirm_is_not_answered_before_its_commit(
    commit_database: CommitDatabase,
) -> None:
    store = await Store.open(commit_database.impatient_url, SystemClock())
    async with running_chat(store) as chat:
        task_id = await chat.start()
        await chat.say(task_id, ORDER)
        confirm = f"/api/tasks/{task_id}/confirm"
        with commit_database.nothing_can_commit():
            assert (await chat.http.post(confirm)).status_code == NOT_NOW
            asking = await chat.show(task_id)
        assert (asking["can_confirm"], asking["calls"]) == (True, [])
        again = await chat.http.post(confirm)
        shown = await chat.show(task_id)
        assert again.status_code == CONFIRMED
        assert [call["call_id"] for call in shown["calls"]] == [again.json()["call_id"]]
    await store.close()


@dataclass
class Desk:
    """Is a person who orders again and again, and a Call Handler that fails at each order."""

    http: httpx.AsyncClient
    orders: Counter[str] = field(default_factory=Counter)
    """How often each call was ordered, by call_id."""
    answers: dict[str, str | None] = field(default_factory=dict)
    """By task: the call that its confirm was answered with; None: it was not answered."""

    async def ask(self) -> str:
        """Order up to the question whether to call; return the task."""
        task_id: str = (await self.http.post("/api/tasks", json={})).json()["task_id"]
        told = await self.http.post(f"/api/tasks/{task_id}/messages", json={"text": PIZZA})
        assert told.json()["can_confirm"], told.text
        return task_id

    async def press(self, task_id: str) -> bool:
        """Confirm a task; say whether that was answered."""
        try:
            answer = await self.http.post(
                f"/api/tasks/{task_id}/confirm", headers={"Idempotency-Key": task_id}
            )
        except httpx.TransportError:
            self.answers[task_id] = None
            return False
        assert answer.status_code == CONFIRMED, answer.text
        self.answers[task_id] = answer.json()["call_id"]
        return True

    async def calls_of(self, task_id: str) -> list[str]:
        """List the calls of a task; one without any must still ask."""
        task: Json = (await self.http.get(f"/api/tasks/{task_id}")).json()
        calls = [call["call_id"] for call in task["calls"]]
        assert task["can_confirm"] == (not calls), task
        return calls

    async def judge(self) -> int:
        """Judge each task after the deaths; say how many have no call and were not answered."""
        made = {task_id: await self.calls_of(task_id) for task_id in self.answers}
        for task_id, answered in self.answers.items():
            assert len(made[task_id]) <= 1
            assert answered is None or made[task_id] == [answered]
        assert set(self.orders) <= {call_id for calls in made.values() for call_id in calls}
        asking = [task_id for task_id, calls in made.items() if not calls]
        for task_id, calls in made.items():
            assert await self.press(task_id)
            assert await self.calls_of(task_id) == [self.answers[task_id]]
            assert not calls or calls == [self.answers[task_id]]
        assert set(self.orders.values()) <= {1}
        return len(asking)

    async def fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take an order and give no answer."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length"))
        body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
        self.orders[body["call_id"]] += 1
        writer.close()


@dataclass(frozen=True, slots=True)
class Office:
    """Is where Orchestrators run one after the other, with the person who uses them."""

    desk: Desk
    folder: Path
    database_url: str
    settings: dict[str, str]

    @asynccontextmanager
    async def open(self, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        async with orchestrator(self.folder, self.database_url, **self.settings, **more) as process:
            yield process


@pytest.fixture
async def office(commit_database: CommitDatabase, tmp_path: Path) -> AsyncIterator[Office]:
    port = free_port()
    http = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=PATIENT_S, verify=NO_TLS, trust_env=False
    )
    desk = Desk(http)
    async with http, await asyncio.start_server(desk.fail, "127.0.0.1", 0) as handler:
        settings = {
            "PORT": str(port),
            "ORCHESTRATOR_GRPC": "127.0.0.1:0",
            "HANDLER_URLS": f"http://127.0.0.1:{handler.sockets[0].getsockname()[1]}",
            "TOKEN_ORCHESTRATOR": "order-token",
        }
        yield Office(desk, tmp_path, commit_database.url, settings)


@pytest.mark.chaos
async def test_f1_killed_before_the_commit_the_chat_still_asks_and_nothing_is_dialled(
    office: Office,
) -> None:
    desk = office.desk
    async with office.open(FAILPOINTS="confirm.before_commit") as doomed:
        assert not await desk.press(await desk.ask())
        assert await doomed.wait() == -signal.SIGKILL
    async with office.open():
        assert await desk.judge() == 1


@pytest.mark.chaos
@needs_strace
@pytest.mark.parametrize(
    ("commit_database", "system_call", "step", "at_least", "asks"),
    WRITES,
    indirect=["commit_database"],
)
async def test_f1_killed_at_any_write_of_a_confirm_it_still_asks_or_has_its_one_call(
    office: Office, system_call: str, step: int, at_least: int, *, asks: bool
) -> None:
    desk, deaths = office.desk, 0
    for number in itertools.count(1, step):
        async with office.open() as doomed:
            task_id = await desk.ask()
            async with killed_at(doomed, system_call, number):
                is_answered = await desk.press(task_id)
                if not is_answered:
                    assert await doomed.wait() == -signal.SIGKILL
                    deaths += 1
        if is_answered:
            break
    async with office.open():
        still_asking = await desk.judge()
    assert deaths >= at_least
    assert (still_asking > 0) == asks
