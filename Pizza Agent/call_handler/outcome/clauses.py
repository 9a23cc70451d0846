"""What a turn says, clause by clause, and in which tone: stated, asked, on a condition, doubted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum


class Tone(IntEnum):
    """How a clause says what it says; a higher one hides the lower ones."""

    STATED = 0
    DOUBTED = 1
    """A guess, or the word of somebody else."""
    DENIED = 2
    ASIDE = 3
    """A question, a condition, a machine: it says nothing about this errand."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of one turn between two pauses.

    `is_guess`: said with "I think" or "probably", which is good enough for a time and no more.
    `is_command`: tells the agent what to write down, which states nothing but a code.
    """

    text: str
    tone: Tone
    is_guess: bool = False
    is_command: bool = False


_HARMLESS = re.compile(
    r"\b(?:no|not an?y?) (?:problem|worries|trouble|doubt)\b|\bdon't worry\b|\bwhy not\b"
    r"|\bnot bad\b"
    r""
    r"|\b(?:no,? )+thank(?:s| you)\b"
    r"|\bsorry (?:for|about) (?:the|that|your)\b(?: wait(?:ing)?| delay)?"
    r"|\bwhy don't (?:you|we)\b|\bif that (?:works|suits)(?: for)?(?: you)?"
    r"|\bif (?:that's|that is|it's|that'd be)(?: (?:ok|okay|fine|all right|alright|good|enough))+"
    r"(?: (?:for|with|by) you)?"
    r"|\bif you (?:like|want|wish|don't mind)(?=\s*(?:$|[.,!?]))|\bif i may\b|\bas if\b",
    re.IGNORECASE,
)
_CHECKED = re.compile(r",?\s+(?:ok|okay|all right|alright)\s*\?", re.IGNORECASE)
_DOTTED = re.compile(r"\b([apAP])\.\s?[mM]\b\.?(?=(\s+[A-Z])?)")
_O_CLOCK = re.compile(r"\bo'? ?clock\b", re.IGNORECASE)
_NUMBER_IS = re.compile(r"\b(\w+(?:ty|teen|[nsri]day|tomorrow))'s\b", re.IGNORECASE)
_ALL_BUT = re.compile(r"\b((?:every|any|all|each)\W?\w*) but\b", re.IGNORECASE)
_ELLIPSIS = re.compile(r"\.{2,}|\u2026")
_SENTENCE = re.compile(r"[.!?;]+(?=\s|$)")
_PAUSE = re.compile(
    r"[,:]+(?=\s|$)|\s[-\u2013\u2014]+\s|\bbut\b"
    r"|\s(?=(?:and|or) (?:we|i|you|it|it's|they|that|that's|there|there's|the|if|then|for)\b)",
    re.IGNORECASE,
)
_SUBJECT = (
    r"(?:so )?(?:it's|that's|it'll|that'll|(?:it|that) (?:is|will|would|comes|makes)"
    r"|we're|i'm|i'll)"
)
_RUN_ON = re.compile(rf"\b([a-z']+) +(?={_SUBJECT}\b)", re.IGNORECASE)
_LEADS = frozenset((
    "say", "said", "says", "saying", "think", "thought", "believe", "mean", "guess", "suppose",
    "told", "you", "know", "sure", "heard", "doubt", "wish", "hope", "wonder", "way",
    "if", "whether", "when", "unless", "that",
    "because", "of",
))  # fmt: skip

_START = r"^(?:(?:and|so|okay|ok|well|sorry|then|or|um|uh|oh|yes|yeah|hello|hi) )*"
_INVERTED = re.compile(
    _START + r"(?:(?:is|was|are|were|does|do|did|can|could|would|will|shall|should)(?:n't)?"
    r" (?:it|that|this|there|the|your|my|our|you|i|we|they|he|she|a|an|any\w*|every\w*)\b"
    r"|(?:what|how|who|whose|where|when|why)\b|which (?!is\b|makes\b|comes\b|will\b))",
    re.IGNORECASE,
)
_ASKING = re.compile(
    _START + r"(?:is|was|are|were|does|do|did|can|could|would|will|shall)\b", re.IGNORECASE
)
_TAG = re.compile(
    r"^(?:(?:is|was) (?:that|it) |that's )?(?:right|correct|true|yes|yeah|yep|no|is it|isn't it"
    r"|wasn't it|was it|did you say|you said|am i right|or not|or (?:is|was) it.*"
    r"|(?:is|are|was|do|does|did|can|could|will|would)(?:n't)? (?:you|there|we|they|it|he|she))$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|otherwise|whether|in case|provided|assuming|supposing|as long as"
    r"|depend(?:s|ing)"
    r"|should you|had you|were you|when you (?:order|buy|take|pay|spend|get)|for every"
    r"|would have been|could have been)\b",
    re.IGNORECASE,
)
_TODAY_IS = re.compile(r"\b(?:today|tomorrow) is (?:a )?\w+day$", re.IGNORECASE)
_WITH_WOULD = re.compile(r"\bwith(?:out)?\b.*\b(?:would|it'd|that'd)\b", re.IGNORECASE)
_WITH = re.compile(r"\bwith(?:out)?\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:not sure|unsure|no idea|don't know|do not know|don't think|do not think|don't believe"
    r"|doubt|never said|didn't say|did not say|(?:don't|can't) remember|can't say|used to)\b",
    re.IGNORECASE,
)
_UNSURE_ALONE = re.compile(
    r"\b(?:not sure|unsure|no idea|don't know|can't say|don't remember|can't remember)"
    r"(?: exactly| really| yet| about that)?$",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    r"\b(?:maybe|perhaps|possibly|might|could be|not certain|hopefully|i hope"
    r"|i wish|on (?:\w+days|weekends)|for (?:members|students|children|kids|seniors)|next door"
    r"|elsewhere|(?:they|he|she|my \w+) (?:want|pay|charge|ask)s?|other (?:shop|place|store"
    r"|branch|location|pizzeria|salon)s?|usually"
    r"|normally|typically|generally|sometimes|let's hope|last (?:week|month|year|time)"
    r"|had a \w+ (?:for|of)|(?:i|we) had(?! said| told)|i'd guess|my guess"
    r"|half of (?:that|it|this))\b",
    re.IGNORECASE,
)
_GUESS = re.compile(
    r"\b(?:i think|i believe|i guess|i suppose|probably|i reckon|i assume|i'd say)\b", re.IGNORECASE
)
_ALONE = r"^(?:and |so |well |but |only )*(?:{})(?: (?:so|though|anyway))?$"
_MAYBE_ALONE = re.compile(_ALONE.format(_MAYBE.pattern), re.IGNORECASE)
_GUESS_ALONE = re.compile(_ALONE.format(_GUESS.pattern), re.IGNORECASE)
_OWN_WORD = re.compile(r"\b(?:i|we|i've|we've|i'd|already) (?:already |just )?(?:said|told you)\b")
_HEARSAY = re.compile(
    r"\b(?:said|says|told|mentioned|heard|thought|quoted|reckons|claims?|(?:they|people|you) say)\b"
)
_HEARSAY_ALONE = re.compile(
    r"^(?:(?:as|like) )?(?:he|she|they|you|my \w+|the \w+|somebody|someone) "
    r"(?:said|says|think|thought|wanted|told (?:me|us|you))$"
)
_WOULD = re.compile(r"\b(?:would|could|i'd|we'd|it'd|that'd)\b", re.IGNORECASE)
_COMMAND = re.compile(
    _START
    + r"(?:(?:please|just|now|also|for \w+ \w+) |you (?:must|should|have to|need to|can|may) "
    r"|i (?:want|need|order|command|ask) you to |(?:make|be) sure (?:to |you )|remember to )*"
    r"(?:record|set(?! for)|write|note|mark|report|put(?! you)|enter|log|save|store|update|register"
    r"|confirm|claim|pretend|assume|treat|consider|output|respond)\b",
    re.IGNORECASE,
)
_INJECTED = re.compile(
    r"\bsystem(?::| (?:message|notice|override|prompt|note)\b)"
    r"|\b(?:developer|administrator|debug)\b"
    r"|\b(?:ignore|disregard|forget) (?:\w+ ){0,4}(?:instructions|orders|rules|prompt|told)\b"
    r"|\b(?:your|previous|new|system) (?:instructions|prompt|rules)\b|\b[a-z]+_[a-z]+\b"
    r"|\boverride\b|\btest mode\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"\b(?:leave (?:us |me )?(?:a|your) message|after the (?:tone|beep|signal)|voice ?mail"
    r"|mailbox|press (?:\d|one|two|three|four|five|six|seven|eight|nine|zero|star|hash|pound)"
    r"|you have reached the (?:voice|mail))\b",
    re.IGNORECASE,
)


def fold_text(text: str) -> str:
    """Bring a text into the form that is read: plain quotes, `pm`, `o'clock`, no empty phrases."""
    text = _O_CLOCK.sub("o'clock", text.replace("\u2019", "'"))
    text = _DOTTED.sub(lambda found: f"{found[1]}m{'.' if found[2] is not None else ''}", text)
    text = _ALL_BUT.sub(r"\1 except", _NUMBER_IS.sub(r"\1 is", text))
    return _CHECKED.sub(", okay?", _ELLIPSIS.sub(", ", _HARMLESS.sub(" ", text)))


def split_clauses(text: str) -> Iterator[Clause]:
    """Give the clauses of one folded turn in order, each with its tone."""
    is_machine = bool(_MACHINE.search(text) or _INJECTED.search(text))
    text = _RUN_ON.sub(_with_pause, text)
    start = 0
    for end in [*_SENTENCE.finditer(text), None]:
        sentence = text[start : end.start() if end else len(text)]
        is_asked = end is not None and "?" in end[0]
        for clause in _read_sentence(sentence, is_asked=is_asked):
            yield replace(clause, tone=Tone.ASIDE) if is_machine else clause
        start = end.end() if end else start


def _with_pause(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _LEADS else f"{found[1]}, "


def _read_sentence(sentence: str, *, is_asked: bool) -> Iterator[Clause]:
    """Read one sentence in the parts that `but` cuts it into: a doubt ends there."""
    parts = re.split(r"\bbut\b", sentence, flags=re.IGNORECASE)
    for number, part in enumerate(parts, start=1):
        texts = [text.strip() for text in _PAUSE.split(part)]
        is_opposed = number < len(parts) and _WOULD.search(part) is not None
        for clause in _read_part(
            [text for text in texts if text], is_asked=is_asked and number == len(parts)
        ):
            yield replace(clause, tone=Tone.ASIDE) if is_opposed else clause


def _read_part(texts: list[str], *, is_asked: bool) -> Iterator[Clause]:
    joined = " ".join(texts)
    common = _common_tone(texts)
    is_guess = any(_GUESS_ALONE.search(text) for text in texts)
    has_tag = is_asked and len(texts) > 1 and _TAG.search(texts[-1]) is not None
    has_would = _WITH_WOULD.search(joined) is not None
    is_aside = has_tag
    is_inverted = is_command = False
    for number, text in enumerate(texts, start=1):
        is_inverted = bool(_INVERTED.search(text)) or (is_inverted and is_asked)
        is_inverted = is_inverted or (is_asked and bool(_ASKING.search(text)))
        is_aside = is_aside or bool(_CONDITION.search(text))
        is_aside = is_aside or (has_would and bool(_WITH.search(text)))
        is_question = is_inverted or (is_asked and number == len(texts)) or _TODAY_IS.search(text)
        tone = Tone.ASIDE if is_aside or is_question else max(common, _tone_of(text))
        is_command = is_command or bool(_COMMAND.search(text))
        yield Clause(text, tone, is_guess or bool(_GUESS.search(text)), is_command)


def _common_tone(texts: list[str]) -> Tone:
    """Give the tone that a clause such as "I'm not sure" or "he said" lends its neighbours."""
    if any(_UNSURE_ALONE.search(text) for text in texts):
        return Tone.DENIED
    is_doubted = any(
        _MAYBE_ALONE.search(text) or _HEARSAY_ALONE.search(text.lower()) for text in texts
    )
    return Tone.DOUBTED if is_doubted else Tone.STATED


def _tone_of(text: str) -> Tone:
    if _DENIED.search(text):
        return Tone.DENIED
    others = _OWN_WORD.sub("", text.lower())
    is_doubted = _MAYBE.search(text) or _HEARSAY.search(others)
    return Tone.DOUBTED if is_doubted else Tone.STATED
