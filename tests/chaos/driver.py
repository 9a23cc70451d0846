"""Places errands through the chat API as a person's browser would, over everything that falls."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import aiohttp

from tests.chaos.crowd import Errand
from tests.chaos.evidence import Ordered

Json: TypeAlias = dict[str, object]

PATIENCE_S = 60.0
"""How long a person tries again before giving an errand up."""
_ANSWER_S = 6.0
_PAUSE_S = (0.05, 0.4)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_GOOD = range(200, 300)


class ErrandRefused(Exception):
    """A complete errand was not taken, or nobody answered for a minute."""


class Driver:
    """One person after the other at the page; any replica will do."""

    def __init__(self, pages: Sequence[str], control: str, dice: random.Random) -> None:
        self._pages = pages
        self._control = control
        self._dice = dice
        # Everything may be killed at any moment: a connection that was kept is a trap.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        limits = aiohttp.ClientTimeout(total=_ANSWER_S)
        self._session = aiohttp.ClientSession(connector=connector, timeout=limits)

    async def close(self) -> None:
        """Close the browser."""
        await self._session.close()

    async def bind_numbers(self, numbers: Mapping[str, str]) -> None:
        """Tell the sandbox what each number plays."""
        for number, scenario in numbers.items():
            body = {"number": number, "scenario": scenario}
            async with self._session.post(f"{self._control}/control/bind", json=body) as answer:
                answer.raise_for_status()

    async def count_live_calls(self) -> int:
        """Ask the sandbox how many calls are not over."""
        async with self._session.get(f"{self._control}/control/sessions") as answer:
            counts: dict[str, int] = await answer.json()
            return counts["live_calls"]

    async def order(self, errand: Errand) -> Ordered:
        """Write the errand, read what is read back, press the button until it is answered.

        Raises: ErrandRefused.
        """
        task_id = (await self._post("/api/tasks", {}))["task_id"]
        task = await self._post(f"/api/tasks/{task_id}/messages", {"text": errand.text})
        if not task.get("can_confirm"):
            raise ErrandRefused(f"{errand.text!r} was not understood: {task.get('messages')}")
        key = {"Idempotency-Key": errand.key}
        placed = await self._post(f"/api/tasks/{task_id}/confirm", {}, key)
        return Ordered(str(placed["call_id"]), errand.scenario, errand.number, time.time())

    async def look(self, path: str) -> Json | None:
        """Read something from whoever answers first; None when nobody does."""
        for page in self._pages:
            try:
                async with self._session.get(page + path) as answer:
                    if answer.status in _GOOD:
                        found: Json = await answer.json()
                        return found
            except (aiohttp.ClientError, TimeoutError):
                continue
        return None

    async def _post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        """Send until it is answered: a person presses again. Raises: ErrandRefused."""
        give_up = time.monotonic() + PATIENCE_S
        trouble = ""
        while time.monotonic() < give_up:
            url = self._dice.choice(self._pages) + path
            try:
                async with self._session.post(url, json=body, headers=headers) as answer:
                    if answer.status in _GOOD:
                        taken: Json = await answer.json()
                        return taken
                    trouble = f"{answer.status}: {await answer.text()}"
                    if answer.status not in _TRY_AGAIN:
                        break
            except (aiohttp.ClientError, TimeoutError) as error:
                trouble = f"{type(error).__name__}: {error}"
            await asyncio.sleep(self._dice.uniform(*_PAUSE_S))
        raise ErrandRefused(f"POST {path}: {trouble}")
