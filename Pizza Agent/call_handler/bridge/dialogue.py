"""What the bridge does at each message, as pure rules: no socket, no clock, no await.

Messages go in with the time they came; what is to be sent piles up in `outgoing` until the bridge
takes it; `over` is set once the call has to end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from call_handler.bridge.asking import Question
from call_handler.bridge.conduct import Conduct, ConductRules
from call_handler.bridge.disclosure import Duty
from call_handler.bridge.floor import Floor
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.outgoing import Outgoing
from call_handler.bridge.over import Over
from call_handler.bridge.speech_times import SpeechTimes
from call_handler.bridge.tool_desk import ToolDesk
from call_handler.bridge.toolbox import Toolbox
from call_handler.bridge.transcript import Transcript, TurnJournal
from call_handler.bridge.usage import UsageSum
from call_handler.bridge.voice import AgentVoice, HeardTurn
from call_handler.bridge.wishes import NEVER_MS
from call_handler.outcome import EndKind
from call_handler.prices import ModelPrices
from call_handler.realtime import AudioDelta, EventWriter
from call_handler.realtime.events import Event, object_of, text_of
from ringback.v1.call_results_pb2 import FactDeclaration

log = structlog.get_logger(__name__)

_LIMIT_TOLERANCE_MS = 1_000
_UNHEARD = "conversation.item.input_audio_transcription.failed"
_NO_RULES = ConductRules(Duty("", says_ai=False), silence_ms=NEVER_MS, hold_ms=NEVER_MS)


@dataclass(frozen=True, slots=True)
class DialogueSetup:
    """What a conversation is held with; `prices` is None where none are configured."""

    stream_sid: str
    facts: Sequence[FactDeclaration] = ()
    model_name: str = ""
    prices: ModelPrices | None = None
    rules: ConductRules = _NO_RULES


class Dialogue:
    """The conversation of one call between the callee, the model and our rules."""

    def __init__(self, setup: DialogueSetup, journal: TurnJournal, limits: BridgeLimits) -> None:
        self._limits = limits
        self.writer = EventWriter()
        self.outgoing = Outgoing()
        self.transcript = Transcript(journal)
        self.voice = AgentVoice(
            setup.stream_sid, self.outgoing, self.writer, self.transcript, self._turn_heard
        )
        self.floor = Floor(self.voice, self.outgoing, self.writer, limits)
        self.conduct = Conduct(setup.rules)
        self.usage = UsageSum(setup.model_name, setup.prices)
        self.toolbox = Toolbox(setup.facts)
        self.tools = ToolDesk(self.toolbox, self.floor, self.transcript, self.conduct)
        self._speech = SpeechTimes()
        self._has_spoken_first = False
        self.clock_ms = 0
        """The carrier's clock: the timestamp of its newest frame."""
        self.anything_said = False
        self._now = 0.0
        self._due_ms: int | None = None  # None until it is looked up again
        self._reactions: dict[str, Callable[[Event], None]] = {
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "input_audio_buffer.timeout_triggered": self._nudged,
            "input_audio_buffer.committed": self._committed,
            "conversation.item.added": self._item_added,
            "response.created": self._response_created,
            "response.output_item.done": self._item_done,
            "response.output_audio.done": self._audio_done,
            "response.done": self._response_done,
            "error": self._error,
        }

    @property
    def over(self) -> Over | None:
        """Say why the call has to end; None while it goes on."""
        return self.floor.over

    def end(self, over: Over) -> None:
        """End the call, unless it has been ended."""
        self.floor.over = self.floor.over or over

    # -- the carrier's side ------------------------------------------------------------------

    @property
    def due_ms(self) -> int:
        """Say when, on the media clock, `tick` has something to do."""
        if self._due_ms is None:
            first_ms = NEVER_MS if self._has_spoken_first else self._limits.first_word_ms
            dues = (self.floor.farewell.due_ms, self.voice.due_ms, self.conduct.due_ms)
            self._due_ms = min(*dues, first_ms)
        return self._due_ms

    def take_frame(self, payload: str) -> None:
        """Hear 20 ms of the callee's side at `clock_ms` (base64 of u-law)."""
        if self.conduct.listens:
            self.conduct.frame(payload, self.clock_ms)
            self.floor.grant(self.conduct.wishes(), self.clock_ms)
            self._due_ms = None

    def tick(self, now: float) -> None:
        """Do what is due at `clock_ms`; call it when `due_ms` is reached."""
        self.voice.tick(self.clock_ms)
        self.tools.take_pressed(self.clock_ms)
        if self.voice.is_playing:
            self.conduct.agent_sounds(self.clock_ms)
        self.floor.grant(self.conduct.tick(self.clock_ms), self.clock_ms)
        farewell = self.floor.farewell
        if self.clock_ms >= self._limits.time_limit_ms:
            self.floor.leave(EndKind.TIME_LIMIT)
        elif self.clock_ms >= farewell.due_ms:
            if farewell.kind is not None:
                self.floor.leave(farewell.kind)
            else:
                self.say_goodbye(EndKind.TIME_LIMIT)
        elif not self._has_spoken_first and self.clock_ms >= self._limits.first_word_ms:
            self._has_spoken_first = True
            if self.floor.responses.is_idle:
                self.floor.responses.want()
        self._settle(now)

    def take_mark(self, name: str, now: float) -> None:
        """Note that audio was played up to a mark; `now` in seconds of the wall clock."""
        if self.voice.take_mark(name, self.clock_ms):
            self.floor.farewell.progressed(self.clock_ms)
        self.tools.take_pressed(self.clock_ms)
        self._settle(now)
        self.floor.leave_if_goodbye_is_played()

    def take_key(self, digit: str) -> None:
        """Note a key that the callee pressed."""
        self.transcript.add_key(digit, self.clock_ms)

    def take_stop(self) -> None:
        """Note that the carrier says the call is over: somebody hung up, or its limit came."""
        at_limit = self.clock_ms >= self._limits.time_limit_ms - _LIMIT_TOLERANCE_MS
        self.floor.leave(EndKind.TIME_LIMIT if at_limit else EndKind.CALLEE_HUNG_UP)

    # -- the model's side --------------------------------------------------------------------

    def model_ready(self, first_frame_ms: int) -> None:
        """Begin with a fresh session, whose audio starts at `first_frame_ms` of the stream."""
        self._speech.begin_at(first_frame_ms)
        self.floor.restart()
        self.outgoing.take_for_model()  # meant for a session that is gone
        self._has_spoken_first = False
        self._due_ms = None

    def take_audio(self, delta: AudioDelta) -> None:
        """Play a stretch of the agent's voice, unless it was cut short or came too late."""
        was_playing = self.voice.playout.is_playing
        if self.floor.speak(delta, self.clock_ms):
            self.anything_said = True
            if not was_playing:  # more of the same is only due later
                self._due_ms = None

    def take_event(self, event: Event, now: float) -> None:
        """Follow one event of the model; `now` in seconds of the wall clock.

        Many events tell what we know, and new ones may be added at any time: they are passed over.
        """
        self._now = now
        reaction = self._reactions.get(text_of(event, "type"))
        if reaction is None:
            self.take_words(event)
        else:
            reaction(event)
        self._settle(now)

    def take_words(self, event: Event) -> None:
        """Follow an event that tells words, such as those that come after the call."""
        self.usage.add_transcription(event)
        item_id = text_of(event, "item_id")
        before = self.transcript.callee_words_of(item_id)
        self.transcript.take_words(event)
        words = self.transcript.callee_words_of(item_id)
        if words and words != before:
            self.conduct.callee_said(words, self.clock_ms)
        elif text_of(event, "type") == _UNHEARD:
            self.conduct.callee_unheard(self.clock_ms)

    # -- both --------------------------------------------------------------------------------

    def check_model(self, now: float) -> None:
        """Look at the model's wall-clock limits, and ask again for what failed."""
        fault = self.floor.responses.find_overdue(now)
        if fault is not None:
            self.floor.lose_model(fault)
        self._settle(now)

    def say_goodbye(self, kind: EndKind) -> None:
        """Let the agent say goodbye and end the call then, for a reason that is not its own."""
        self.floor.say_goodbye(kind, self.clock_ms)
        self._due_ms = None

    def take_questions(self) -> list[Question]:
        """Give the questions that are to be put to the person, and forget them."""
        return self.tools.take_questions(self.clock_ms)

    def take_answer(self, question: Question, answer: str | None, now: float) -> None:
        """Hand the person's answer to the model; None when there was none in time."""
        self.tools.take_answer(question, answer, self.clock_ms)
        self._settle(now)

    def take_answered_by(self, word: str, now: float) -> None:
        """Take the carrier's word for who answered."""
        if word and word != self.conduct.word:
            self.conduct.answered_by(word, self.clock_ms)
            self._settle(now)

    def finish(self) -> None:
        """Settle the books when the call is over: what was not heard was not said."""
        self.voice.finish(self.clock_ms)
        self.tools.finish(self.clock_ms)

    # -- reactions ---------------------------------------------------------------------------

    def _speech_started(self, event: Event) -> None:
        self._speech.started(event)
        self.anything_said = True
        self._has_spoken_first = True
        self.floor.responses.speech_started(self._now)
        self.floor.interrupt(self.clock_ms)
        self.conduct.callee_sounded(self.clock_ms)

    def _speech_stopped(self, event: Event) -> None:
        self._speech.stopped(event)
        self.conduct.callee_hushed(self.clock_ms)

    def _nudged(self, event: Event) -> None:
        self._speech.nudged(event)
        self.conduct.nudged(self.clock_ms)

    def _turn_heard(self, turn: HeardTurn) -> None:
        words = self.transcript.words_of(turn.item_id)
        self.conduct.agent_said(words, turn.is_whole, self.clock_ms)

    def _committed(self, event: Event) -> None:
        item_id = text_of(event, "item_id")
        self.floor.responses.committed(self._now)
        if not self._speech.is_nudge(item_id):  # a committed silence is nobody's turn
            self.transcript.open_callee_turn(item_id, *self._speech.take(item_id))

    def _item_added(self, event: Event) -> None:
        if object_of(event, "item").get("type") == "function_call_output":
            self.floor.responses.output_added()

    def _item_done(self, event: Event) -> None:
        self.tools.collect(object_of(event, "item"))

    def _audio_done(self, event: Event) -> None:
        self.voice.end_item(text_of(event, "item_id"))

    def _response_created(self, event: Event) -> None:
        self._has_spoken_first = True
        self.floor.begin_response(text_of(object_of(event, "response"), "id"), self._now)

    def _response_done(self, event: Event) -> None:
        response = object_of(event, "response")
        self.usage.add(response)
        self.voice.end_response()
        fault = self.floor.end_response(response, self._now)
        output = response.get("output")
        for item in output if isinstance(output, list) else ():
            if isinstance(item, dict):
                self.tools.collect(item)
        self.tools.run(self.clock_ms)
        if fault is not None:
            self.floor.lose_model(fault)
        self._settle(self._now)
        self.floor.leave_if_goodbye_is_played()

    def _error(self, event: Event) -> None:
        error = object_of(event, "error")
        code, event_id = text_of(error, "code"), text_of(error, "event_id")
        if code == "conversation_already_has_active_response":
            self.floor.responses.refused(self._now)
        elif not self.voice.take_error(event_id) and code != "response_cancel_not_active":
            log.warning("model_error", code=code, event_id=event_id)

    def _settle(self, now: float) -> None:
        """Do what the rules of conduct want after something happened, and ask for an answer."""
        self.floor.grant(self.conduct.wishes(), self.clock_ms)
        self.floor.ask_if_wanted(now)
        self._due_ms = None
