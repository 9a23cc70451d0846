"""The facts of one call as the sandbox's agent has them: heard, to be recorded, recorded."""

from collections.abc import Sequence

from sandbox.agent_script import AgentScript
from sandbox.agent_turns import ToolUse, Turn
from sandbox.agent_words import QUESTIONS
from sandbox.spoken_figures import (
    find_bare_count,
    find_clock,
    find_day,
    find_number,
    find_price,
    find_ready,
    split_sentences,
)

_FINDERS = {
    "total_price": find_price,
    "ready_time": find_ready,
    "appointment_day": find_day,
    "appointment_time": find_clock,
    "confirmation_number": find_number,
}
_BARE = {"total_price": "{}.00", "ready_time": "{} minutes"}
"""What a bare number means as the answer to a question."""
_OPTIONAL = frozenset(("confirmation_number",))


class FactBook:
    """Notes what the callee names, and records each value once."""

    def __init__(self, script: AgentScript) -> None:
        self.values: dict[str, str] = {}
        self.wanted: tuple[str, ...] = ("total_price", "ready_time")
        """Facts to be recorded before the agent closes."""
        self._known: tuple[str, ...] = self.wanted
        self._script = script
        self._quotes: dict[str, str] = {}
        self._fresh: list[str] = []  # named by the callee, not yet recorded
        self._recorded: set[str] = set()

    @property
    def has_fresh(self) -> bool:
        """Say whether something is to be recorded."""
        return bool(self._fresh)

    @property
    def is_complete(self) -> bool:
        """Say whether all that is wanted has been recorded."""
        return self._recorded.issuperset(self.wanted)

    def want(self, offered: Sequence[str]) -> None:
        """Take over what can be recorded in this session, as far as it can be understood."""
        known = tuple(name for name in offered if name in _FINDERS)
        if known:
            self._known = known
            self.wanted = tuple(name for name in known if name not in _OPTIONAL)

    def note(self, words: str, asked: str = "") -> None:
        """Take the facts out of the callee's words; a later one replaces an earlier one.

        A question states nothing. `asked`: what they answer; a bare number answers its question.
        """
        self._note_bare(words, asked)
        for sentence in split_sentences(words):
            if sentence.endswith("?"):
                continue
            for name in self._known:
                value = _FINDERS[name](sentence)
                if value is not None:
                    self._take(name, value, sentence)

    def is_offered(self, words: str) -> bool:
        """Say whether the callee asks whether a value suits."""
        questions = [each for each in split_sentences(words) if each.endswith("?")]
        return any(_FINDERS[name](each) for each in questions for name in self.wanted)

    def record(self) -> tuple[ToolUse, ...]:
        """Record what is fresh."""
        self._recorded.update(self._fresh)
        uses = tuple(ToolUse("record_fact", self._arguments(name)) for name in self._fresh)
        self._fresh.clear()
        return uses

    def find_missing(self) -> str | None:
        """Give the first fact that is not recorded yet; None when all are."""
        return next(iter(self.find_all_missing()), None)

    def find_all_missing(self) -> list[str]:
        """Give the facts that are not recorded yet."""
        return [name for name in self.wanted if name not in self._recorded]

    def lose(self, turn: Turn) -> None:
        """Take back what `turn` was to record: its tools were never called."""
        lost = _recorded_by(turn)
        self._fresh += [name for name in lost if name not in self._fresh]
        self._recorded.difference_update(lost)

    def restore(self, turn: Turn) -> None:
        """Count what `turn` records as recorded: it is played once more."""
        for name in _recorded_by(turn):
            self._recorded.add(name)
            if name in self._fresh:
                self._fresh.remove(name)

    def _note_bare(self, words: str, asked: str) -> None:
        count = find_bare_count(words)
        for name, wording in _BARE.items():
            if count is not None and name in self.wanted and asked.endswith(QUESTIONS[name]):
                self._take(name, wording.format(count), words)

    def _take(self, name: str, value: str, sentence: str) -> None:
        if not self._is_news(name, value):
            return
        self.values[name] = value
        self._quotes[name] = sentence
        if name not in self._fresh:
            self._fresh.append(name)

    def _is_news(self, name: str, value: str) -> bool:
        if self._script.keeps_first and name in self.values:
            return False
        return value != self.values.get(name)

    def _arguments(self, name: str) -> dict[str, str]:
        value = self._script.invented.get(name, self.values[name])
        quote = self._script.quotes.get(name, "")
        return {"name": name, "value": value, "quote": quote or self._quotes[name]}


def _recorded_by(turn: Turn) -> list[str]:
    return [tool.arguments["name"] for tool in turn.tools if tool.name == "record_fact"]
