"""Whether the agent has said what it is, for whom it calls, and that the call is recorded."""

import re
from dataclasses import dataclass

from call_handler.bridge.wishes import say_exactly

_TRIES = 2
_TURNS = 3  # so many of the agent's turns may pass until a name that was cut off comes
_AI = re.compile(
    r"\bA\.? ?I\b\.?|\bartificial intelligence\b|\brobot\b"
    r"|\b(?:virtual|automated|automatic|digital|computer|robotic)(?: \w+)? (?:assistant|agent|voice"
    r"|caller|system)\b",
    re.IGNORECASE,
)
_RECORDED = re.compile(
    r"\b(?:is|are|being|will be|may be|get) (?:\w+ )?recorded\b|\brecording\b", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:not|no|never|without)\b(?: being| an?| the)?\W*$|n't(?: an?| the)?\W*$")
_ASKED = re.compile(r"^\W*(?:is|are|am|was|do|does|did)\b.*\?\W*$")
_FILLERS = frozenset({"a", "an", "the", "mr", "mrs", "ms", "dr", "of", "and"})


@dataclass(frozen=True, slots=True)
class Duty:
    """What has to be disclosed. `behalf`: the name for whom the agent calls."""

    behalf: str
    says_ai: bool = True
    says_recorded: bool = False


class Disclosure:
    """Follows what the agent was heard to say, until all that has to be said first was said."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty
        names = re.findall(r"\w+", duty.behalf.casefold())
        self._names = frozenset(names) - _FILLERS or frozenset(names)
        self._heard = ""
        self._turns = 0
        self._was_cut = False
        self._tries = 0

    @property
    def is_done(self) -> bool:
        """Say whether all was heard."""
        return not self._lacks_ai and not self._lacks_name and not self._lacks_record

    def restart(self) -> None:
        """Forget what was heard: a machine heard it."""
        self._heard = ""
        self._turns = 0
        self._was_cut = False

    def agent_said(self, text: str, *, is_whole: bool) -> None:
        """Note what was heard of a turn."""
        if text.strip():
            self._heard += f" {text}"
            self._turns += 1
            self._was_cut = self._was_cut or not is_whole

    def insist(self, *, is_whole: bool) -> str:
        """Give the instructions to say what is lacking, after a turn that was heard.

        Returns: empty when nothing is lacking, or it may still come of itself, or it is no use.
        """
        is_told = not self._turns or self.is_done or self._tries >= _TRIES
        if is_told or not self._is_overdue(is_whole=is_whole):
            return ""
        self._tries += 1
        return say_exactly(self._write())

    def _is_overdue(self, *, is_whole: bool) -> bool:
        """Say whether it is time to insist: who was cut off may still come to the rest."""
        if self._turns >= _TURNS:
            return True
        may_come = self._was_cut and not self._lacks_ai
        return is_whole and not may_come

    def _write(self) -> str:
        parts = []
        if self._lacks_ai or self._lacks_name:
            parts.append(f"I am an AI assistant calling on behalf of {self._duty.behalf}.")
        if self._lacks_record:
            parts.append("This call is being recorded.")
        return "Before we go on: " + " ".join(parts)

    @property
    def _lacks_ai(self) -> bool:
        return self._duty.says_ai and not _is_said(_AI, self._heard)

    @property
    def _lacks_name(self) -> bool:
        words = set(re.findall(r"\w+", self._heard.casefold()))
        return self._duty.says_ai and not self._names & words

    @property
    def _lacks_record(self) -> bool:
        return self._duty.says_recorded and not _is_said(_RECORDED, self._heard)


def _is_said(what: re.Pattern[str], text: str) -> bool:
    """Say whether something is said, and neither denied nor asked."""
    for clause in re.split(r"(?<=[.?!;])\s+|,\s+", text):
        found = what.search(clause)
        if found is None or _ASKED.search(clause.casefold()):
            continue
        if _DENIED.search(clause[: found.start()].casefold()) is None:
            return True
    return False
