"""What the bridge does at each message, as pure rules: no socket, no clock, no await.

Messages go in with the time they came; what is to be sent piles up in `outgoing` and what is to be
asked in `tools` until the bridge takes it; `over` is set once the call has to end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from call_handler.bridge.asking import Question
from call_handler.bridge.farewell import GOODBYES, Farewell
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.outgoing import Outgoing
from call_handler.bridge.over import Over, lost_model
from call_handler.bridge.responses import Responses
from call_handler.bridge.speech_times import SpeechTimes
from call_handler.bridge.tool_desk import ToolDesk
from call_handler.bridge.toolbox import Toolbox
from call_handler.bridge.transcript import Transcript, TurnJournal
from call_handler.bridge.usage import UsageSum
from call_handler.bridge.voice import AgentVoice, HeardTurn
from call_handler.outcome import EndKind
from call_handler.prices import ModelPrices
from call_handler.realtime import AudioDelta, EventWriter, ModelFault
from call_handler.realtime.events import Event, object_of, text_of
from ringback.v1.call_results_pb2 import FactDeclaration

log = structlog.get_logger(__name__)

_LIMIT_TOLERANCE_MS = 1_000


@dataclass(frozen=True, slots=True)
class DialogueSetup:
    """What a conversation is held with; `prices` is None where none are configured."""

    stream_sid: str
    facts: Sequence[FactDeclaration] = ()
    model_name: str = ""
    prices: ModelPrices | None = None


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
        self.usage = UsageSum(setup.model_name, setup.prices)
        self.responses = Responses(limits)
        self.toolbox = Toolbox(setup.facts)
        self.tools = ToolDesk(self.toolbox, self.voice, self.transcript, self.outgoing, self.writer)
        self.farewell = Farewell(limits)
        self._speech = SpeechTimes()
        self._has_spoken_first = False
        self.over: Over | None = None
        """Why the call has to end; None while it goes on."""
        self.clock_ms = 0
        """The carrier's clock: the timestamp of its newest frame."""
        self.anything_said = False
        self._now = 0.0
        self._reactions: dict[str, Callable[[Event], None]] = {
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech.stopped,
            "input_audio_buffer.timeout_triggered": self._speech.nudged,
            "input_audio_buffer.committed": self._committed,
            "conversation.item.added": self._item_added,
            "response.created": self._response_created,
            "response.output_item.done": self._item_done,
            "response.output_audio.done": self._audio_done,
            "response.done": self._response_done,
            "error": self._error,
        }

    # -- the carrier's side ------------------------------------------------------------------

    @property
    def due_ms(self) -> int:
        """Say when, on the media clock, `tick` has something to do."""
        due_ms = min(self.farewell.due_ms, self.voice.due_ms)
        return due_ms if self._has_spoken_first else min(due_ms, self._limits.first_word_ms)

    def tick(self) -> None:
        """Do what is due at `clock_ms`; call it when `due_ms` is reached."""
        self.voice.tick(self.clock_ms)
        self._go_on_after(self.tools.take_pressed(self.clock_ms))
        if self.clock_ms >= self._limits.time_limit_ms:
            self._leave(EndKind.TIME_LIMIT)
        elif self.clock_ms >= self.farewell.due_ms:
            if self.farewell.kind is not None:
                self._leave(self.farewell.kind)
            else:
                self.say_goodbye(EndKind.TIME_LIMIT)
        elif not self._has_spoken_first and self.clock_ms >= self._limits.first_word_ms:
            self._has_spoken_first = True
            if self.responses.is_idle:
                self.responses.want()

    def take_mark(self, name: str, now: float) -> None:
        """Note that audio was played up to a mark; `now` in seconds of the wall clock."""
        if self.voice.take_mark(name, self.clock_ms):
            self.farewell.progressed(self.clock_ms)
        self._go_on_after(self.tools.take_pressed(self.clock_ms))
        self.ask_if_wanted(now)
        self._leave_if_goodbye_is_played()

    def take_key(self, digit: str) -> None:
        """Note a key that the callee pressed."""
        self.transcript.add_key(digit, self.clock_ms)

    def take_stop(self) -> None:
        """Note that the carrier says the call is over: somebody hung up, or its limit came."""
        at_limit = self.clock_ms >= self._limits.time_limit_ms - _LIMIT_TOLERANCE_MS
        self._leave(EndKind.TIME_LIMIT if at_limit else EndKind.CALLEE_HUNG_UP)

    # -- the model's side --------------------------------------------------------------------

    def model_ready(self, first_frame_ms: int) -> None:
        """Begin with a fresh session, whose audio starts at `first_frame_ms` of the stream."""
        self._speech.begin_at(first_frame_ms)
        self.responses = Responses(self._limits)
        self.outgoing.take_for_model()  # meant for a session that is gone
        self._has_spoken_first = False

    def take_audio(self, delta: AudioDelta) -> None:
        """Play a stretch of the agent's voice, unless it was cut short or came too late."""
        if delta.response_id in self.responses.closed_ids:
            return
        if self.farewell.kind is EndKind.AGENT_HUNG_UP:
            return  # the goodbye was said; what the model adds now is not
        if self.voice.speak(delta, self.clock_ms):
            self.responses.sounded()
            self.anything_said = True

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

    def take_words(self, event: Event) -> None:
        """Follow an event that tells words, such as those that come after the call."""
        self.usage.add_transcription(event)
        self.transcript.take_words(event)

    # -- both --------------------------------------------------------------------------------

    def check_model(self, now: float) -> None:
        """Look at the model's wall-clock limits, and ask again for what failed."""
        fault = self.responses.find_overdue(now)
        if fault is not None:
            self._lose_model(fault)
        self.ask_if_wanted(now)

    def ask_if_wanted(self, now: float) -> None:
        """Send `response.create` if one is wanted, none runs, and no key is being pressed."""
        words = None if self.voice.is_pressing else self.responses.take_wanted(now)
        if words is not None:
            self.outgoing.send_to_model(self.writer.create_response(words))

    def say_goodbye(self, kind: EndKind) -> None:
        """Let the agent say goodbye and end the call then, for a reason that is not its own."""
        if self.farewell.kind is not None:
            return
        self._interrupt()
        if self.responses.active_id is not None:
            self.outgoing.send_to_model(self.writer.cancel_response())
        self.farewell.begin(kind, self.clock_ms)
        self.responses.want(GOODBYES[kind])

    def take_answer(self, question: Question, answer: str | None, now: float) -> None:
        """Hand the person's answer to the model; None when there was none in time."""
        self._go_on_after(self.tools.take_answer(question, answer, self.clock_ms))
        self.ask_if_wanted(now)

    def finish(self) -> None:
        """Settle the books when the call is over: what was not heard was not said."""
        self.voice.finish(self.clock_ms)
        self.tools.finish(self.clock_ms)

    def _speech_started(self, event: Event) -> None:
        self._speech.started(event)
        self.anything_said = True
        self._has_spoken_first = True
        self.responses.speech_started()
        if self.farewell.kind is None:  # a goodbye is said to its end
            self._interrupt()
            self.responses.close_active()

    def _interrupt(self) -> None:
        self.voice.interrupt(self.clock_ms, is_done=self.responses.active_id is None)

    def _turn_heard(self, turn: HeardTurn) -> None:
        del turn

    def _committed(self, event: Event) -> None:
        item_id = text_of(event, "item_id")
        self.responses.committed(self._now)
        if not self._speech.is_nudge(item_id):  # a committed silence is nobody's turn
            self.transcript.open_callee_turn(item_id, *self._speech.take(item_id))

    def _item_added(self, event: Event) -> None:
        if object_of(event, "item").get("type") == "function_call_output":
            self.responses.output_added()

    def _item_done(self, event: Event) -> None:
        self._collect_tool(object_of(event, "item"))

    def _collect_tool(self, item: Mapping[str, object]) -> None:
        if self.tools.collect(item):
            self.responses.sounded()

    def _audio_done(self, event: Event) -> None:
        self.voice.end_item(text_of(event, "item_id"))

    def _response_created(self, event: Event) -> None:
        self._has_spoken_first = True
        self.responses.started(text_of(object_of(event, "response"), "id"), self._now)

    def _response_done(self, event: Event) -> None:
        response = object_of(event, "response")
        self.usage.add(response)
        self.voice.end_response()
        fault = self.responses.finished(response, self._now)
        output = response.get("output")
        for item in output if isinstance(output, list) else ():
            if isinstance(item, dict):
                self._collect_tool(item)
        self._run_tools()
        if fault is not None:
            self._lose_model(fault)
        self.ask_if_wanted(self._now)
        self._leave_if_goodbye_is_played()

    def _run_tools(self) -> None:
        self._go_on_after(self.tools.run(self.clock_ms) + self.tools.take_pressed(self.clock_ms))
        if self.toolbox.end_reason is not None and self.farewell.kind is None:
            self.farewell.begin(EndKind.AGENT_HUNG_UP, self.clock_ms)
            self.responses.wanted = False

    def _go_on_after(self, outputs: int) -> None:
        """Let the model go on after outputs of tools, unless all that is left is a goodbye."""
        if self.farewell.kind is None:
            for _ in range(outputs):
                self.responses.output_sent()

    def _leave_if_goodbye_is_played(self) -> None:
        if self.farewell.kind is None or self.voice.is_playing:
            return
        if self.farewell.kind is EndKind.AGENT_HUNG_UP or self.responses.is_idle:
            self._leave(self.farewell.kind)

    def _lose_model(self, fault: ModelFault) -> None:
        if self.farewell.kind is not None:  # all was said but the goodbye
            self._leave(self.farewell.kind)
        else:
            self.over = self.over or lost_model(fault)

    def _error(self, event: Event) -> None:
        error = object_of(event, "error")
        code, event_id = text_of(error, "code"), text_of(error, "event_id")
        if code == "conversation_already_has_active_response":
            self.responses.refused(self._now)
        elif not self.voice.take_error(event_id) and code != "response_cancel_not_active":
            log.warning("model_error", code=code, event_id=event_id)

    def _leave(self, kind: EndKind) -> None:
        self.over = self.over or Over(kind)
