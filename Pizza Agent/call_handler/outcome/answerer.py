"""Who answered a call: judged from the callee's words, the keys we pressed and the carrier's word.

The carrier's detection errs both ways, so its word alone decides only where nobody said anything.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind
from call_handler.outcome.callee_words import MACHINES, Speech, sort_sentences
from call_handler.outcome.opt_out import asks_not_to_be_called
from ringback.v1.call_results_pb2 import AnsweredBy, Role, TranscriptTurn

FAX_WORD = "fax"
GREETING_ENDED = frozenset({"machine_end_beep", "machine_end_silence", "machine_end_other"})
"""The carrier's words for a machine that has said its greeting to the end."""
_MACHINE_BEGAN = "machine_start"

_OF_MACHINE = {
    Speech.VOICEMAIL: AnsweredBy.ANSWERED_BY_VOICEMAIL,
    Speech.MENU: AnsweredBy.ANSWERED_BY_IVR,
    Speech.SCREENING: AnsweredBy.ANSWERED_BY_IVR,
    Speech.INTERCEPT: AnsweredBy.ANSWERED_BY_UNKNOWN,
}
_OF_SILENCE = {
    "human": AnsweredBy.ANSWERED_BY_HUMAN,
    FAX_WORD: AnsweredBy.ANSWERED_BY_FAX,
} | dict.fromkeys(GREETING_ENDED, AnsweredBy.ANSWERED_BY_VOICEMAIL)
_OF_END = {
    EndKind.VOICEMAIL: AnsweredBy.ANSWERED_BY_VOICEMAIL,
    EndKind.FAX: AnsweredBy.ANSWERED_BY_FAX,
}


def who_answered(end: CallEnd) -> AnsweredBy.ValueType:
    """Say who answered a call that is over; UNSPECIFIED when nobody listened to it."""
    if end.kind in _OF_END:
        return _OF_END[end.kind]
    if not end.media_ms and not end.turns:
        return AnsweredBy.ANSWERED_BY_UNSPECIFIED
    turns = [sort_sentences(text) for text in _callee_texts(end.turns)]
    pressed = any(turn.role == Role.ROLE_AGENT and turn.dtmf for turn in end.turns)
    judged = judge_answerer(turns, end.answered_by_word, pressed_keys=pressed)
    if end.agent_reason is not AgentReason.VOICEMAIL:
        return judged
    # Two witnesses against the agent: the callee's words and the carrier.
    is_person = judged == AnsweredBy.ANSWERED_BY_HUMAN and end.answered_by_word == "human"
    if is_person and any(Speech.PERSON in said for said in turns):
        return judged
    return AnsweredBy.ANSWERED_BY_VOICEMAIL


def judge_answerer(
    turns: Sequence[Sequence[Speech]], word: str, *, pressed_keys: bool = False
) -> AnsweredBy.ValueType:
    """Say who answered, from what each turn sounds like, in order, and the carrier's word."""
    said = [kind for kinds in turns for kind in kinds]
    machines = [position for position, kind in enumerate(said) if kind in MACHINES]
    last = machines[-1] if machines else -1
    if Speech.PERSON in said[last + 1 :] or has_talked(turns):
        return AnsweredBy.ANSWERED_BY_HUMAN
    if machines:
        return _OF_MACHINE[said[last]]
    if pressed_keys:
        return AnsweredBy.ANSWERED_BY_IVR
    if not said:
        return _OF_SILENCE.get(word, AnsweredBy.ANSWERED_BY_UNKNOWN)
    return _judge_unclear(said, word)


def has_talked(turns: Sequence[Sequence[Speech]]) -> bool:
    """Say whether a person had spoken more than once before any machine did."""
    before = list(takewhile(MACHINES.isdisjoint, turns))
    return sum(Speech.PERSON in kinds for kinds in before) > 1


def _judge_unclear(said: Sequence[Speech], word: str) -> AnsweredBy.ValueType:
    """Judge words that persons and machines both say."""
    asked_to_wait = Speech.QUEUE in said or Speech.HOLD in said  # as tapes do, and people
    if asked_to_wait or word in {_MACHINE_BEGAN, FAX_WORD}:
        return AnsweredBy.ANSWERED_BY_UNKNOWN
    is_greeting = word in GREETING_ENDED
    return AnsweredBy.ANSWERED_BY_VOICEMAIL if is_greeting else AnsweredBy.ANSWERED_BY_HUMAN


def opted_out(end: CallEnd, answered_by: AnsweredBy.ValueType) -> bool:
    """Say whether a person asked not to be called again, or the agent says that they did."""
    if end.kind is EndKind.OPT_OUT or end.agent_reason is AgentReason.OPT_OUT:
        return True
    if answered_by not in {AnsweredBy.ANSWERED_BY_HUMAN, AnsweredBy.ANSWERED_BY_UNKNOWN}:
        return False
    return any(asks_not_to_be_called(text) for text in _callee_texts(end.turns))


def _callee_texts(turns: Iterable[TranscriptTurn]) -> list[str]:
    return [turn.text for turn in turns if turn.role == Role.ROLE_CALLEE and turn.text]
