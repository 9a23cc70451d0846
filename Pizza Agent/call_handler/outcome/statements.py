"""What the callee states of one kind of value, turn by turn: how firmly, and of which thing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from call_handler.outcome.clauses import Clause, Tone, split_clauses
from call_handler.outcome.meant import hear_tone
from call_handler.outcome.mentions import Passage, join_values, read_passage
from call_handler.outcome.reading import Mention
from call_handler.outcome.withdrawals import calls_off
from ringback.v1.call_results_pb2 import FactKind

_CUE = re.compile(
    r"\b(?:sorry|no|nope|actually|correction|oops|mistake|scratch that|make (?:that|it)"
    r"|i mean|meant|more like|better|rather|instead|wrong|hold on|hang on|(?<!the )(?<!a )wait"
    r"|now (?:it's|it is|that's)|is now|it's now|not)\b"
)
_STATING = frozenset((
    "it's", "that's", "is", "be", "to", "plus", "total", "makes", "costs", "comes", "so", "that'll",
    "it'll", "owe", "charge", "that", "it", "like", "say", "better",
))  # fmt: skip
_FILLERS = frozenset((
    "ok", "okay", "yes", "yeah", "yep", "sure", "right", "so", "well", "um", "uh", "er", "oh",
    "ah", "hmm", "alright", "then", "and", "now", "perfect", "great", "fine", "good", "thanks",
    "please", "sir", "madam", "hello", "hi", "just", "only", "exactly", "sorry", "no", "wait",
    "actually", "rather", "mean", "i", "of", "course", "let", "me", "see", "all",
))  # fmt: skip
_LIGHT = frozenset(("exactly", "just", "only", "um", "uh", "er", "then"))
_NEUTRAL = _FILLERS | frozenset((
    "it", "it's", "its", "it'll", "it'd", "that", "that's", "that'll", "this", "they", "i'll",
    "we", "we'll", "we'd", "you", "you'll", "you'd", "you're", "your", "yours", "be", "is",
    "are", "was", "will", "would", "should", "can", "could", "comes", "come", "costs", "cost",
    "makes", "make", "to", "a", "an", "the", "total", "sum", "amount", "price", "bill",
    "altogether", "order", "everything", "together", "grand", "whole", "pay", "owe", "need",
    "charge", "get", "gets", "have", "has", "ready", "in", "at", "by", "about", "around", "on",
    "takes", "take", "say", "let's", "with", "including", "delivery", "done", "there", "here",
    "pick", "up", "collect", "delivered", "booked", "down", "put", "appointment", "slot",
    "free", "works", "number", "code", "reference", "confirmation", "booking", "changed",
    "gone", "within", "what", "correction", "had", "said", "already", "told", "i'm", "do",
))  # fmt: skip
_OTHER_THING = re.compile(
    r"^(?:for|with) (?!you\b|everything\b|all\b|that\b|it\b|both\b|the (?:lot|whole))"
)
_SUBJECT = re.compile(
    r"((?:[a-z']+ )?[a-z']+) (?:is|are|costs?|comes to|would be|will be|makes)(?: exactly| only)?$"
)
_ANYTHING = frozenset((
    "for", "and", "plus", "of", "my", "pizza", "pizzas", "food", "meal", "lunch", "dinner",
    "thing", "things", "one", "ones", "cash",
    "pickup", "tax", "haircut", "cut", "treatment", "grand", "final", "full", "today", "because",
    "here", "card", "lot", "special",
))  # fmt: skip
_TOTAL = re.compile(r"^(?:in )?(?:total|altogether|all together|all in)\b")
_ELIDED = re.compile(r"^(?:and )?(?:the|a|an) \w+(?: \w+)?$|^or$")  # "the large [is] sixteen"


@dataclass(frozen=True, slots=True)
class Statement:
    """One mention of a value by the callee.

    `is_neutral`: about what was ordered ("it is ..."), not about a thing with a name. `has_cue`:
    the callee announced a correction. `is_firm`: no number that only happens to be there.
    `is_bare`: nothing but fillers stood before it. `subject`: the words that name the thing it is
    said of, such as "the small one is ..."; empty when it has no name of its own.
    """

    turn: int
    mention: Mention
    tone: Tone
    is_neutral: bool
    has_cue: bool
    is_firm: bool
    is_bare: bool
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A clause that undoes what was agreed before, without another value."""

    turn: int


def read_statements(
    turn: int, text: str, kind: FactKind.ValueType, wanted: Sequence[str] = ()
) -> Iterator[Statement | Withdrawal]:
    """Read the values of a kind that one turn of the callee mentions, in order."""
    since: list[str] = []  # the words since the last value: a correction is announced there
    for clause in split_clauses(join_values(text, kind)):
        passage = read_passage(clause.text, kind, wanted)
        is_called_off = calls_off(clause, kind)
        if is_called_off and _goes_on(passage):
            yield Withdrawal(turn)
        start = 0
        for number, mention in enumerate(passage.mentions):
            since += passage.words[start : mention.start]
            has_cue = _CUE.search(" ".join(since)) is not None
            yield _state(turn, clause, passage, number, kind, has_cue=has_cue)
            since, start = [], mention.end
        since += passage.words[start:]
        if is_called_off and not _goes_on(passage):
            yield Withdrawal(turn)


def _goes_on(passage: Passage) -> bool:
    """Say whether a value follows from what was said before: "we are full, so forty minutes"."""
    return bool(passage.mentions) and "so" in passage.words[: passage.mentions[0].start]


def _state(  # noqa: PLR0913 - one mention and all that stands around it
    turn: int,
    clause: Clause,
    passage: Passage,
    number: int,
    kind: FactKind.ValueType,
    *,
    has_cue: bool,
) -> Statement:
    mention = passage.mentions[number]
    start = passage.mentions[number - 1].end if number else 0
    before = passage.words[start : mention.start]
    after = " ".join(passage.words[mention.end : mention.end + 4])
    named = [word for word in before if word not in _NEUTRAL]
    is_bare = all(word in _FILLERS for word in before)
    is_neutral = not named and not is_bare and not _OTHER_THING.search(after)
    is_neutral = is_neutral or _TOTAL.search(after) is not None
    is_firm = mention.is_plain or _is_firm(before, has_cue=has_cue, is_bare=is_bare)
    tone = max(clause.tone, hear_tone(clause, passage, number, kind))
    subject = _find_subject(" ".join(before))
    return Statement(turn, mention, tone, is_neutral, has_cue, is_firm, is_bare, subject)


def _find_subject(before: str) -> tuple[str, ...]:
    found = _SUBJECT.search(before)
    words = found[1].split() if found else []
    return tuple(word for word in words if word not in _NEUTRAL | _ANYTHING)


def _is_firm(before: Sequence[str], *, has_cue: bool, is_bare: bool) -> bool:
    stating = [word for word in before if word not in _LIGHT]
    last = stating[-1] if stating else ""
    return (
        last in _STATING
        or (is_bare and has_cue)
        or _CUE.fullmatch(last) is not None
        or _ELIDED.search(" ".join(before)) is not None
    )
