"""The agent's voice on its way to the callee's ear: speech, its interruption, keys it presses."""

import base64
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from call_handler.bridge.outgoing import Outgoing
from call_handler.bridge.tones import PAUSE, dial_tones
from call_handler.bridge.transcript import Transcript
from call_handler.playout import CLEAR_MS, Piece, Playout
from call_handler.realtime import AudioDelta, EventWriter
from telephony.media_messages import clear_message, mark_message, media_message

log = structlog.get_logger(__name__)

_KEYS = "keys:"  # begins the names of our own sounds; the model's items are named otherwise
_NEVER_MS = 2**31


@dataclass(frozen=True, slots=True)
class KeyPress:
    """Keys that one use of a tool asks for."""

    function_call_id: str
    digits: str


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """A turn of the agent that is over: heard to its end, or cut short."""

    item_id: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Cutting:
    """An interruption whose `clear` has not come into effect yet, for all we know.

    `is_done`: the model had said all it wanted to.
    """

    is_done: bool
    due_ms: int


class AgentVoice:
    """Plays what the model says and the keys it presses, each when what was before is over.

    Keys wait until the speech before them was heard; they are never cut, and what is said
    meanwhile waits behind them. All times are on the media clock.
    """

    def __init__(
        self,
        stream_sid: str,
        outgoing: Outgoing,
        writer: EventWriter,
        transcript: Transcript,
        heard: Callable[[HeardTurn], None],
    ) -> None:
        self.playout = Playout()
        self.pressed: list[KeyPress] = []
        """Keys whose tones were played; taken out by whoever answers the tool."""
        self.refused_truncates = 0
        """How often the model would not cut an item as we told it: each is a bug of ours."""
        self._stream_sid = stream_sid
        self._outgoing = outgoing
        self._writer = writer
        self._transcript = transcript
        self._heard = heard
        self._cuttings: dict[str, Cutting] = {}
        self._truncates: set[str] = set()
        self._ended: set[str] = set()
        self._keys: deque[KeyPress] = deque()
        self._sounding: KeyPress | None = None  # None while no tones are being played
        self._held: list[AudioDelta] = []

    @property
    def is_pressing(self) -> bool:
        """Say whether keys wait or sound."""
        return self._sounding is not None or bool(self._keys)

    @property
    def is_playing(self) -> bool:
        """Say whether anything is still to be heard."""
        return self.playout.is_playing or self.is_pressing or bool(self._held)

    @property
    def due_ms(self) -> int:
        """Say when `tick` has something to do."""
        dues = [cutting.due_ms for cutting in self._cuttings.values()]
        return min([*dues, self.playout.lost_at_ms or _NEVER_MS])

    def speak(self, delta: AudioDelta, clock_ms: int) -> bool:
        """Play a stretch of speech, unless its item was cut. Returns: False for no audio at all."""
        if self.is_pressing and not self.playout.is_cut(delta.item_id):
            self._held.append(delta)
            return True
        waiting_ms = self.playout.queued_ms(clock_ms)
        try:
            pieces = self.playout.send(delta.item_id, delta.content_index, delta.payload, clock_ms)
        except ValueError:
            log.warning("model_audio_unreadable", item_id=delta.item_id)
            return False
        if pieces:
            self._put(pieces)
            self._transcript.open_agent_turn(delta.item_id, clock_ms + waiting_ms)
        return True

    def swallow(self, delta: AudioDelta) -> None:
        """Let nobody hear a stretch of speech; the model is told if its item was never heard."""
        if self.playout.refuse(delta.item_id, delta.content_index):
            self._truncate(delta.item_id, delta.content_index, 0)

    def end_item(self, item_id: str) -> None:
        """Note that no more sound of an item comes."""
        self._ended.add(item_id)
        self._put(self.playout.finish_item(item_id))
        self._tell_if_whole(item_id)

    def end_response(self) -> None:
        """Note that no more sound comes for now."""
        self._ended.update(delta.item_id for delta in self._held)
        for item_id in self.playout.item_ids[-1:]:
            self.end_item(item_id)

    def press(self, keys: KeyPress, clock_ms: int) -> None:
        """Press keys once the speech before them was heard."""
        self._keys.append(keys)
        self._go_on(clock_ms)

    def take_mark(self, name: str, clock_ms: int) -> bool:
        """Note that a mark came back. Returns: whether more was heard."""
        if name in self._cuttings:
            self._settle(name, clock_ms)
            return False
        item_id = self.playout.mark_echoed(name, clock_ms)
        if item_id:
            self._transcript.end_agent_turn(item_id, clock_ms)
            self._tell_if_whole(item_id)
        self._go_on(clock_ms)
        return bool(item_id)

    def take_error(self, event_id: str) -> bool:
        """Say whether an error of the model refuses a truncate; it is counted and harmless."""
        if event_id not in self._truncates:
            return False
        self.refused_truncates += 1
        log.warning("truncate_refused", event_id=event_id, refused=self.refused_truncates)
        return True

    def interrupt(self, clock_ms: int, *, is_done: bool) -> None:
        """Stop what is spoken: first for the callee's ears, then in the model's memory.

        The model is told what was heard as soon as the mark behind the `clear` is back: until then
        the callee hears on. Keys go on: a menu that talks is no reason not to choose from it.
        """
        if self._sounding is None and self.playout.is_playing:
            for item_id in self.playout.item_ids:
                self._transcript.close_agent_turn(item_id)
            mark = self.playout.interrupt(clock_ms)
            self._outgoing.send_to_carrier(clear_message(self._stream_sid))
            self._outgoing.send_to_carrier(mark_message(self._stream_sid, mark))
            self._cuttings[mark] = Cutting(is_done, clock_ms + CLEAR_MS)
        held, self._held = self._held, []
        for delta in held:
            self.swallow(delta)
        self._go_on(clock_ms)

    def tick(self, clock_ms: int) -> None:
        """Do what is due: settle what no mark came back for."""
        for mark, cutting in list(self._cuttings.items()):
            if clock_ms >= cutting.due_ms:
                self._settle(mark, None)
        self.playout.forget_lost(clock_ms)
        self._go_on(clock_ms)

    def finish(self, clock_ms: int) -> None:
        """Settle the books when the call is over: what was not heard was not said."""
        for mark in list(self._cuttings):
            self._settle(mark, None)
        for cut in self.playout.settle(self.playout.interrupt(clock_ms), clock_ms):
            if cut.heard_ms < cut.received_ms:
                self._transcript.cut_agent_turn(cut, clock_ms)

    def _settle(self, mark: str, clock_ms: int | None) -> None:
        cutting = self._cuttings.pop(mark)
        end_ms = cutting.due_ms - CLEAR_MS if clock_ms is None else clock_ms
        for cut in self.playout.settle(mark, clock_ms):
            if cutting.is_done and cut.heard_ms >= cut.received_ms:
                self._transcript.end_agent_turn(cut.item_id, end_ms)
                self._heard(HeardTurn(cut.item_id, is_whole=True))
            else:
                self._truncate(cut.item_id, cut.content_index, cut.heard_ms)
                self._transcript.cut_agent_turn(cut, end_ms)
                self._heard(HeardTurn(cut.item_id, is_whole=False))

    def _truncate(self, item_id: str, content_index: int, heard_ms: int) -> None:
        self._outgoing.send_to_model(self._writer.truncate_item(item_id, content_index, heard_ms))
        self._truncates.add(self._writer.last_id)

    def _tell_if_whole(self, item_id: str) -> None:
        if item_id in self._ended and self.playout.is_heard(item_id):
            self._ended.discard(item_id)
            self._heard(HeardTurn(item_id, is_whole=True))

    def _go_on(self, clock_ms: int) -> None:
        """When all was played: sound the next keys, or what was said behind the last ones."""
        if self.playout.is_playing:
            return
        if self._sounding is not None:
            self.pressed.append(self._sounding)
            self._sounding = None
        if self._keys:
            self._sound(self._keys.popleft(), clock_ms)
            return
        held, self._held = self._held, []
        for delta in held:
            self.speak(delta, clock_ms)
        for item_id in self._ended & {delta.item_id for delta in held}:
            self.end_item(item_id)

    def _sound(self, keys: KeyPress, clock_ms: int) -> None:
        self._sounding = keys
        tones = dial_tones(keys.digits)
        name = f"{_KEYS}{keys.function_call_id}"
        self._put(self.playout.send(name, 0, base64.b64encode(tones).decode(), clock_ms))
        self._put(self.playout.finish_item(name))
        digits = keys.digits.replace(PAUSE, "")
        self._transcript.add_agent_keys(digits, clock_ms, clock_ms + len(tones) // 8)

    def _put(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            if piece.payload:
                message = media_message(self._stream_sid, piece.payload)
                self._outgoing.send_to_carrier(message)
            if piece.mark:
                self._outgoing.send_to_carrier(mark_message(self._stream_sid, piece.mark))
