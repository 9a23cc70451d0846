"""The rules of conduct of one call: who is on the line, and what good manners ask for then.

Pure: what happens is told in, with the media clock's time; what is wanted comes out as wishes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from call_handler.bridge.beep import ToneEar
from call_handler.bridge.disclosure import Disclosure, Duty
from call_handler.bridge.farewell import GOODBYES
from call_handler.bridge.patience import Patience
from call_handler.bridge.voicemail import Voicemail
from call_handler.bridge.wishes import NEVER_MS, End, Hush, Speak, Stay, Wish
from call_handler.outcome import AgentReason, EndKind
from call_handler.outcome.answerer import FAX_WORD, GREETING_ENDED, has_talked, judge_answerer
from call_handler.outcome.callee_words import (
    MACHINES,
    Speech,
    names_recorder,
    picks_up,
    says_goodbye,
    sort_sentences,
)
from call_handler.outcome.opt_out import asks_not_to_be_called
from ringback.v1.call_results_pb2 import AnsweredBy, Order, VoicemailPolicy

_MS_PER_S = 1_000
_HUSH_MS = 4_000  # on hold: so long the agent may still answer "of course"
_CONFIRM_MS = 2_000  # the words that contradict the carrier's detection may still come
_OPT_OUT_MS = 8_000  # so long the agent has to end an unwanted call by itself
_BRIEF_WORDS = 5
_HUMAN_WORD = "human"
_CERTAIN_END = frozenset({"machine_end_beep", "machine_end_silence"})


@dataclass(frozen=True, slots=True)
class ConductRules:
    """What the conduct of one call is bound to. `message`: for a voicemail; empty: leave none."""

    duty: Duty
    message: str = ""
    silence_ms: int = 30_000
    hold_ms: int = 240_000

    @classmethod
    def for_order(
        cls, order: Order, behalf: str, *, discloses: bool, silence_s: float, hold_s: float
    ) -> "ConductRules":
        """Write the rules of one call; `behalf`: the name for whom it is made."""
        leaves_message = order.voicemail_policy == VoicemailPolicy.VOICEMAIL_POLICY_LEAVE_MESSAGE
        return cls(
            Duty(behalf, says_ai=discloses, says_recorded=order.is_recorded),
            message=order.voicemail_message.strip() if leaves_message else "",
            silence_ms=round(silence_s * _MS_PER_S),
            hold_ms=round(hold_s * _MS_PER_S),
        )


class Conduct:
    """Follows one call and says what is to be done about it."""

    def __init__(self, rules: ConductRules) -> None:
        self.word = ""
        """Who answered, in the carrier's own word; empty until it says so."""
        self._patience = Patience(rules.silence_ms, rules.hold_ms)
        self._voicemail = Voicemail(rules.message)
        self._disclosure = Disclosure(rules.duty)
        self._ear = ToneEar()
        self._turns: list[list[Speech]] = []  # those of the callee's that had words
        self._pressed_keys = False
        self._hears_person = True  # until a machine betrays itself
        self._is_hushed = False
        self._is_ending = False
        self._confirm_ms = NEVER_MS
        self._opt_out_ms = NEVER_MS
        self._wishes: list[Wish] = []

    @property
    def left_message(self) -> bool:
        """Say whether a voicemail was told the whole message."""
        return self._voicemail.was_told

    @property
    def listens(self) -> bool:
        """Say whether `frame` is wanted: for a beep, or for a fax before the first words."""
        return self._voicemail.listens or (self._patience.is_sounding and not self._turns)

    @property
    def due_ms(self) -> int:
        """Say when, on the media clock, `tick` has something to do."""
        if self._is_ending:
            return NEVER_MS
        dues = [self._voicemail.due_ms, self._confirm_ms, self._opt_out_ms]
        if not self._voicemail.is_on:
            dues.append(self._patience.due_ms)
            if not self._is_hushed:
                dues.append(self._patience.hold_since + _HUSH_MS)
        return min(dues)

    # -- what happens ------------------------------------------------------------------------

    def callee_sounded(self, clock_ms: int) -> None:
        """Note that the callee's side begins to sound."""
        self._patience.sounded(clock_ms)
        self._voicemail.sounded()

    def callee_hushed(self, clock_ms: int) -> None:
        """Note that the callee's side is quiet again; its words come later."""
        self._patience.hushed(clock_ms)
        self._voicemail.hushed(clock_ms)

    def callee_said(self, text: str, clock_ms: int) -> None:
        """Note what the callee's side said."""
        kinds = sort_sentences(text)
        if not kinds:
            return
        is_voicemail = self._is_voicemail(kinds, text)
        self._turns.append(kinds)
        self._patience.said(kinds, clock_ms, is_brief=len(text.split()) <= _BRIEF_WORDS)
        if self._voicemail.is_on:
            if picks_up(text):
                self._turn_into_person()
        elif is_voicemail:
            self._meet_voicemail(clock_ms, is_certain=names_recorder(text))
        else:
            self._follow(kinds, text, clock_ms)

    def callee_unheard(self, clock_ms: int) -> None:
        """Note words of the callee's that nobody could write down: they were no music."""
        self._patience.unheard(clock_ms)

    def agent_said(self, text: str, is_whole: bool, clock_ms: int) -> None:
        """Note what was heard of a turn of the agent."""
        self._patience.agent_said(clock_ms)
        self._voicemail.agent_said(is_whole=is_whole)
        if self._opt_out_ms < NEVER_MS and is_whole:
            is_parting = says_goodbye(text)
            self._end(EndKind.OPT_OUT, "" if is_parting else GOODBYES[EndKind.OPT_OUT])
        elif self._hears_person and not self._voicemail.is_on:
            self._disclosure.agent_said(text, is_whole=is_whole)
            waits = self._patience.is_on_hold
            lacking = "" if waits else self._disclosure.insist(is_whole=is_whole)
            if lacking:
                self._wish(Speak(lacking))

    def agent_sounds(self, clock_ms: int) -> None:
        """Note that the agent is being heard just now."""
        self._patience.agent_sounds(clock_ms)

    def nudged(self, clock_ms: int) -> None:
        """Note that the model speaks next because nobody else does."""
        del clock_ms
        self._patience.nudged()

    def key_sent(self, clock_ms: int) -> None:
        """Note that a key was pressed for the agent: it takes the other side for a menu."""
        del clock_ms
        self._pressed_keys = True

    def answered_by(self, word: str, clock_ms: int) -> None:
        """Take the carrier's word for who answered; the conversation has to confirm it."""
        if word == self.word:
            return
        self.word = word
        if word in GREETING_ENDED:
            self._voicemail.greeting_ended(clock_ms, is_certain=word in _CERTAIN_END)
        if word in GREETING_ENDED or word == FAX_WORD:
            self._confirm_ms = clock_ms + _CONFIRM_MS

    def frame(self, payload: str, clock_ms: int) -> None:
        """Listen to 20 ms of the callee's side (base64 of u-law); only while `listens`."""
        ended_ms = self._ear.hear(payload)
        if ended_ms and self._voicemail.listens:
            self._voicemail.beeped(clock_ms)
        elif self._ear.is_fax and not self._turns:
            self._end(EndKind.FAX)

    def person_asked(self, clock_ms: int) -> None:
        """Note that the person is being asked: meanwhile the callee owes us no word."""
        del clock_ms
        self._patience.asked_person()

    def person_answered(self, clock_ms: int) -> None:
        """Note that the person answered, or will not."""
        self._patience.person_answered(clock_ms)

    def allows_end(self, reason: AgentReason, clock_ms: int) -> bool:
        """Say whether the agent may end the call; not while a voicemail awaits its message."""
        if not self._voicemail.wants_message or self._is_ending:
            return True
        if reason is AgentReason.VOICEMAIL and not self._voicemail.is_on:
            self._meet_voicemail(clock_ms)
        return not self._voicemail.is_on

    # -- what is wanted ----------------------------------------------------------------------

    def tick(self, clock_ms: int) -> list[Wish]:
        """Do what is due and give what is wanted; call it when `due_ms` is reached."""
        if not self._is_ending:
            self._do_due(clock_ms)
        return self.wishes()

    def wishes(self) -> list[Wish]:
        """Give what is wanted, once."""
        wishes, self._wishes = self._wishes, []
        return wishes

    # -- the rules ---------------------------------------------------------------------------

    def _is_voicemail(self, kinds: Sequence[Speech], text: str) -> bool:
        """Say whether this is a voicemail's greeting.

        Whoever has talked to us, or is a person for the carrier, is not taken for one unless a
        recorder is named: they may have put us through to it, and the carrier may err.
        """
        told = [kind for kind in kinds if kind is not Speech.UNCLEAR]
        if not told or told[-1] is not Speech.VOICEMAIL:
            return False
        is_doubtful = has_talked(self._turns) or self.word == _HUMAN_WORD
        return names_recorder(text) or not is_doubtful

    def _follow(self, kinds: Sequence[Speech], text: str, clock_ms: int) -> None:
        """Follow what a person, a menu or a queue said."""
        if any(kind in MACHINES or kind is Speech.QUEUE for kind in kinds):
            self._disclosure.restart()
            self._hears_person = False
        if Speech.PERSON in kinds[_after_machines(kinds) :]:
            self._hears_person = True
        self._come_back()
        if self._opt_out_ms == NEVER_MS and self._hears_person and asks_not_to_be_called(text):
            self._opt_out_ms = clock_ms + _OPT_OUT_MS

    def _do_due(self, clock_ms: int) -> None:
        if clock_ms >= self._confirm_ms:
            self._confirm(clock_ms)
        if self._voicemail.is_on:
            self._wish(*self._voicemail.tick(clock_ms))
            return
        if clock_ms >= self._opt_out_ms:
            self._end(EndKind.OPT_OUT, GOODBYES[EndKind.OPT_OUT])
            return
        limit = self._patience.tick(clock_ms)
        self._come_back()
        if limit is not None:
            self._end(limit, GOODBYES[limit] if self._may_be_heard(limit) else "")
        elif not self._is_hushed and clock_ms >= self._patience.hold_since + _HUSH_MS:
            self._is_hushed = True
            self._wish(Hush(is_on=True, lets_finish=True))

    def _come_back(self) -> None:
        """Let the agent speak again when the hold is over."""
        if self._is_hushed and not self._patience.is_on_hold:
            self._is_hushed = False
            self._wish(Hush(is_on=False), Speak())

    def _confirm(self, clock_ms: int) -> None:
        """Believe the carrier's detection, unless the conversation speaks against it."""
        self._confirm_ms = NEVER_MS
        judged = judge_answerer(self._turns, self.word, pressed_keys=self._pressed_keys)
        if judged == AnsweredBy.ANSWERED_BY_FAX:
            self._end(EndKind.FAX)
        elif judged == AnsweredBy.ANSWERED_BY_VOICEMAIL and not self._voicemail.is_on:
            self._meet_voicemail(clock_ms)

    def _meet_voicemail(self, clock_ms: int, *, is_certain: bool = True) -> None:
        self._hears_person = False
        self._is_hushed = True
        self._wish(*self._voicemail.begin(clock_ms, is_certain=is_certain))

    def _turn_into_person(self) -> None:
        self._disclosure.restart()
        self._hears_person = True
        self._is_hushed = self._is_ending = False
        self._wish(*self._voicemail.turn_into_person())

    def _may_be_heard(self, limit: EndKind) -> bool:
        return self._hears_person or limit is EndKind.HOLD_LIMIT

    def _end(self, kind: EndKind, words: str = "") -> None:
        if self._is_hushed and words:
            self._wish(Hush(is_on=False))
            self._is_hushed = False
        self._wish(End(kind, words))

    def _wish(self, *wishes: Wish) -> None:
        """Want something, unless the call is ending already; only a person can call that off."""
        for wish in wishes:
            if self._is_ending and not isinstance(wish, Stay):
                continue
            self._wishes.append(wish)
            self._is_ending = isinstance(wish, End)


def _after_machines(kinds: Sequence[Speech]) -> int:
    """Give the position behind the last sentence that only a machine says."""
    return max((place + 1 for place, kind in enumerate(kinds) if kind in MACHINES), default=0)
