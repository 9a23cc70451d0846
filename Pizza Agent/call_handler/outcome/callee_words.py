"""What kind of speaker a sentence of the callee's side sounds like: a person, a machine, neither.

The sentences are English, as they are transcribed; the tables are ours, from the wordings that
voicemails, menus, queues and screeners commonly have. Each sentence of a turn is read by itself,
so that "leave a message after the - hello? I am here" ends as a person.
"""

import re
from enum import StrEnum


class Speech(StrEnum):
    """What one sentence sounds like."""

    VOICEMAIL = "voicemail"
    """The greeting of a voicemail or answering machine."""
    MENU = "menu"
    """A menu that wants keys or key words."""
    SCREENING = "screening"
    """A machine that asks who calls and why, on somebody's behalf."""
    INTERCEPT = "intercept"
    """A network's announcement: the number is not in service."""
    QUEUE = "queue"
    """A recorded request to wait."""
    HOLD = "hold"
    """A request to wait, as persons say it."""
    PERSON = "person"
    """Something that only a person says."""
    UNCLEAR = "unclear"
    """Words that a person and a machine may both say."""


MACHINES = frozenset({Speech.VOICEMAIL, Speech.MENU, Speech.SCREENING, Speech.INTERCEPT})
"""What only a machine says, and what tells which machine it is."""

_KEY = r"(?:zero|one|two|three|four|five|six|seven|eight|nine|\d|star|pound|hash|[*#]|any key)"
_WAIT = r"(?:moment|minute|second|sec|mo|tick)"
_PAUSE = re.compile(r"(?<=[.?!;\u2026])\s+|\s*[\u2013\u2014]\s*|\s-+\s*|\.{3,}\s*|\n+")
_NO_WORDS = re.compile(r"[\[(*\u266a\u266b][^\])*]*[\])*\u266a\u266b]?")


def one_of(lines: str) -> re.Pattern[str]:
    """Compile a table of alternatives, one on each line."""
    return re.compile("|".join(line.strip() for line in lines.strip().splitlines()))


_SURELY_PERSON = one_of(r"""
    (?:can|could|would|will|may) (?:you|i|we) .*\bleave\b.*\?
    (?:would you like|do you want|d'you want|want me|wanna) (?:\w+ ){0,4}(?:message|voice ?mail)
    (?:can|may|could|shall|should|will) i (?:\w+ ){0,4}(?:message|voice ?mail)
    (?:you can|i'll|i can|i could|let me) (?:\w+ ){0,4}(?:message|voice ?mail)
    how (?:can|may|could) (?:i|we) (?:help|assist)
    (?:can|may) i help
    what can i (?:get|do)
    \bwho(?:'s| is|s)? (?:this|there|calling|speaking)\s*\??$
    ask who(?:'s| is) (?:this|calling|speaking)
    \bspeaking\s*[.?!]?$
    i(?:'m| am) (?:right |back )?here\b(?! to)
    \bat the (?:gate|door|counter|entrance)\b
    \blet me get (?:your|this|that)\b
    \blet me see, (?:you|so|it|that)\b
    \bsecond name\b|\b(?:tell|give) me your number\b
    ^\W*(?:it(?:'ll| will| would)|that(?:'ll| will)) (?:be|take) .*\b(?:minutes?|hours?)\b
    ^\W*thank(?:s| you) for (?:holding|waiting)\W*$
""")
_MENU_WITH_MESSAGE = one_of(rf"""
    to leave (?:us )?(?:a|your) (?:voice ?)?(?:message|mail),? (?:please )?(?:press|dial|say)
    (?:press|dial) {_KEY} (?:and|to) leave
""")
_CONNECTING = one_of(r"""
    (?:try to|i(?:'ll| will| can)|before (?:i|we)) connect you
""")
_VOICEMAIL = one_of(r"""
    leave (?:me |us |him |her |them )?(?:a|your|the) (?:\w+,? ){0,3}(?:message|voice ?mail)
    \bleave (?:me |us )?(?:your|a) (?:full )?name,? (?:and|phone|number|telephone|a )
    \bleave (?:me |us )?your (?:phone |telephone )?number (?:and (?:a|your)|after|at)
    (?:after|at|hear) the (?:\w+ )?(?:tone|beep|signal)\b
    wait for the (?:tone|beep|signal)\W*$
    record (?:a|your) (?:\w+ )?message
    (?:reached|this is) the (?:\w+ ){0,3}(?:voice ?mail|answering machine|mailbox)
    (?:to|reached) (?:an automated |a |the |\w+'s? )?voice ?(?:mail|message|messaging)
    mail ?box (?:is|has|belong|of\b)
    (?:can't|cannot|can not|couldn't) (?:come to|answer|get to|take) \w+ (?:phone|call)\b(?! on)
    (?:unable|not able) to (?:come to|answer|get to|take) \w+ (?:phone|call)\b(?! on)
    (?:can't|cannot|unable to|not able to) pick up (?:the|your) (?:phone|call)
    (?:person|party|subscriber|customer) (?:that )?you\b.*(?:not |un)available
    (?:no ?one|nobody) is (?:\w+ )?(?:available|here|able) to (?:take|answer) (?:your|the)
    (?:finished|done) (?:recording|with your message|leaving)
    forwarded to (?:\w+ ){0,3}(?:voice|messag)
    we missed your call
""")
_MENU = one_of(rf"""
    \b(?:press|dial|push|hit|touch) (?:the )?{_KEY}\b(?! of\b)
    \bpress (?:or say|the (?:star|pound|hash))
    \bsay or press\b
    \bfor [\w' ]{{2,40}}?,? (?:please )?(?:press|dial) \w+
    \bfor [\w' ]{{2,40}}?,? (?:please )?say ["'\u201c]?\w+["'\u201d]?\s*(?:[,.;]|$|or\b)
    \bto [\w' ]{{3,40}}, (?:please )?(?:press|dial|say) ["'\u201c]?\w+
    \b(?:main|previous) menu\W*$|\b(?:back|return) to the (?:\w+ )?menu\b
    \bfollowing (?:options|choices|departments|menu)\b
    \bmenu (?:options )?(?:have|has) (?:recently )?changed
    \b(?:our|the|these) options have (?:recently )?changed
    \bto (?:repeat|hear) (?:these|this|the|our) (?:\w+ )?(?:options|menu|choices|message)
    \b(?:in)?valid (?:option|selection|choice|entry|response|extension|key)\b(?! for)
    (?:make|choose|enter|recogni[sz]e) (?:a|your|the|that) (?:\w+ )?(?:selection|choice|option)
    (?:get|catch|hear) (?:a|your|the|that) (?:\w+ )?(?:selection|choice|response|entry|input)
    (?:enter|dial|key in|know) (?:your|the|an|their) (?:party's |person's |\w+ )?extension
    \bdial by name\b
    \blisten carefully\b
    \bfor english\b
    \b(?:say|tell me) (?:something like|things like)\b
    in a few words, (?:please )?(?:say|tell)
    \byou can say(?: things| something|,|:| ["'\u201c])
""")
_SCREENING = one_of(r"""
    (?:state|say|record|give) your (?:full )?name,? (?:after|then|so|and (?:why|the))
    tell (?:me|us) your (?:full )?name,? (?:after|then|so|and (?:why|the))
    (?:state|say|record|tell (?:me|us)) your (?:full )?name,? and (?:your )?(?:reason|purpose)
    ^\W*(?:please )?record (?:your|the) (?:full )?name
    (?:say|state|record|tell (?:me|us)) (?:\w+ ){0,5}why you(?:'re| are) calling
    (?:say|state|record|tell (?:me|us)) (?:\w+ ){0,5}(?:reason|purpose) (?:for|of)
    using a (?:call )?screen|screening (?:service|this call|your call|calls)
    (?:google|call|virtual|automated|digital) assistant
    (?:if|whether) (?:this person|the person|they|he|she)(?: is|'s| are|'re) available
    before (?:i|we) (?:try to )?(?:connect|put)
""")
_INTERCEPT = one_of(r"""
    (?:number|line) (?:\w+ )*(?:is |are )?(?:not|no longer) in (?:service|use)
    (?:number|line|service) (?:\w+ )*(?:has been|is) disconnected
    check the number and\b
    call (?:can ?not|could not|can't) be completed
    number (?:\w+ )*is not assigned
    number you (?:have |'ve )?(?:dialed|dialled|called) (?:is|has|does)
""")
_QUEUE = one_of(r"""
    your call is (?:very )?important
    (?:agents|representatives|operators|lines|staff|assistants)\b.*\b(?:busy|assisting|helping)
    (?:agents|representatives|operators|lines|attendants) are\b.*\b(?:occupied|engaged)
    (?:next|first) available
    (?:in|of) (?:the|a|our) (?:queue|line)\b
    (?:stay|remain) on the (?:line|phone)
    continue (?:to hold|holding)
    will be with you (?:shortly|soon|as)
    (?:answered|taken) in the order
    thank(?:s| you) for (?:your patience|holding|waiting|continuing)
    estimated (?:wait|hold)
    wait(?:ing)? time is
    caller number
    high(?:er)? (?:than \w+ )?call volume
""")
_DECIDING = (
    (Speech.PERSON, _SURELY_PERSON),
    (Speech.MENU, _MENU_WITH_MESSAGE),
    (Speech.SCREENING, _CONNECTING),
    (Speech.VOICEMAIL, _VOICEMAIL),
    (Speech.MENU, _MENU),
    (Speech.SCREENING, _SCREENING),
    (Speech.INTERCEPT, _INTERCEPT),
    (Speech.QUEUE, _QUEUE),
)
"""In order: the first that is found decides."""
_NEVER_ASKED = MACHINES - {Speech.SCREENING} | {Speech.QUEUE}
_HOLD = one_of(rf"""
    \b(?:one|a|half a|another|gi\w+ (?:me )?a|two) (?:quick |little )?{_WAIT}s?\b(?! (?:ago|later))
    \bhold(?:ing)?(?: on|, please| please| the line| for (?:a|one|me|just)|\s*[.,!?]?$)
    \b(?:on|to) hold\b(?! (?:for you|until|till))
    \bhang on\b
    \bbear with (?:me|us)\b
    \bstand by\b
    \blet me (?:just |quickly |go |go and )?(?:check|see|look|ask|find|get|grab|have a look|think)
    \blet me (?:just |quickly )?(?:put you|transfer|connect)
    \b(?:i'll|i will|i'm going to|we'll|gonna) (?:just |go |go and )?(?:check|ask|look|grab|find)
    \b(?:i'll|i will|i'm going to|we'll|gonna) (?:just )?(?:put you|transfer|connect)
    \b(?:i'll|i will|i'm going to|gonna) (?:just |go |go and )?get (?:him|her|them|some\w+|the)
    \b(?:transferring|connecting|putting) (?:you|your call)\b
    \bbe (?:right|straight) (?:back|with you)\b
    ^\W*(?:please )?wait(?:,? please)?\W*$
""")
_BRIEFLY = re.compile(
    rf"\b(?:in|within|about|takes?|than|every|per|for just|last) (?:\w+ )?(?:a|one|half a) {_WAIT}"
)
_ASKS_TO_HOLD = re.compile(
    rf"\b(?:can|could|may|would|will|do|mind|please)\b.*\b(?:hold|wait|{_WAIT}|hang on)"
)
_FIGURE = one_of(r"""
    [$\u20ac\u00a3]\s?\d
    \d+[.:]\d\d
    \b(?:dollars?|euros?|pounds?|cents)\b
    \bthat(?:'s| is|'ll be| will be| would be| comes to| makes) \w+
""")
# A voicemail's greeting, a menu's welcome and a person may each begin or end so.
_NEUTRAL = one_of(r"""
    you(?:'ve| have)? reached\b
    \bwelcome to\b
    thank(?:s| you) for (?:calling|your call)
    (?:call|ring) you (?:back|right back)
    get back to you
    return your call
    (?:not|isn't|aren't|un) ?(?:available|in|here|home|able)\b.*(?:now|moment|this time|today)
    away from (?:the|my|our)
    (?:didn't|did not) (?:get|catch|understand|hear) (?:that|you|your)
    (?:calls?|line) (?:may|will|might|is|are) (?:be )?(?:being )?(?:recorded|monitored)
    ^\W*(?:thanks|thank you|good ?bye|bye(?: bye)?|have a (?:nice|good|great) \w+)\W*$
    try (?:again|your call) later
    (?:opening|business|our) hours
    hours of operation
""")
_PERSON = one_of(r"""
    \?\s*$
    ^\W*(?:yes|yeah|yep|yup|no|nope|nah|sure|ok|okay|alright|all right|right|well|sorry|oh)\b
    ^\W*(?:um+|uh+|hm+|hello|hi|hey|wait|what|huh|listen|look|great|perfect|got it|fine|thanks)\b
    \b(?:i|i'm|i'll|i'd|i've|let me|my|me)\b
    \bthat(?:'s| is|'ll be| will be| would be| comes to| makes)\b
    \bwrong (?:number|shop|place|person|house)\b
    [$\u20ac\u00a3]\s?\d|\b(?:dollars?|euros?|pounds?|cents|comes to)\b
    \bready (?:in|at|by)\b|\b\w+ minutes\b
    \b(?:don't|do not|stop|never) call|\b(?:take|remove) (?:me|us)\b
""")
# What only a recorder says: after a talk, "leave your number" may well come from a person.
_RECORDER = one_of(r"""
    \b(?:tone|beep|signal|voice ?mail|mail ?box|recording)\b
    \b(?:leave|record) (?:\w+ ){1,4}message
""")
# What a person says who picks up while the greeting plays.
_PICKS_UP = one_of(r"""
    \?\s*$
    ^\W*(?:hello|hi|hey|yes|yeah|wait|sorry|stop|ok|okay)\b
    \bi(?:'m| am) (?:right |back )?here\b
    \b(?:don't|do not) hang up\b
    \b(?:hold|hang) on\b
    \bspeaking\b
""")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00b4": "'", "`": "'"})


def fold(text: str) -> str:
    """Write words the one way in which all tables here have them: small, with plain apostrophes."""
    return " ".join(text.casefold().translate(_APOSTROPHES).split())


def sort_sentences(text: str) -> list[Speech]:
    """Say what each sentence of a turn sounds like; none for music, noise and silence."""
    return [_read_sentence(sentence) for sentence in _split(text)]


def names_recorder(text: str) -> bool:
    """Say whether something is said of recording a message."""
    return _RECORDER.search(fold(text)) is not None


def picks_up(text: str) -> bool:
    """Say whether the last thing said is what a person says who has just picked up."""
    sentences = [each for each in _split(text) if _read_sentence(each) is not Speech.UNCLEAR]
    last = sentences[-1] if sentences else ""
    is_person = bool(last) and _read_sentence(last) in {Speech.PERSON, Speech.HOLD}
    return is_person and any(_PICKS_UP.search(each) for each in sentences)


def _split(text: str) -> list[str]:
    spoken = fold(_NO_WORDS.sub(" ", text))
    return [part for part in _PAUSE.split(spoken) if re.search(r"\w", part)]


def says_goodbye(text: str) -> bool:
    """Say whether somebody takes their leave."""
    return re.search(r"\b(?:good ?bye|bye|farewell|have a (?:nice|good))\b", fold(text)) is not None


def _read_sentence(sentence: str) -> Speech:
    is_question = sentence.endswith("?")  # of the machines only screeners ask
    for kind, pattern in _DECIDING:
        if is_question and kind in _NEVER_ASKED:
            continue
        if pattern.search(sentence):
            return kind
    if _asks_to_wait(sentence):
        return Speech.HOLD
    if _NEUTRAL.search(sentence):
        return Speech.UNCLEAR
    return Speech.PERSON if _PERSON.search(sentence) else Speech.UNCLEAR


def _asks_to_wait(sentence: str) -> bool:
    """Say whether somebody wants us to wait, and is not asking or telling something meanwhile."""
    if not _HOLD.search(sentence) or _BRIEFLY.search(sentence) or _FIGURE.search(sentence):
        return False
    return not sentence.rstrip().endswith("?") or _ASKS_TO_HOLD.search(sentence) is not None
