"""Whether the callee really said what the agent claims: SUCCEEDED has to be earned.

A value counts where the callee states it: not as a question, not negated, not corrected later, and
not before the agent had said anything. In doubt it does not count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from call_handler.outcome.mentions import normalise, read_speech
from call_handler.outcome.numbers_in_words import split_words
from call_handler.outcome.reading import Mention
from ringback.v1.call_results_pb2 import FactKind, Role, TranscriptTurn

_CLAUSE = re.compile(
    r"[.;!?,]+(?=\s|$)|\s[-\u2013\u2014]\s|\bbut\b"
    r"|\band (?=(?:we|i|you|it|they|that|there|the)\b)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\b(?:no|not an?y?) (?:problem|worries|trouble)\b|\bdon't worry\b|\bwhy not\b|\bnot bad\b",
    re.IGNORECASE,
)
_NOT_MEANT = re.compile(
    r"\b(?:instead of|rather than|used to be|would have been|more than|less than|over|under|above"
    r"|below|close|closes|closing|open|opens|until|till|since)\b"
)
_NEGATIONS = frozenset(("not", "no", "never", "cannot", "without", "nor", "neither"))
_WRONG = frozenset(("wrong", "incorrect", "impossible"))
_CUES = frozenset(
    ("sorry", "no", "actually", "wait", "correction", "mean", "rather", "instead", "oops")
) | {"mistake", "wrong", "now", "make"}
_STATING = frozenset(
    ("it's", "that's", "is", "be", "to", "total", "makes", "costs", "comes", "that'll", "it'll")
)
_REACH = 6  # words that a negation reaches forward


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of one turn between two pauses; `has_cue`: a correction was announced before."""

    turn: int
    text: str
    is_question: bool
    has_cue: bool


def find_evidence(
    value: str, kind: FactKind.ValueType, turns: Sequence[TranscriptTurn]
) -> tuple[str, list[int]]:
    """Find the callee's turns that state a claimed value.

    Returns: the value in normal form (as it came when it cannot be read) and the positions of the
    turns, from 0; no position: claimed, not proven.
    """
    reading = normalise(value, kind)
    if reading is None:
        return value, _find_words(value, turns)
    proof: list[int] = []
    for clause in _clauses(turns):
        speech = read_speech(clause.text, kind)
        for mention in speech.mentions:
            stands = not clause.is_question and not _is_negated(speech.words, mention)
            if mention.means(reading.key):
                proof = [*proof, clause.turn] if stands else _without(proof, clause)
            elif (
                stands
                and mention.readings[0].sort == reading.sort
                and _is_firm(speech.words, mention, clause)
            ):
                proof = []
    return reading.written, sorted(set(proof))


def _clauses(turns: Sequence[TranscriptTurn]) -> Iterator[Clause]:
    """Give the callee's clauses in order, from the first answer to the agent on."""
    agent_spoke = False
    for position, turn in enumerate(turns):
        agent_spoke = agent_spoke or (turn.role == Role.ROLE_AGENT and bool(turn.text))
        if turn.role != Role.ROLE_CALLEE or not agent_spoke:
            continue
        text = _HARMLESS.sub(" ", turn.text.replace("\u2019", "'"))
        has_cue = False
        start = 0
        for end in [*_CLAUSE.finditer(text), None]:
            part = text[start : end.start() if end else len(text)]
            has_cue = has_cue or bool(_CUES & set(split_words(part)))
            yield Clause(position, part, end is not None and "?" in end[0], has_cue)
            start = end.end() if end else start


def _is_negated(words: Sequence[str], mention: Mention) -> bool:
    before = words[max(0, mention.start - _REACH) : mention.start]
    after = words[mention.end :]
    negated = any(_negates(word) for word in (*before, *after)) or bool(_WRONG & set(after))
    return negated or bool(_NOT_MEANT.search(" ".join(before)))


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _is_firm(words: Sequence[str], mention: Mention, clause: Clause) -> bool:
    """Say whether another value than the claimed one replaces it: a bare number needs a sign."""
    before = words[mention.start - 1] if mention.start else ""
    return mention.is_plain or clause.has_cue or before in _STATING


def _without(proof: Sequence[int], clause: Clause) -> list[int]:
    """Drop what stood: its value was taken back. A mere question takes nothing back."""
    return list(proof) if clause.is_question else []


def _find_words(value: str, turns: Sequence[TranscriptTurn]) -> list[int]:
    wanted = split_words(value)
    if not wanted:
        return []
    proof: list[int] = []
    for clause in _clauses(turns):
        words = split_words(clause.text)
        for start in range(len(words) - len(wanted) + 1):
            if words[start : start + len(wanted)] == wanted:
                found = Mention(start, start + len(wanted), ())
                stands = not clause.is_question and not _is_negated(words, found)
                proof = [*proof, clause.turn] if stands else _without(proof, clause)
    return sorted(set(proof))
