"""What an errand is about, in the person's own words: "a haircut", "my grey umbrella"."""

import re

from orchestrator.conversation.spans import TAKEN, Remainder
from orchestrator.errands import FieldSpec

_STOP = (
    rf"(?=\s*(?:$|[,.;!?\n{TAKEN}]|\b(?:and (?:my|the|call)|my (?:name|number|phone)|under"
    r"|for [A-Z]|with|at|from|on|in|please|thanks|thank you|as soon|i'm|i am|this is|it is|it's"
    r"|tell them|call)\b))"
)
_PHRASE = rf"(?P<what>(?!(?:me|us|it|that|this)\b)[\w'&][^,.;!?\n{TAKEN}]{{1,120}}?){_STOP}"
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|please|ok|okay|well|so|oh|no|sorry|actually|just|yes|rather|instead"
    r"|it'?s|it is|that'?s|this is|i (?:need|want|would like)|i'd like|make it|for|about|to get"
    r"|to have|get|an appointment for)\b[\s,:]*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[\s,.!]*(?:\b(?:please|thanks|thank you|instead)\b[\s,.!]*)*$", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"^(?:what|which|who|how|why|when|where|can|could|do|does|is|are|yes|no|ok|okay|sure|you|it"
    r"|ignore)?$|\?$|^(?:what|why|how|ignore)\b",
    re.IGNORECASE,
)


def take_subject(rest: Remainder, spec: FieldSpec) -> str:
    """Take what the errand is about out of the message; "" when it does not say.

    Words that `spec` knows count wherever they stand; others only after its cue.
    """
    known = re.compile(rf"\b(?:{spec.words})\b", re.IGNORECASE) if spec.words else None
    found = rest.take(known) if known else None
    if found is not None:
        return _written(found.group())
    cued = re.compile(rf"\b(?:{spec.cue})\s+{_PHRASE}", re.IGNORECASE) if spec.cue else None
    found = rest.take(cued) if cued else None
    return _written(found["what"]) if found is not None else ""


def take_answer_subject(rest: Remainder) -> str:
    """Take the answer to "What is it about?": all that is left, but for polite words."""
    first = next((part for part in re.split(rf"[{TAKEN}\n]+", rest.text) if part.strip(" ,.")), "")
    words = _TAIL.sub("", _LEAD.sub("", first.strip(" ,.")))
    if _NO_ANSWER.search(words):
        return ""
    rest.text = rest.text.replace(first, TAKEN * len(first), 1)
    return _written(words)


def _written(words: str) -> str:
    """Write a phrase small that has its capital only from standing first."""
    tidy = " ".join(words.split()).strip(" ,.")
    first, rest = tidy[:1], tidy[1:]
    return first.lower() + rest if rest == rest.lower() and len(tidy) > 1 else tidy
