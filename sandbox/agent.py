"""The sandbox's agent in one conversation: chooses what to say next. No clock, no socket."""

import re
from collections.abc import Mapping

from sandbox.agent_script import AgentScript, Reaction, ToolUse, Turn
from sandbox.errand_details import read_details
from sandbox.spoken_figures import find_price, find_time, split_sentences

_AGREES = re.compile(r"\b(?:yes|yeah|yep|correct|right|exactly|that's it|okay|ok)\b", re.IGNORECASE)
_NOTHING = Turn()


class Agent:
    """Plays one AgentScript. Every public method gives the Turn that the model answers with."""

    def __init__(self, script: AgentScript) -> None:
        self.reached: list[str] = []
        """Names of what was played, in order: reactions, `opening`, `closing` and so on."""
        self._script = script
        self._details = read_details("")
        self._facts: dict[str, str] = {}
        self._quotes: dict[str, str] = {}  # fact -> the callee's sentence that named it
        self._fresh: list[str] = []  # named by the callee, not yet recorded
        self._recorded: set[str] = set()
        self._after: Turn | None = None
        self._cut: Turn | None = None
        self._last_said = ""
        self._has_ended = False
        self._asked_again = 0

    def instruct(self, instructions: str) -> None:
        """Take over the errand's details from the session's instructions."""
        self._details = read_details(instructions)

    def answer(self, words: str, *, is_waiting: bool = False) -> Turn:
        """Answer what the callee said; empty words were speech that nobody could understand.

        `is_waiting`: outputs of tools are missing, so what was to follow them cannot be said yet.
        """
        self._note(words)
        turn = self._chosen(words)
        if is_waiting and turn is self._after:
            return _NOTHING
        return self._played(turn)

    def carry_on(self, *, is_waiting: bool = False) -> Turn:
        """Speak because the client asked for a response, not because the callee spoke.

        `is_waiting`: outputs of tools are missing; nothing is said until they are there.
        """
        if is_waiting:
            return _NOTHING
        if self._after is not None:
            return self._played(self._after)
        if self._cut is not None:
            return self._played(self._again(self._cut))
        if "opening" not in self.reached:
            return self._played(self._open())
        return self._played(_NOTHING if self._has_ended else self._ask_again(self._script.nudge))

    def nudge(self) -> Turn:
        """Speak into a silence that has lasted too long."""
        if "opening" not in self.reached:
            return self._played(self._open())
        return self._played(self._ask_again(self._script.nudge))

    def was_cut(self, turn: Turn, *, tools_called: bool) -> None:
        """Remember that `turn` was not heard to its end, and whether its tools were called."""
        self._cut = turn
        self._has_ended = False
        if turn.tools and not tools_called:
            lost = _recorded_by(turn)
            self._after = None
            self._fresh += [name for name in lost if name not in self._fresh]
            self._recorded.difference_update(lost)

    def unreached(self) -> list[str]:
        """Name what the scenario expected and the conversation never came to."""
        return [name for name in self._script.must_reach if name not in self.reached]

    def _chosen(self, words: str) -> Turn:
        reaction = self._reaction(words)
        if "opening" not in self.reached:
            return self._react(reaction) if reaction else self._open()
        if reaction is not None:
            return self._with_facts(self._react(reaction))
        if self._fresh:
            return self._with_facts(_NOTHING)
        if self._after is not None:
            return self._after
        return self._otherwise(words)

    def _otherwise(self, words: str) -> Turn:
        """Answer words that name nothing new."""
        if self._has_ended:
            return _NOTHING
        if self._cut is not None:
            return self._again(self._cut)
        if self._is_complete() and (_AGREES.search(words) or self._script.read_back is None):
            return self._close()
        return self._ask_again(self._script.lost)

    def _again(self, cut: Turn) -> Turn:
        """Play a turn once more that was not heard to its end."""
        self._cut = None
        for name in _recorded_by(cut):
            self._recorded.add(name)
            if name in self._fresh:
                self._fresh.remove(name)
        return cut

    def _reaction(self, words: str) -> Reaction | None:
        is_first = "opening" not in self.reached
        for reaction in self._script.reactions:
            # Whoever answers hears first of all who is calling; only a machine does not.
            if reaction.only_first != is_first:
                continue
            if re.search(reaction.hears, words, re.IGNORECASE):
                return reaction
        return None

    def _react(self, reaction: Reaction) -> Turn:
        self.reached.append(reaction.name)
        self._asked_again = 0
        return reaction.turn

    def _open(self) -> Turn:
        self.reached.append("opening")
        return self._script.opening

    def _close(self) -> Turn:
        self.reached.append("closing")
        return self._script.closing

    def _ask_again(self, turn: Turn) -> Turn:
        self._asked_again += 1
        if self._asked_again > self._script.patience:
            self.reached.append("give_up")
            return self._script.give_up
        return turn

    def _note(self, words: str) -> None:
        """Take the facts out of the callee's words; a later one replaces an earlier one."""
        for sentence in split_sentences(words):
            found = {"total_price": find_price(sentence), "ready_time": find_time(sentence)}
            for name in self._script.wanted:
                value = found.get(name)
                if value is not None and value != self._facts.get(name):
                    self._facts[name] = value
                    self._quotes[name] = sentence
                    if name not in self._fresh:
                        self._fresh.append(name)

    def _with_facts(self, turn: Turn) -> Turn:
        """Add the recording of fresh facts to a turn, and what follows from them."""
        if not self._fresh or _ends_the_call(turn):
            return turn
        values = self._facts | dict(self._script.invented)
        tools = tuple(
            ToolUse(
                "record_fact",
                {"name": name, "value": values[name], "quote": self._quotes.get(name, "")},
            )
            for name in self._fresh
        )
        self._recorded.update(self._fresh)
        self._fresh.clear()
        self._cut = None
        self._asked_again = 0
        self.reached.append("facts")
        return Turn(turn.say, (*turn.tools, *tools), None if turn.say else self._next_step())

    def _next_step(self) -> Turn:
        """Say what comes after facts were recorded: the next question, or the closing."""
        for name in self._script.wanted:
            if name not in self._recorded:
                return Turn(self._script.questions[name])
        if self._script.read_back is not None and "read_back" not in self.reached:
            self.reached.append("read_back")
            return self._script.read_back
        return self._close()

    def _is_complete(self) -> bool:
        return bool(self._script.wanted) and self._recorded.issuperset(self._script.wanted)

    def _played(self, turn: Turn) -> Turn:
        """Fill in the placeholders and remember what the turn leaves open."""
        known = _Known(self._details | self._facts | {"last_said": self._last_said})
        filled = _filled(turn, known)
        self._after = filled.after
        self._last_said = filled.say or self._last_said
        if _ends_the_call(turn):
            self._has_ended = True
        return filled


class _Known(dict[str, str]):
    """Placeholders; one that nobody knows is left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return ""


def _ends_the_call(turn: Turn) -> bool:
    return any(tool.name == "end_call" for tool in turn.tools)


def _recorded_by(turn: Turn) -> list[str]:
    return [tool.arguments["name"] for tool in turn.tools if tool.name == "record_fact"]


def _filled(turn: Turn, known: Mapping[str, str]) -> Turn:
    say = turn.say.format_map(known)
    tools = tuple(
        ToolUse(tool.name, {key: value.format_map(known) for key, value in tool.arguments.items()})
        for tool in turn.tools
    )
    after = None if turn.after is None else _filled(turn.after, known)
    return Turn(say[:1].upper() + say[1:], tools, after)
