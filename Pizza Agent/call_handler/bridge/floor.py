"""Who has the floor: when the agent speaks, when it is silent, and what it says last."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import structlog

from call_handler.bridge.farewell import GOODBYES, Farewell
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.outgoing import Outgoing
from call_handler.bridge.over import Over, lost_model
from call_handler.bridge.responses import Responses
from call_handler.bridge.voice import AgentVoice
from call_handler.bridge.wishes import End, Hush, Speak, Stay, Wish
from call_handler.outcome import EndKind
from call_handler.realtime import AudioDelta, EventWriter, ModelFault
from call_handler.realtime.events import text_of

log = structlog.get_logger(__name__)


class Floor:
    """Lets the agent speak, cuts it short and ends the call.

    `over` is None while the call goes on.
    """

    def __init__(
        self, voice: AgentVoice, outgoing: Outgoing, writer: EventWriter, limits: BridgeLimits
    ) -> None:
        self.responses = Responses(limits)
        self.farewell = Farewell(limits)
        self.over: Over | None = None
        self.is_hushed = False
        self._owes_rest = False  # an answer was cut to say something else first
        self.voice = voice
        self._outgoing = outgoing
        self._writer = writer
        self._limits = limits

    def restart(self) -> None:
        """Begin with a fresh session of the model."""
        self.responses = Responses(self._limits)

    def speak(self, delta: AudioDelta, clock_ms: int) -> bool:
        """Play a stretch of the agent's voice, unless it was cut short or came too late.

        Returns: whether there was sound in it that anybody may hear.
        """
        if delta.response_id in self.responses.closed_ids:
            self.voice.swallow(delta)
            return False
        if self.farewell.kind is EndKind.AGENT_HUNG_UP:
            return False  # the goodbye was said; what the model adds now is not
        if not self.voice.speak(delta, clock_ms):
            return False
        self.responses.sounded()
        return True

    def begin_response(self, response_id: str, now: float) -> None:
        """Note that the model begins to answer; `now` in seconds of the wall clock."""
        self.responses.started(response_id, now)
        if self.is_hushed and self.farewell.kind is None:
            self._cancel()

    def end_response(self, response: Mapping[str, object], now: float) -> ModelFault | None:
        """Note the end of an answer. Returns: the fault when it failed twice in a row."""
        fault = self.responses.finished(response, now)
        was_said = text_of(response, "status") == "completed"
        if was_said and self._owes_rest and not self.responses.wanted:
            self._owes_rest = False
            self.responses.want()
        return fault

    def ask_if_wanted(self, now: float) -> None:
        """Send `response.create` if an answer is wanted, none runs, and no key is being pressed.

        Hushed, the agent only says what it is told to.
        """
        is_hushed = self.is_hushed and not self.responses.wanted_words
        words = None
        if not self.voice.is_pressing and not is_hushed:
            words = self.responses.take_wanted(now)
        if words is not None:
            self._outgoing.send_to_model(self._writer.create_response(words))

    def interrupt(self, clock_ms: int) -> None:
        """Stop what the agent is saying because the callee speaks; a goodbye is said to its end."""
        if self.farewell.kind is None:
            self._owes_rest = False
            self._stop_speaking(clock_ms)
            self.responses.close_active()

    def speak_instead(self, words: str, clock_ms: int) -> None:
        """Have the agent speak now, instead of what it is saying; empty: an ordinary answer.

        What special words cut short is asked for again after them.
        """
        if self.farewell.kind is None:
            is_answering = self.voice.is_playing or self.responses.active_id is not None
            self._owes_rest = bool(words) and is_answering
            self._stop_speaking(clock_ms)
            self._cancel()
            self.responses.want(words)

    def hush(self, wish: Hush, clock_ms: int) -> None:
        """Let nobody hear the agent, or let it be heard again."""
        self.is_hushed = wish.is_on
        if wish.is_on and not wish.lets_finish and self.farewell.kind is None:
            self._stop_speaking(clock_ms)
            self._cancel()

    def give_output(self, function_call_id: str, output: str) -> None:
        """Give a tool's output to the model and let it go on, unless it said its last words."""
        self._outgoing.send_to_model(self._writer.answer_tool(function_call_id, output))
        if self.farewell.kind is None:
            self.responses.output_sent()

    def part(self, clock_ms: int) -> None:
        """End the call as the agent asked, when what it has said was heard."""
        self.farewell.begin(EndKind.AGENT_HUNG_UP, clock_ms)
        self.responses.wanted = False

    def say_goodbye(self, kind: EndKind, clock_ms: int, words: str = "") -> None:
        """Let the agent say goodbye and end the call then, for a reason that is not its own."""
        if self.farewell.kind is not None:
            return
        self._stop_speaking(clock_ms)
        self._cancel()
        self.farewell.begin(kind, clock_ms)
        self.responses.want(words or GOODBYES[kind], is_urgent=True)

    def stay(self, clock_ms: int) -> None:
        """Call a goodbye off whose words are under way, and answer what was said."""
        if self.farewell.kind is not None:
            self.farewell.kind = None
            self.speak_instead("", clock_ms)

    def grant(self, wishes: Sequence[Wish], clock_ms: int) -> None:
        """Do what the rules of conduct want."""
        for wish in wishes:
            log.info("conduct", wish=type(wish).__name__.lower())
            match wish:
                case Speak(words):
                    self.speak_instead(words, clock_ms)
                case Hush():
                    self.hush(wish, clock_ms)
                case End(kind, ""):
                    self.leave(kind)
                case End(kind, words):
                    self.say_goodbye(kind, clock_ms, words)
                case Stay():
                    self.stay(clock_ms)
                case _:
                    assert_never(wish)

    def leave(self, kind: EndKind) -> None:
        """End the call at once."""
        self.over = self.over or Over(kind)

    def leave_if_goodbye_is_played(self) -> None:
        """End the call once the last words were heard."""
        kind = self.farewell.kind
        if kind is None or self.voice.is_playing:
            return
        if kind is EndKind.AGENT_HUNG_UP or self.responses.is_idle:
            self.leave(kind)

    def lose_model(self, fault: ModelFault) -> None:
        """End the call because of the model, unless all was said but the goodbye."""
        if self.farewell.kind is not None:
            self.leave(self.farewell.kind)
        else:
            self.over = self.over or lost_model(fault)

    def _stop_speaking(self, clock_ms: int) -> None:
        self.voice.interrupt(clock_ms, is_done=self.responses.active_id is None)

    def _cancel(self) -> None:
        """Have the model say no more of its running answer."""
        if self.responses.active_id is not None:
            self.responses.close_active()
            self._outgoing.send_to_model(self._writer.cancel_response())
