"""The agent's questions to the person: each in a task of its own, so that the call goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

log = structlog.get_logger(__name__)

PersonAsker: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Puts a question to the person and waits for the answer; None when there is none in time."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent wants to know from the person, for one use of a tool."""

    function_call_id: str
    text: str


async def ask_nobody(question: str) -> str | None:
    """Give no answer: there is no person to be asked."""
    log.info("nobody_to_ask", length=len(question))
    return None


class Asking:
    """Keeps the questions of one call that are under way."""

    def __init__(
        self, ask: PersonAsker, answered: Callable[[Question, str | None], Awaitable[None]]
    ) -> None:
        self._ask = ask
        self._answered = answered
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, question: Question) -> None:
        """Put a question; `answered` is called when the answer is there or the time is over."""
        task = asyncio.create_task(self._wait(question), name="ask-person")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for no answer any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, question: Question) -> None:
        log.info("person_asked")
        answer = None
        try:
            answer = await self._ask(question.text)
        except Exception:  # the call goes on without an answer
            log.exception("person_not_asked")
        log.info("person_answered" if answer else "person_did_not_answer")
        await self._answered(question, answer)
