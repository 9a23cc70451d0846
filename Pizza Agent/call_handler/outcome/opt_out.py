"""Whether the callee asks never to be called again."""

import re

from call_handler.outcome.callee_words import fold, one_of

_CALL = r"(?:call|ring|phone|dial|contact|bother|disturb)"
_CALLING = r"(?:calling|ringing|phoning|contacting|bothering|bugging|pestering|harassing)"
_NOT = r"(?:don't|dont|do not|don't you|never|you (?:can't|cannot|must not|mustn't|should not))"
_PLACE = r"(?:number|phone|line|place|shop|business|company|restaurant|office|house)"
_HERE = rf"(?:me|us|here|back|(?:this|my|our) {_PLACE})"
_AGAIN = r"(?:(?:ever )?again|any ?more|any longer|ever|in (?:the )?future)"
_TAKE = r"(?:take|remove|delete|strike|get|wipe|scrub)"
_OURS = r"(?:me|us|(?:my|our|this|the) (?:\w+ )?(?:numbers?|names?|details))"
_LIST = r"(?:list|lists|database|system|records|contacts|directory|phone ?book)"
_END = r"(?=\W*(?:$|[.,;!?]|(?:please|or|and|thank|thanks|understood|ok|okay|again|ever|now)\b))"
_HOURS = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_ASKS = one_of(rf"""
    \b{_NOT} (?:ever |dare |try to |dare to )*{_CALL} (?:{_HERE} )*(?:please )?{_AGAIN}{_END}
    \b{_NOT} (?:ever |dare |dare to )*{_CALL} (?:{_HERE})(?: please)?{_END}
    \b(?:please|you|told you(?: \w+){{0,3}}|asked you(?: \w+){{0,3}}) not (?:to )?{_CALL}{_END}
    \b(?:please|you|told you(?: \w+){{0,3}}) not (?:to )?{_CALL} {_HERE}{_END}
    \byou (?:didn't|wouldn't|did not) {_CALL}(?: {_HERE})*(?: {_AGAIN})?{_END}
    \b(?:stop|quit|refrain from) (?:\w+ )?{_CALLING}(?: {_HERE})*{_END}
    \b{_TAKE} {_OURS}(?: \w+){{0,2}} (?:off|from|out of) (?!\w+ waiting)(?:\w+ ){{1,3}}{_LIST}\b
    \bbe (?:taken|removed|deleted) (?:off|from|out of) (?:\w+ ){{1,3}}{_LIST}\b
    \b(?:do[- ]not[- ]call|no[- ]call|don't call) (?:list|registry|register)\b
    \b(?:lose|delete|forget|erase) (?:this|my|our) (?:phone )?number{_END}
    \b(?:unsubscribe|opt(?:ing)? (?:me |us )?out)\b
    \b(?:don't|do not) (?:want|wish) to (?:be|get) (?:called|contacted|rung){_END}
    \b(?:don't|do not) want (?:any|these|your|more|such)(?: \w+){{0,2}} calls?\b
    \b(?:don't|do not) want you (?:to call|calling)
    \bno (?:more|further) (?:of (?:these|those|your) )?(?:\w+ )?calls{_END}
    \b(?:never|not) want to hear from you\b
    \bleave (?:me|us) alone\b
    \bkeep (?:on )?calling\b.*\b(?:knock it off|stop)\b
""")
# "We won't call you again" is a promise; "if nobody answers, don't call again" holds for once.
_NOT_OURS = one_of(rf"""
    \b(?:we|i|he|she|it|they|nobody|system|guy)(?: \w+){{0,2}} (?:{_NOT}|won't|will not|not) {_CALL}
    \b(?:we|he|she|they) {_TAKE}\b
    \b{_CALL} you\b
    \bthere (?:are|were|will be) no\b
    ^\W*if\b
    \bnew one is\b
    \bjust (?:come|drop|walk|email|text|use)\b
""")
# "Don't call it margherita", "do not call before six", "don't call again before noon".
_ONLY_THEN = one_of(rf"""
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? (?:before|after|until|till|between|during|unless|so|when)\b
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? on (?:mon|tues|wednes|thurs|fri|satur|sun)\w*
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? (?:today|tonight|tomorrow)\b
    \b{_CALL}(?:ing)?(?: \w+){{0,3}}? this (?:morning|evening|afternoon|week)\b
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
# A question asks it of us only so, or with a tag at its end.
_ASKS_OF_US = re.compile(r"\b(?:would|could|can|will|won't) you\b|^\W*(?:please|don't you)\b")
_TAG = re.compile(r",? (?:ok|okay|understood|right|alright|all right|got (?:it|that)|clear)\?$")
_BREAK = re.compile(r"(?<=[.!;])\s+|(?<=\?)\s+(?!stop\b)|\s*[\u2013\u2014]\s*|\n+")


def asks_not_to_be_called(text: str) -> bool:
    """Say whether a turn of the callee asks that nobody call this number again.

    A request that holds for a time only ("not before six") and a word for a thing ("don't call it
    margherita") are none, nor is a promise of their own ("we won't call you again").
    """
    return any(_asks(part) for part in _BREAK.split(fold(text)))


def _asks(sentence: str) -> bool:
    if any(table.search(sentence) for table in (_ONLY_THEN, _DENIED, _NOT_OURS)):
        return False
    told = _TAG.sub(".", sentence)
    if told.endswith("?") and not _ASKS_OF_US.search(told):
        return False
    return _ASKS.search(told) is not None
