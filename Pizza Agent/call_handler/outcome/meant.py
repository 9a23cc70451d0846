"""How one value is meant by the words around it: stated, denied, or said of something else."""

import re
from collections.abc import Sequence
from itertools import pairwise

from call_handler.outcome.clauses import Clause, Tone
from call_handler.outcome.mentions import Passage
from call_handler.outcome.reading import Mention
from ringback.v1.call_results_pb2 import FactKind

_NEGATIONS = frozenset(
    ("not", "no", "never", "cannot", "without", "nor", "neither", "nothing", "none", "except")
)
_WRONG = frozenset(
    ("wrong", "incorrect", "impossible", "full", "taken", "booked", "gone", "unavailable", "busy")
)
_NO_DAY = _WRONG | {"holiday", "off", "closed"}
_OTHERS = frozenset(("we", "i", "you", "they", "there"))
_REACH = 6  # words that a negation reaches forward
_BRIEF_WAIT = 5  # minutes: "give me five minutes"
_BRIEF = 2  # words after an amount within which a negation means it
_INTERJECTION = re.compile(
    r"^((?:\w+ )*?)(?:no|nope)(?: (?=(?:it's|it|that's|that|the|its|sorry|wait|i|we|actually|you"
    r"|they|make|rather|yes|this)\b)|$)"
)

_DENIED_BEFORE = re.compile(
    r"\b(?:instead of|rather than|used to be|would have been|more than)\b|\bthan$"
    r"|\b(?:fully booked|booked (?:up|out)|full|busy|away|off|on holiday)(?: (?:on|at|for|the))*$"
)
_ASIDE_BEFORE = re.compile(
    r"\b(?:over|under|above|below|up to|at least|since|until|till|every|starting|starts?"
    r"|minimum|maximum|last orders?|clos(?:e|es|ed|ing)|opening (?:hours|times?)|opens"
    r"|(?:we|they|shop|kitchen|store|salon) opens?"
    r"|(?:call|ring|phone|try)(?: (?:us|me|you|him|again|back|in|on|at|the))*$"
    r"|(?:comes|is|are|be|i'm|he's|she's|they're|gets) back(?: (?:in|at|on))*$"
    r"|stop(?:s|ped)?|ends?|ended|last$|(?:have|has|had) been|(?:your|the) budget|(?:has"
    r"|have|needs?) to be$|must be$"
    r"|(?:we're|we are|are|shop is|kitchen is) open|open (?:at|from|on|until|till))\b"
)
_WAITING = re.compile(r"\b(?:give me|hold on|hang on|bear with me|back in|with you in|just|wait)\b")
_EXTRA = (
    r"(?:delivery|deliveries|shipping|tips?|deposit|minimum|discount|coupon|voucher|drinks?|cokes?"
    r"|colas?|sodas?|beers?|wines?|waters?|sauces?|dips?|toppings?|extras?|sides?|bags?|tax|service"
    r"|fee|surcharge|cancellation)"
)
_EXTRA_BEFORE = re.compile(
    rf"\b{_EXTRA}(?: (?:fee|charge|order|price|is|are|costs?|will|would|be|comes|to|of|adds|that's"
    r"|it's|another|an|extra|only|just|about|then))*$"
    r"|\b(?:another|extra|additional|plus|saves?|saving|tip|deposit) (?:about )?$"
    r"|\b(?:another|extra|additional|plus|saves?|saving)$"
)
_EXTRA_AFTER = re.compile(
    rf"^(?:(?:for|of) )?(?:(?:the|a|an|each|every|one) )?(?:(?!and\b)\w+ )?{_EXTRA}\b"
    r"|^(?:each|apiece|a piece|per|extra|off|more|on top|back|change|cheaper|less)\b"
    r"|^a (?:slice|piece|head|person|bottle|glass|can)\b"
)
_SUMMED = re.compile(r"\bplus (?:the )?\w+ (?:is|makes|comes to|gives)$")
_ADDED = re.compile(r"\b(?:and|plus|another|additional)\b")
_INCLUDED = re.compile(r"^(?:with|including|and) ")
_PLUS_AFTER = re.compile(
    r"^(?:would|might|could|until|till|yesterday|plus|before|excluding|not including|not counting"
    r"|without|and up|or so)\b"
)
_ROUGHLY = re.compile(
    r"\b(?:about|around|roughly|approximately|nearly|almost|something like|from"
    r"|(?:has|sells?|does|offers?|charges|had) it for)$"
)
_AWAY_AFTER = re.compile(
    r"^(?:(?:just|only) to|to (?:walk|drive|get|heat|warm)|from (?:here|us|the)|ago|away"
    r"|late|early|drive|walk"
    r"|before|after"
    r"|older)\b"
)
_NOT_OURS = re.compile(
    r"\b(?:we|they|i)(?:'re| are)? (?:clos|open|re-?open)|\b(?:someone|somebody) else\b"
    r"|\buntil (?:this|yesterday|just|today|now)\b"
)
_OPEN_TIMES = frozenset((FactKind.FACT_KIND_TIME, FactKind.FACT_KIND_DAY))


def hear_tone(clause: Clause, passage: Passage, number: int, kind: FactKind.ValueType) -> Tone:
    """Hear how the mention of that number is meant within its clause."""
    mention = passage.mentions[number]
    start = passage.mentions[number - 1].end if number else 0
    is_last = number + 1 == len(passage.mentions)
    end = len(passage.words) if is_last else passage.mentions[number + 1].start
    if clause.is_command and kind != FactKind.FACT_KIND_NUMBER:
        return Tone.ASIDE
    if _is_bound(passage, number, kind):
        return Tone.DOUBTED
    before = list(passage.words[start : mention.start])
    after = list(passage.words[mention.end : end])
    if _is_negated(before, after, kind, is_last=is_last):
        return Tone.DENIED
    return _hear_rest(clause, " ".join(before), " ".join(after), mention, kind)


def _is_bound(passage: Passage, number: int, kind: FactKind.ValueType) -> bool:
    """Say whether it is only one end of a range: "between twelve and fourteen dollars"."""
    if kind == FactKind.FACT_KIND_TIME:
        return False  # a range of times is a value of its own
    mentions = passage.mentions[max(0, number - 1) : number + 2]
    links = [" ".join(passage.words[one.end : two.start]) for one, two in pairwise(mentions)]
    return "to" in links or ("and" in links and "between" in passage.words)


def _hear_rest(
    clause: Clause, before: str, after: str, mention: Mention, kind: FactKind.ValueType
) -> Tone:
    if _ASIDE_BEFORE.search(before):
        return Tone.ASIDE
    if kind in _OPEN_TIMES and _NOT_OURS.search(after):
        return Tone.ASIDE
    match kind:
        case FactKind.FACT_KIND_TIME:
            # A time is a guess by nature: "about twenty minutes, I think".
            return Tone.ASIDE if _is_other_time(before, after, mention) else Tone.STATED
        case FactKind.FACT_KIND_MONEY if _is_extra(before, after):
            # An extra that is added up leaves the total open.
            return Tone.DOUBTED if _ADDED.search(before) else Tone.ASIDE
        case _:
            is_doubted = clause.is_guess or _ROUGHLY.search(before) or _PLUS_AFTER.search(after)
            return Tone.DOUBTED if is_doubted else Tone.STATED


def _is_negated(
    before: Sequence[str], after: Sequence[str], kind: FactKind.ValueType, *, is_last: bool
) -> bool:
    near = _INTERJECTION.sub(r"\1", " ".join(before)).split()[-_REACH:]
    if any(_negates(word) for word in near) or _DENIED_BEFORE.search(" ".join(before)):
        return True
    following = list(after)
    while following and not is_last and _negates(following[-1]):
        following.pop()  # "fourteen fifty, not sixteen": it means the next one
    # After an amount another statement may begin: "fourteen fifty we don't take cards".
    is_other = kind not in _OPEN_TIMES and bool(following) and following[0] in _OTHERS
    is_other = is_other and before[-1:] != ["for"]
    wrong = _NO_DAY if kind in _OPEN_TIMES else _WRONG
    if bool(wrong & set(following)) and not is_other:
        return True
    if kind not in _OPEN_TIMES:
        following = [] if is_other else following[:_BRIEF]
    return any(_negates(word) for word in following)


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


def _is_extra(before: str, after: str) -> bool:
    if _SUMMED.search(before):
        return False  # "twelve plus tax is fourteen fifty"
    is_named_after = _EXTRA_AFTER.search(after) and not _INCLUDED.search(after)
    return bool(_EXTRA_BEFORE.search(before) or is_named_after)


def _is_other_time(before: str, after: str, mention: Mention) -> bool:
    """Say whether it is no time of the errand: "one minute, please", "twenty minutes ago"."""
    minutes = dict(mention.readings[0].parts).get("low")
    is_brief = isinstance(minutes, int) and 0 < minutes <= _BRIEF_WAIT
    is_wait = is_brief and (minutes == 1 or _WAITING.search(before) is not None)
    return is_wait or _AWAY_AFTER.search(after) is not None
