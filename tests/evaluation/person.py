"""The person of an evaluation: orders errands in the chat, answers when asked, reads results."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence

import httpx

from tests.chaos.ledger_facts import Line
from tests.chaos.system import Fleet
from tests.evaluation.played import Json, Played, Scripted, read_scripted

_LOOK_EVERY_S = 0.2
_CALL_S = 180.0
"""The longest that a call may take, in real seconds."""
_ANSWER_S = 20.0
_LAST_WORDS_S = 2.0
"""What comes after a result - late words, the carrier's duration - comes within this span."""


class Person:
    """Plays scripted calls on one system."""

    def __init__(self, fleet: Fleet, http: httpx.AsyncClient) -> None:
        self._fleet = fleet
        self._http = http
        self._numbers = itertools.count(14_152_500_000)
        self._tasks: dict[str, str] = {}

    async def list_scripted(self) -> dict[str, Scripted]:
        """List what the sandbox can play, by name."""
        answer = await self._http.get(f"{self._fleet.control}/control/scenarios")
        return {one["name"]: read_scripted(one) for one in answer.json()["scenarios"]}

    async def play(self, scripted: Scripted, seed: int) -> Played:
        """Run one errand to its result."""
        number = f"+{next(self._numbers)}"
        body = {"number": number, "scenario": scripted.name, "seed": seed}
        bound = await self._http.post(f"{self._fleet.control}/control/bind", json=body)
        bound.raise_for_status()
        call_id = ""
        try:
            async with asyncio.timeout(_CALL_S):
                call_id = await self._order(scripted, number)
                await self._wait(call_id, scripted)
        except TimeoutError:
            return Played(scripted, seed, call_id, {}, (), f"no result within {_CALL_S:g} s")
        except NotTaken as error:
            return Played(scripted, seed, call_id, {}, (), str(error))
        return Played(scripted, seed, call_id, {}, ())

    async def read_all(self, played: Sequence[Played]) -> list[Played]:
        """Give the calls with their results as they stand now, and with the books."""
        await asyncio.sleep(_LAST_WORDS_S)
        lines = await self._read_books()
        return [await self._read_one(one, lines) for one in played]

    async def count_open(self) -> Mapping[str, int]:
        """Count what is still open at the sandbox: calls, streams, sessions of the model."""
        answer = await self._http.get(f"{self._fleet.control}/control/sessions")
        counts: dict[str, int] = answer.json()
        return counts

    async def _order(self, scripted: Scripted, number: str) -> str:
        task = await self._post("/api/tasks", {})
        path = f"/api/tasks/{task['task_id']}"
        text = scripted.request.replace("{number}", number)
        task = await self._post(f"{path}/messages", {"text": text})
        if not task.get("can_confirm"):
            raise NotTaken(f"{text!r} was not understood as a whole errand: {_last_words(task)}")
        placed = await self._post(f"{path}/confirm", {})
        call_id = str(placed["call_id"])
        self._tasks[call_id] = path
        return call_id

    async def _wait(self, call_id: str, scripted: Scripted) -> None:
        answered: set[str] = set()
        while True:
            task = (await self._http.get(self._fleet.page() + self._tasks[call_id])).json()
            if any(call["result"] for call in task["calls"] if call["call_id"] == call_id):
                return
            question = task.get("question")
            if question and scripted.person_answer and question["question_id"] not in answered:
                answered.add(question["question_id"])
                path = f"{self._tasks[call_id]}/messages"
                await self._post(path, {"text": scripted.person_answer})
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _read_one(self, played: Played, books: Mapping[str, list[Line]]) -> Played:
        lines = books.get(played.call_id, [])
        path = self._tasks.get(played.call_id)
        if path is None or played.trouble:
            return Played(played.scripted, played.seed, played.call_id, {}, lines, played.trouble)
        task = (await self._http.get(self._fleet.page() + path)).json()
        result: Json = next(
            (one["result"] for one in task["calls"] if one["call_id"] == played.call_id), {}
        )
        return Played(played.scripted, played.seed, played.call_id, result, lines)

    async def _read_books(self) -> dict[str, list[Line]]:
        answer = await self._http.get(f"{self._fleet.control}/control/ledger", timeout=60)
        books: dict[str, list[Line]] = {}
        for line in answer.json()["lines"]:
            books.setdefault(str(line.get("call_id")), []).append(line)
        return books

    async def _post(self, path: str, body: Mapping[str, str]) -> Json:
        answer = await self._http.post(self._fleet.page() + path, json=body, timeout=_ANSWER_S)
        if not answer.is_success:
            raise NotTaken(f"POST {path}: {answer.status_code} {answer.text[:200]}")
        taken: Json = answer.json()
        return taken


class NotTaken(Exception):
    """The errand was not understood, or refused."""


def _last_words(task: Json) -> str:
    messages = task.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    return str(last.get("text", ""))
