"""Whether the callee asks never to be called again."""

import re

from call_handler.outcome.callee_words import fold, one_of

_CALL = r"(?:call|ring|phone|dial|contact)"
_BOTHER = r"(?:call|ring|phone|dial|contact|bother|disturb)"
_NOT = r"(?:don't|dont|do not|never|not to|must not|mustn't|shouldn't|should not|can't|cannot)"
_ANY_MORE = r"(?:again|any ?more|any longer|ever|in (?:the )?future)"
_HERE = r"(?:me|us|here|this (?:number|phone|line|place|shop)|(?:my|our) (?:number|phone))"
_LIST = r"(?:list|lists|database|system|records|contacts|directory|phone ?book)"
_TAKE = r"(?:take|remove|delete|strike|get|wipe|scrub)"
_AFTER = r"(?=\s*(?:[.,!;]|$|or i|you|we|i\b|this is|it's))"
_PERIODS = r"(?:morning|evening|afternoon|week)"
_HOURS = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_ASKS = one_of(rf"""
    \b{_NOT} (?:ever |you |try to )*{_BOTHER} (?:{_HERE} ?){{0,2}}(?:\w+ ){{0,2}}?{_ANY_MORE}\b
    \b(?:stop|quit) (?:\w+ )?(?:calling|ringing|phoning|contacting|bothering|harassing)\b
    \b(?:never|don't ever|do not ever|don't you ever) {_CALL} (?:{_HERE})\b
    \b{_TAKE} (?:\w+ ){{1,4}}(?:off|from|out of) (?:\w+ ){{1,3}}{_LIST}\b
    \b(?:do[- ]not[- ]call|no[- ]call|don't call) (?:list|registry|register)\b
    \b(?:lose|delete|forget|erase) (?:this|my|our) (?:phone )?number\b
    \b(?:unsubscribe|opt(?:ing)? (?:me |us )?out)\b
    \b(?:don't|do not) want to (?:be|get) (?:called|contacted|rung)
    \b(?:don't|do not) want (?:any|these|your|more|such)(?: \w+){{0,2}} calls?\b
    \b(?:don't|do not) want you (?:to call|calling)
    \bno (?:more|further) (?:\w+ )?(?:phone )?calls\b
    \b(?:don't|do not) {_CALL} (?:{_HERE})(?: please)?{_AFTER}
""")
# "Take the onions off the list of extras" is about something else than the caller.
_WHOSE = re.compile(r"\b(?:me|us|my|our|this number|the number)\b")
_TAKE_OFF = re.compile(_TAKE)
# "Don't call it margherita", "do not call before six", "don't call again before noon".
_ONLY_THEN = one_of(rf"""
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? (?:before|after|until|till|between|during|unless|so)\b
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? on (?:mon|tues|wednes|thurs|fri|satur|sun)\w*
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? (?:today|tonight|tomorrow|this {_PERIODS})\b
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? at (?:\d|noon|night|lunch|dinner|the moment|{_HOURS})
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? from (?:a|your) (?:blocked|private)
""")
_DENIED = one_of(r"""
    \bi didn't say
    \bnot (?:saying|asking)
    \bno need to
    \byou don't (?:have|need) to\b
    \bi (?:can't|cannot|don't want to) (?:call|ring|phone|dial|contact)\b
""")
_ASKS_BACK = re.compile(r"\W*(?:did|do|does|are|is|have|why)\b")
_BREAK = re.compile(r"(?<=[.?!;])\s+|\s*[\u2013\u2014]\s*|\n+")


def asks_not_to_be_called(text: str) -> bool:
    """Say whether a turn of the callee asks that nobody call this number again.

    A request that holds for a time only ("not before six") and a word for a thing ("don't call it
    margherita") are none.
    """
    return any(_asks(part) for part in _BREAK.split(fold(text)))


def _asks(sentence: str) -> bool:
    if _ONLY_THEN.search(sentence) or _DENIED.search(sentence):
        return False
    if sentence.endswith("?") and _ASKS_BACK.match(sentence):
        return False
    asked = _ASKS.search(sentence)
    if asked is None:
        return False
    return not _TAKE_OFF.match(asked.group()) or _WHOSE.search(asked.group()) is not None
