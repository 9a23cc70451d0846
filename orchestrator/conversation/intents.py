"""What a message wants beside filling the form: a yes, a no, a fresh start, a hang-up."""

import re
from enum import StrEnum


class Intent(StrEnum):
    """Says what a whole message means; OTHER when it must be read for its values."""

    YES = "yes"
    NO = "no"
    START_OVER = "start_over"
    CALL_AGAIN = "call_again"
    HANG_UP = "hang_up"
    GREETING = "greeting"
    THANKS = "thanks"
    SHOPS = "shops"
    EMERGENCY = "emergency"
    OTHER = "other"


_SOFT = (
    r"(?:please|thanks|thank you|ok|okay|well|then|now|so|and|just|it|that|this|them|the|order|i"
    r"|all"
    r"|very|much|a|lot|oh|hey|for me|is|looks?|sounds?|go|right|away)"
)


def _whole(words: str) -> re.Pattern[str]:
    """Match a message that consists of such words and of soft ones."""
    return re.compile(
        rf"^[\W_]*(?:{_SOFT}[\W_]+)*(?:{words})(?:[\W_]+(?:{words}|{_SOFT}))*[\W_]*$", re.IGNORECASE
    )


_PATTERNS = (
    (
        Intent.START_OVER,
        _whole(
            r"start (?:over|again|from scratch)|new (?:order|errand)|reset"
            r"|cancel(?: (?:the|my) (?:order|errand|appointment))?"
            r"|never ?mind|forget (?:it|the order|everything|all of it)|stop|quit|abort|begin again"
        ),
    ),
    (
        Intent.HANG_UP,
        _whole(r"hang up(?: now)?|end the call|stop the call|stop calling|cancel the call"),
    ),
    (
        Intent.CALL_AGAIN,
        _whole(
            r"(?:call|try|ring|phone|dial)(?: (?:it|them|there|the shop))?"
            r" (?:again|once more|one more time)"
            r"|again|retry|redial|try (?:it )?another time"
        ),
    ),
    (
        Intent.YES,
        _whole(
            r"yes|yeah|yep|yup|ja|sure|ok|okay|correct|right|exactly|confirm(?:ed)?|go ahead|do it"
            r"|(?:you can |please )?(?:call|ring|phone|dial)(?: (?:them|now|there|the shop|it))*"
            r"|sounds good|looks good|that's (?:right|it|correct|fine|all)|perfect|great|good|fine"
            r"|all good|please do|absolutely|of course|definitely|place the order|order it|let's go"
            r"|y|i confirm|all correct|everything is (?:right|correct|fine)"
        ),
    ),
    (
        Intent.NO,
        _whole(r"no|nope|nah|not yet|wait|don't(?: call)?|do not call|change|no thanks|hold on|n"),
    ),
    (
        Intent.GREETING,
        _whole(
            r"hi|hello|hey|good (?:morning|afternoon|evening|day)|hi there|help|who are you"
            r"|what (?:can|do) you do(?: for me)?|how does (?:it|this) work"
        ),
    ),
    (Intent.THANKS, _whole(r"thanks|thank you|thx|cheers|bye|goodbye|good bye|see you")),
)
_EMERGENCY = re.compile(
    r"\b(?:call|dial|ring|phone|get|send|need)\s+(?:me\s+)?(?:an?\s+|the\s+)?"
    r"(?:ambulance|police|cops|fire (?:brigade|department|service)|firefighters|coast ?guard"
    r"|emergency(?: services?| number)?|paramedics)\b",
    re.IGNORECASE,
)
_SHOPS = re.compile(
    r"^\W*(?:(?:which|what) (?:other )?(?:shops?|restaurants?|places?|pizzerias?)\b"
    r"(?! (?:is|was|did|has)\b)|(?:who|whom|where) can (?:you|i) (?:call|order)\b"
    r"|(?:list|show)(?: me)? (?:all |the |your )*(?:shops|restaurants|places)\b)[^.!\n]*$",
    re.IGNORECASE,
)
_LONGEST = 80  # characters of a message that is nothing but an intent


def read_intent(text: str) -> Intent:
    """Say what a message wants as a whole."""
    if _EMERGENCY.search(text):
        return Intent.EMERGENCY
    if len(text) <= _LONGEST:
        for intent, pattern in _PATTERNS:
            if pattern.match(text):
                return intent
        if _SHOPS.match(text):
            return Intent.SHOPS
    return Intent.OTHER
