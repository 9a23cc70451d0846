"""The sandbox's agent in one conversation: chooses what to say next. No clock, no socket."""

import re
from collections.abc import Sequence
from dataclasses import replace

from sandbox.agent_facts import FactBook
from sandbox.agent_filling import fill_turn, read_answer, without_braces
from sandbox.agent_menus import choose_key
from sandbox.agent_script import AgentScript
from sandbox.agent_situation import Situation, read_situation
from sandbox.agent_turns import Reaction, ToolUse, Turn
from sandbox.agent_words import (
    AGREES,
    ANSWERED,
    PATIENCE,
    QUESTIONS,
    TOLD_GOODBYE,
    UNANSWERED,
    WANTED,
)
from sandbox.errand_details import read_details, read_wishes
from sandbox.told_words import asks_for_goodbye, find_told_words

_AGREES = re.compile(r"\b(?:yes|yeah|yep|correct|right|exactly|that's it|okay|ok)\b", re.IGNORECASE)
_NOTHING = Turn()
_GREETING = frozenset(("asked_order", "asked_who", "greeted"))
"""Reactions to somebody who has not heard yet who is calling."""
_ONCE = frozenset(("ask_person", "press_digits"))
"""Tools that are not used once more when what was said with them was cut short."""


class Agent:
    """Plays one AgentScript. Every public method gives the Turn that the model answers with."""

    def __init__(self, script: AgentScript) -> None:
        self.reached: list[str] = []
        """Names of what was played, in order: reactions, `opening`, `closing` and so on."""
        self._script = script
        self._facts = FactBook(script)
        self._details = read_details("")
        self._situation = Situation.PERSON
        self._has_opened = False  # to the one who is at the other end now
        self._wrong_keys = list(script.first_keys)
        self._after: Turn | None = None
        self._cut: Turn | None = None
        self._said = {"heard": "", "first_heard": "", "last_said": "", "person_answer": ""}
        self._has_ended = False
        self._is_asking_person = False
        self._asked_again = 0
        self._nudged = 0

    def instruct(self, instructions: str, facts: Sequence[str] = ()) -> None:
        """Take over the errand's details, and which facts the session can record."""
        self._details = read_details(instructions)
        self._facts.want(facts)

    def answer(self, words: str, *, is_waiting: bool = False) -> Turn:
        """Answer what the callee said; empty words were speech that nobody could understand.

        `is_waiting`: outputs of tools are missing, so what was to follow them cannot be said yet.
        """
        words = without_braces(words)
        self._listen(words)
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
        if self._situation is not Situation.PERSON:
            return _NOTHING
        if self._cut is not None:
            return self._played(self._again(self._cut))
        if not self._has_opened:
            return self._played(self._open())
        return self._played(_NOTHING if self._has_ended else self._insist())

    def nudge(self) -> Turn:
        """Speak into a silence that has lasted too long."""
        if self._situation is not Situation.PERSON or self._is_asking_person:
            return _NOTHING
        if not self._has_opened:
            return self._played(self._open())
        return self._played(self._insist())

    def obey(self, instructions: str) -> Turn | None:
        """Say what the instructions of one response ask for; None when they ask for no words."""
        words = find_told_words(without_braces(instructions))
        if words is None and not asks_for_goodbye(instructions):
            return None
        self.reached.append("told")
        if words is None:
            self._cut = None  # a goodbye: what was cut short is not said any more
        return self._played(TOLD_GOODBYE if words is None else Turn(words))

    def hear_output(self, tool: str, output: str) -> None:
        """Take the output of a tool; only the person's answer changes what is said next."""
        if tool != "ask_person":
            return
        self._is_asking_person = False
        answer = without_braces(read_answer(output))
        self._said["person_answer"] = answer
        self.reached.append("person_answered" if answer else "person_silent")
        unanswered = self._next_step() if self._facts.is_complete else UNANSWERED
        self._after = self._filled(ANSWERED if answer else unanswered)

    def was_cut(self, turn: Turn, *, tools_called: bool) -> None:
        """Remember that `turn` was not heard to its end, and whether its tools were called."""
        self._has_ended = False
        if turn.tools and not tools_called:
            self._after = None
            self._is_asking_person = self._is_asking_person and not turn.uses("ask_person")
            self._facts.lose(turn)
        elif tools_called:
            turn = replace(turn, tools=tuple(t for t in turn.tools if t.name not in _ONCE))
        is_aside = self._cut is not None and len(turn.say) < len(self._cut.say) and not turn.tools
        if not is_aside:  # "Of course" does not replace what it had interrupted
            self._cut = turn if turn.say or turn.tools else None

    def unreached(self) -> list[str]:
        """Name what the scenario expected and the conversation never came to."""
        return [name for name in self._script.must_reach if name not in self.reached]

    def _listen(self, words: str) -> None:
        """Take in who is speaking now, and what they name."""
        before = self._situation
        self._situation = read_situation(words, before)
        if self._situation is Situation.PERSON and before is not Situation.PERSON:
            self._has_opened = False  # somebody new: they have not heard who is calling
        if words:
            self._nudged = 0
            self._said["heard"] = words
            self._said["first_heard"] = self._said["first_heard"] or words
        reaction = self._reaction(words)
        if self._situation is Situation.PERSON and not (reaction and reaction.is_deaf):
            self._facts.note(words, asked=self._said["last_said"])

    def _chosen(self, words: str) -> Turn:
        if self._situation is not Situation.PERSON:
            return self._heed(words)
        reaction = self._reaction(words)
        if not self._has_opened and not self._may_go_on(reaction):
            return self._open()
        if reaction is not None:
            return self._with_facts(self._react(reaction))
        if self._facts.has_fresh:
            return self._with_facts(PATIENCE if self._is_asking_person else _NOTHING)
        if self._after is not None:
            return self._after
        return self._otherwise(words)

    def _may_go_on(self, reaction: Reaction | None) -> bool:
        """Say whether the one who is back after a while goes on where they were before."""
        if "opening" not in self.reached:
            return False
        return self._facts.has_fresh or (reaction is not None and reaction.name not in _GREETING)

    def _heed(self, words: str) -> Turn:
        """Answer what is no person: a menu gets its key, everything else silence."""
        self._cut = None
        if not words:
            return _NOTHING
        match self._situation:
            case Situation.MENU:
                return self._press(words)
            case Situation.MACHINE if "voicemail" not in self.reached:
                self.reached.append("voicemail")
                return self._script.at_machine
            case Situation.HOLD:
                self.reached.append("hold")
        return _NOTHING

    def _press(self, words: str) -> Turn:
        key = choose_key(words, read_wishes(self._details))
        if self._wrong_keys:
            key = self._wrong_keys.pop(0)
        if not key:
            return _NOTHING
        self.reached.append("pressed")
        return Turn("", (ToolUse("press_digits", {"digits": key}),), _NOTHING)

    def _insist(self) -> Turn:
        """Speak into a silence: take leave when all is settled, else ask who is there."""
        if self._facts.is_complete and not self._has_ended:
            return self._next_step()
        self._nudged += 1
        return self._script.nudge if self._nudged <= self._script.endurance else self._give_up()

    def _otherwise(self, words: str) -> Turn:
        """Answer words that name nothing new."""
        if self._has_ended:
            return _NOTHING
        if self._cut is not None:
            return self._again(self._cut)
        if self._is_asking_person:
            return PATIENCE
        return self._settle(words)

    def _settle(self, words: str) -> Turn:
        """Bring the errand to its end, or ask for what is missing."""
        missing, agrees = self._facts.find_missing(), _AGREES.search(words)
        if missing is None and (agrees or self._script.read_back is None):
            return self._close()
        if self._facts.is_offered(words):
            return AGREES
        return self._ask_again(
            Turn(QUESTIONS[missing]) if missing and agrees else self._script.lost
        )

    def _again(self, cut: Turn) -> Turn:
        """Play a turn once more that was not heard to its end."""
        self._cut = None
        self._facts.restore(cut)
        return cut

    def _reaction(self, words: str) -> Reaction | None:
        for reaction in self._script.reactions:
            if re.search(reaction.hears, words, re.IGNORECASE):
                return reaction
        return None

    def _react(self, reaction: Reaction) -> Turn:
        if reaction.most and self.reached.count(reaction.name) >= reaction.most:
            return self._give_up()
        self._asked_again = 0
        asks_person = reaction.turn.uses("ask_person")
        if self._is_asking_person and (asks_person or reaction.name == "greeted"):
            return PATIENCE
        self._is_asking_person = self._is_asking_person or asks_person
        if reaction.name == "greeted":
            self._cut = None  # the opening is said once more anyway
        self.reached.append(reaction.name)
        return reaction.turn

    def _open(self) -> Turn:
        self._has_opened = True
        self.reached.append("opening")
        return self._script.opening

    def _close(self) -> Turn:
        self.reached.append("closing")
        return self._script.closing

    def _give_up(self) -> Turn:
        self.reached.append("give_up")
        return self._script.give_up

    def _ask_again(self, turn: Turn) -> Turn:
        self._asked_again += 1
        return turn if self._asked_again <= self._script.patience else self._give_up()

    def _with_facts(self, turn: Turn) -> Turn:
        """Add the recording of fresh facts to a turn, and what follows from them."""
        if not self._facts.has_fresh or turn.uses("end_call"):
            return turn
        tools = (*turn.tools, *self._facts.record())
        self._cut = None
        self._asked_again = 0
        self.reached.append("facts")
        return Turn(turn.say, tools, None if turn.say else self._next_step())

    def _next_step(self) -> Turn:
        """Say what comes after facts were recorded: the next question, or the closing."""
        missing = self._facts.find_missing()
        if missing is not None:
            return Turn(QUESTIONS[missing])
        if self._script.read_back is not None and "read_back" not in self.reached:
            self.reached.append("read_back")
            return self._script.read_back
        return self._close()

    def _played(self, turn: Turn) -> Turn:
        """Fill in the placeholders and remember what the turn leaves open."""
        filled = self._filled(turn)
        self._after = filled.after
        self._said["last_said"] = filled.say or self._said["last_said"]
        if turn.uses("end_call"):
            self._has_ended = True
        return filled

    def _filled(self, turn: Turn) -> Turn:
        agreed = ", and ".join(
            self._facts.values[name] for name in self._facts.wanted if name in self._facts.values
        )
        missing = self._facts.find_all_missing() or self._facts.wanted
        lost = " and ".join(WANTED[name] for name in missing).capitalize() + "?"
        known = self._details | self._facts.values | self._said
        return fill_turn(turn, known | {"agreed": agreed, "lost_question": lost})
