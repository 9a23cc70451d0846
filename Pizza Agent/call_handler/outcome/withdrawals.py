"""What takes a value back without naming another one: a "no", a mistake, an order called off."""

import re

from call_handler.outcome.clauses import Clause, Tone, fold_text
from call_handler.outcome.mentions import join_values, read_passage
from call_handler.outcome.numbers_in_words import find_runs, split_words
from call_handler.outcome.reading import Reading
from ringback.v1.call_results_pb2 import FactKind

_NO = re.compile(
    r"^(?:(?:uh|um|er|oh|well|sorry|wait|hm+)[ ,.]+)*(?:no|nope|not quite|wrong|incorrect"
    r"|that's (?:wrong|not|incorrect)|that is (?:wrong|not|incorrect)|that isn't|it isn't"
    r"|i (?:didn't|never) (?:say|said) that)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:no|nope)[ ,.!]*)+(?:yes|yeah|yep|sure|exactly|okay|thanks?"
    r"|that's (?:all|it|everything|fine|right|correct|good)"
    r"|all good|that is (?:all|it|everything)|nothing else|good ?bye|bye|have a|you too"
    r"|you're welcome|see you)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:yes|yeah|yep|exactly|right|correct|that's (?:right|correct|it))\b", re.IGNORECASE
)
_REPEATS = re.compile(
    r"\b(?:so|that's|that is|it's|it is|is it|right|correct|then)\b", re.IGNORECASE
)
_ASKS_IF_RIGHT = re.compile(
    r"^\W*(?:and |so )?(?:(?:is|was) )?(?:that |this |it |all )*"
    r"(?:right|correct|true|yes|okay|ok)\W*$"
    r"|\b(?:have|did) i (?:get|got|hear|heard|understood) (?:that|it|you)\b",
    re.IGNORECASE,
)
_LAST_QUESTION = re.compile(r"[^.?!]*(?:\.\d[^.?!]*)*\?[^.?!]*$")
_MISTAKEN = re.compile(
    r"\b(?:that was (?:wrong|incorrect|a mistake)|i was (?:wrong|mistaken)|i made a mistake"
    r"|i misread|forget what i said|scratch that|what i (?:said|told you) (?:was|is) (?:wrong|not)"
    r")\b",
    re.IGNORECASE,
)
_CALLED_OFF = re.compile(
    r"\b(?:sold out|out of stock"
    r"|(?:we're|we are|we ran|we've run|we have run|just ran) (?:\w+ )?out of (?!town|the way)\w+"
    r"|(?:can't|cannot|can not|unable to|not able to|not going to|couldn't|can no longer|won't)"
    r" (?:make|do|take|fill|accept|prepare|serve|offer|manage|bake|help)"
    r"(?: (?:it|that|this|you|your|any|anything|tonight|today|orders?"
    r"|the (?:order|pizza|appointment|slot))\b"
    r"(?! (?:any |for |much )*(?:cheaper|less|under|faster|sooner|earlier|before|lower))|$)"
    r"|(?:have to|must|need to|going to|i'll|we'll|i will|we will) cancel|(?:is|are|was|been|it's)"
    r" cancell?ed|no (?:order|deal|appointment)\b(?! (?:number|fee|yet|needed|necessary))"
    r"|(?:slot|appointment|spot|table|one|time|that|it|pizza)(?:'s| is| was| has| just| already)*"
    r" gone\b(?! up| down| through| in| out)"
    r"|(?:slot|appointment|spot|table|one|time)(?: just| already)* went\b(?! up| down| well)"
    r"|(?:nothing|none|no \w+|never any) left|don't have (?:\w+ ){1,3}(?:left|any ?more)"
    r"|don't have (?:it|that|that one|those|them)$|sold (?:the|our) last|was (?:the|our) last"
    r"|(?:we're|we are|kitchen is|shop is) (?:now |already |actually )?clos(?:ed|ing)\b"
    r"(?! (?:on|every|at|in|for lunch|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b)"
    r"|(?:not|stopped|stop) taking (?:any |new |more )*(?:orders|appointments)"
    r"|no longer (?:make|do|take|deliver|offer|serve)"
    r"|(?:that|it|this)(?:'s| is) (?:not|no longer) (?:possible|available)"
    r"|changed (?:my|our) mind|kidding|joking|in your dreams|just a joke|psych"
    r"|(?:it|that)(?:'s| is)(?: actually| a bit| a little)? (?:more|less|higher|lower|cheaper"
    r"|longer"
    r"|later|earlier)(?! like| or less)|that's (?:the|a) (?:small|other|old|wrong)"
    r"|that's for (?:the|a) (?:small|medium|large|other)"
    r"|(?:old|wrong) (?:price|list|menu|page|line|day|calendar|week|customer)"
    r"|(?:she|he|we|they|i)(?:'s|'re|'m| is| are| am) (?:completely |all )?"
    r"(?:full|fully booked|booked (?:up|out|solid)|on holiday)"
    r"|forget (?:about )?(?:it|the (?:order|appointment))"
    r"|i'm afraid (?:not|we can't|that's not))\b",
    re.IGNORECASE,
)
_ADDED_LATER = re.compile(
    r"^(?:(?:oh|and|well|sorry|but) )*(?:plus|not including|without|excluding) (?:the )?"
    r"(?:tax|delivery|tip|service|vat)\b",
    re.IGNORECASE,
)
_SHIFTED = re.compile(
    r"\b(?:hours?|minutes?|days?|weeks?|bit|little|time) (?:earlier|later|sooner|longer)\b",
    re.IGNORECASE,
)


def calls_off(clause: Clause, kind: FactKind.ValueType) -> bool:
    """Say whether a clause undoes what was agreed before, such as "we are out of dough"."""
    if kind in {FactKind.FACT_KIND_TIME, FactKind.FACT_KIND_DAY} and _SHIFTED.search(clause.text):
        return True  # even as a question: "could you come an hour later?"
    if clause.tone is Tone.ASIDE:
        return False
    is_added = kind == FactKind.FACT_KIND_MONEY and _ADDED_LATER.search(clause.text) is not None
    return is_added or _CALLED_OFF.search(clause.text) is not None


def denies(text: str, told: str, reading: Reading, kind: FactKind.ValueType) -> bool:
    """Say whether an answer to what the agent told or asked takes a value back.

    A bare "no" takes back what the agent has just read back; one that goes on with a figure
    corrects that figure only.
    """
    answer = fold_text(text).strip()
    if _names_anything(answer):
        return False
    if _MISTAKEN.search(answer):
        return True
    wanted = split_words(reading.written)
    if _YES.search(answer) and _REPEATS.search(told):  # agreed to another value
        mentions = read_passage(join_values(told, kind), kind, wanted).mentions
        agreed = any(mention.agrees_with(reading) for mention in mentions)
        return not agreed and any(each.contradicts(reading) and each.is_plain for each in mentions)
    if not _NO.search(answer) or _POLITE.search(answer):
        return False
    passage = read_passage(join_values(_find_denied(told), kind), kind, wanted)
    return any(mention.agrees_with(reading) for mention in passage.mentions)


def _find_denied(told: str) -> str:
    """Find what a "no" denies: a question alone, but all of it when it asks whether it is right."""
    question = _LAST_QUESTION.search(told.strip())
    if question is None or _ASKS_IF_RIGHT.search(question[0]):
        return told
    return question[0]


def _names_anything(text: str) -> bool:
    has_figures = re.search(r"\d", text) is not None
    has_numbers = has_figures or any(True for _ in find_runs(split_words(text)))
    named_days = read_passage(join_values(text, FactKind.FACT_KIND_DAY), FactKind.FACT_KIND_DAY)
    return has_numbers or bool(named_days.mentions)
