"""The agent's question to the person: told with every progress until the answer comes back."""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable

from call_reporter.errors import InvalidCall
from call_reporter.limits import clean_text
from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

MAX_QUESTION = 500
"""The longest question, in characters."""
MAX_WAIT_S = 300.0
"""The longest wait for an answer, in seconds."""


class Question:
    """Is one open question; its id is minted once, so that a repeat asks nothing new."""

    def __init__(self, text: str, until: float, answer: asyncio.Future[str]) -> None:
        self.answer = answer
        self._question = pb.PersonQuestion(question_id=uuid.uuid4().hex, text=text)
        self._until = until

    def describe(self, now: float) -> pb.PersonQuestion:
        """Give the question with the seconds that are left for its answer."""
        question = pb.PersonQuestion()
        question.CopyFrom(self._question)
        question.wait_s = max(1, math.ceil(self._until - now))
        return question

    def take(self, answer: pb.PersonAnswer) -> None:
        """Take the answer if it is the one to this question."""
        if answer.question_id == self._question.question_id and not self.answer.done():
            self.answer.set_result(answer.text)


class Questions:
    """Holds the one question of a call that may be open, and waits for its answer."""

    def __init__(self, grace_s: float, tell: Callable[[], None]) -> None:
        self.open: Question | None = None
        """None while nothing is asked."""
        self._grace_s = grace_s
        self._tell = tell

    async def ask(self, text: str, wait_s: float) -> str | None:
        """Put a question; None when no answer came in time.

        Raises: InvalidCall for a text or a time that the contract does not allow, and while another
        question is open.
        """
        text = clean_text(text).strip()
        if not 0 < len(text) <= MAX_QUESTION:
            raise InvalidCall(f"text: a question has 1 to {MAX_QUESTION} characters")
        if not 1 <= wait_s <= MAX_WAIT_S:
            raise InvalidCall(f"wait_s: {wait_s} is not from 1 to {MAX_WAIT_S:.0f} seconds")
        if self.open is not None:
            raise InvalidCall("a question is open; wait until it is answered")
        loop = asyncio.get_running_loop()
        question = Question(text, loop.time() + wait_s, loop.create_future())
        self.open = question
        self._tell()
        try:
            async with asyncio.timeout(wait_s + self._grace_s):
                return await question.answer
        except TimeoutError:
            return None
        finally:
            self.open = None
