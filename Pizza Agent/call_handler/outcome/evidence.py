"""Whether the callee really said what the agent claims: SUCCEEDED has to be earned.

A value counts where the callee states it, in a turn that the agent's quote cites: not as a
question, not negated, not on a condition, not of another thing, not before the agent had said
anything. And it must still stand at the end: whatever takes it back later, in any turn, counts
too. In doubt it does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from call_handler.outcome.citation import find_cited
from call_handler.outcome.clauses import Tone
from call_handler.outcome.mentions import normalise
from call_handler.outcome.numbers_in_words import split_words
from call_handler.outcome.reading import Reading
from call_handler.outcome.statements import Statement, Withdrawal, read_statements
from call_handler.outcome.withdrawals import denies
from ringback.v1.call_results_pb2 import FactKind, Role, TranscriptTurn

_STEM = 4  # letters: "margarita" is a margherita
_SIZES = frozenset(("small", "medium", "large", "regular", "family", "big", "double", "half"))


def find_evidence(
    value: str, kind: FactKind.ValueType, turns: Sequence[TranscriptTurn], quotes: Sequence[str]
) -> tuple[str, list[int]]:
    """Find the callee's turns that state a claimed value and that a quote cites.

    Returns: the value in normal form (as it came when it cannot be read) and the positions of the
    turns, from 0; no position: claimed, not proven.
    """
    readings = normalise(value, kind)
    if not readings:
        return value, []
    cited = {position for quote in quotes for position in find_cited(quote, turns)}
    for reading in readings if cited else ():
        proof = sorted(cited & _find_standing(reading, kind, turns))
        if proof:
            return reading.written, proof
    return readings[0].written, []


def _find_standing(
    reading: Reading, kind: FactKind.ValueType, turns: Sequence[TranscriptTurn]
) -> set[int]:
    """Find the callee's turns whose statement of a value still stands at the end of the call."""
    claim = _Claim(reading)
    wanted = split_words(reading.written) if reading.sort == "words" else ()
    asked = ""
    for position, turn in enumerate(turns):
        if turn.role == Role.ROLE_AGENT and turn.text:
            asked = turn.text
            claim.begin_answer(asked)
        elif turn.role == Role.ROLE_CALLEE and asked:
            if denies(turn.text, asked, reading, kind):
                claim.proof.clear()
            for said in read_statements(position, turn.text, kind, wanted):
                claim.weigh(said)
    return set(claim.proof)


@dataclass(slots=True)
class _Claim:
    """One claimed value while the callee's statements are read in order.

    `proof`: the turns in which it was stated and has not been taken back since. `has_rival`: in
    the answer that is being read another value was named, and not to correct it. `known`: how the
    words begin that the agent has used.
    """

    reading: Reading
    proof: list[int] = field(default_factory=list)
    has_rival: bool = False
    known: set[str] = field(default_factory=set)

    def begin_answer(self, asked: str) -> None:
        """Take in what the agent said, and forget what only mattered within one answer to it."""
        self.has_rival = False
        self.known |= {word[:_STEM] for word in split_words(asked)}

    def weigh(self, said: Statement | Withdrawal) -> None:
        """Take one statement into account."""
        if isinstance(said, Withdrawal):
            self.proof.clear()
        elif said.mention.agrees_with(self.reading):
            self._weigh_same(said)
        elif said.tone <= Tone.DOUBTED and _replaces(said, self.reading):
            self.proof.clear()
            self.has_rival = said.tone is Tone.STATED and not said.has_cue

    def _weigh_same(self, said: Statement) -> None:
        is_clear = said.is_neutral or said.has_cue or not self.has_rival
        if said.tone is Tone.DENIED:
            self.proof.clear()
        elif said.tone is Tone.STATED and is_clear and self._can_prove(said):
            self.proof.append(said.turn)

    def _can_prove(self, said: Statement) -> bool:
        match self.reading.sort:
            case "money":
                is_meant = said.is_firm or said.is_bare
                return is_meant and self._is_of_order(said.subject)
            case "day":  # "5/6" is the fifth of June or the sixth of May: neither
                return all(each.agrees_with(self.reading) for each in said.mention.readings)
            case _:
                return True

    def _is_of_order(self, subject: Sequence[str]) -> bool:
        """Say whether a price can be that of what was ordered: "the lasagna is ..." is not.

        A size must be one that the agent has named, of other words one is enough.
        """
        sizes = [word for word in subject if word in _SIZES]
        names = sizes or subject
        return not names or any(word[:_STEM] in self.known for word in names)


def _replaces(said: Statement, reading: Reading) -> bool:
    """Say whether another value takes the claimed one's place."""
    if not said.mention.contradicts(reading):
        # A time of day after a span, a weekday after "tomorrow": only when it corrects.
        is_kin = said.mention.readings[0].sort in {"span", "clock", "day"}
        return is_kin and said.has_cue and said.mention.is_plain
    if reading.sort == "number":
        # A telephone number or a price that follows is not another code.
        lengths = [len(each.written) for each in (reading, said.mention.readings[0])]
        is_alike = abs(lengths[0] - lengths[1]) <= 1
        if said.has_cue:
            return is_alike or said.is_bare
        return is_alike and said.mention.is_plain
    return said.is_firm and (said.has_cue or not _is_false_start(said, reading))


def _is_false_start(said: Statement, reading: Reading) -> bool:
    """Say whether an amount was only begun: "fourteen - fourteen fifty"."""
    begun = dict(said.mention.readings[0].parts).get("cents")
    whole = dict(reading.parts).get("cents")
    if said.mention.is_plain or not (isinstance(begun, int) and isinstance(whole, int)):
        return False
    return begun == whole - whole % 100
