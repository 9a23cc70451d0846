"""Moves the audio of one call both ways until one side ends; the rules are the dialogue's."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from call_handler.bridge.asking import Asking, Question
from call_handler.bridge.dialogue import Dialogue
from call_handler.bridge.ending import describe_end
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.over import Over, broken_bridge, lost_media, lost_model
from call_handler.bridge.sending import Sender
from call_handler.bridge.short_cut import ShortCut
from call_handler.bridge.sockets import CarrierSocket, ModelConnector, ModelSocket, Signals
from call_handler.outcome import CallEnd, EndKind
from call_handler.realtime import AudioDelta, ModelFault, read_audio_delta, read_event
from call_handler.realtime.events import object_of, text_of
from telephony.media_messages import (
    BadStreamMessage,
    Dtmf,
    Mark,
    Media,
    Started,
    Stopped,
    UnknownEvent,
    read_media,
    read_message,
)

log = structlog.get_logger(__name__)

_CONNECTIONS = 2


class Bridge:
    """Connects one media stream with one session of the model."""

    def __init__(
        self,
        carrier: CarrierSocket,
        connect: ModelConnector,
        dialogue: Dialogue,
        signals: Signals,
        limits: BridgeLimits,
    ) -> None:
        self._carrier = carrier
        self._connect = connect
        self._dialogue = dialogue
        self._signals = signals
        self._limits = limits
        self._sender = Sender(carrier, dialogue, limits)
        self._asking = Asking(signals.ask_person, self._take_answer)
        self._kept: deque[Media] = deque(maxlen=limits.kept_frames)
        self._stirred = asyncio.Event()
        self._short_cut = ShortCut(dialogue, self._sender, self._stirred.set)

    async def run(self) -> CallEnd:
        """Bridge until the call has to end and say how; never raises, except when cancelled."""
        self._short_cut.frame_at = self._now()
        sides = [
            asyncio.create_task(self._guard(side), name=name)
            for name, side in (
                ("bridge-carrier", self._serve_carrier),
                ("bridge-model", self._serve_model),
                ("bridge-watch", self._watch),
            )
        ]
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            over = next(side.result() for side in sides if side in done)
        finally:
            self._short_cut.close()
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
            await self._asking.close()
        self._dialogue.finish()
        return describe_end(over, self._dialogue, self._signals.clock.now())

    async def collect_late_words(self) -> bool:
        """Wait a little for the callee's words that are still being written down.

        Returns: whether any came. Nothing else may use the bridge then.
        """
        transcript, model = self._dialogue.transcript, self._sender.model
        if model is None or not transcript.awaits_text:
            return False
        before = transcript.turns()
        try:
            async with asyncio.timeout(self._limits.late_s):
                while transcript.awaits_text:
                    event = read_event(await model.receive())
                    if event is not None and not isinstance(event, AudioDelta):
                        self._dialogue.take_words(event)
        except (TimeoutError, ModelFault):
            pass  # what did not come by now will not come
        return transcript.turns() != before

    async def close(self) -> None:
        """Close the model's session."""
        if self._sender.model is not None:
            await self._sender.model.close()
            self._sender.model = None

    async def _guard(self, side: Callable[[], Awaitable[Over]]) -> Over:
        """Run one side; whatever breaks in it ends the call, and not the bridge."""
        try:
            return await side()
        except Exception as error:
            log.exception("bridge_failed")
            return broken_bridge(error)

    # -- the carrier's side ------------------------------------------------------------------

    async def _serve_carrier(self) -> Over:
        dialogue = self._dialogue
        while dialogue.over is None:
            try:
                text = await self._short_cut.receive_from_carrier(self._carrier)
                if text is None:
                    return lost_media("stream_closed", "The media stream ended without a stop.")
                await self._take_carrier_message(text)
            except BadStreamMessage as error:
                return lost_media("protocol", f"The media stream broke the protocol: {error}.")
        return dialogue.over

    async def _take_carrier_message(self, text: str) -> None:
        media = read_media(text)
        if media is not None:
            await self._take_frame(media)
            return
        match read_message(text):
            case Media() as media:
                await self._take_frame(media)
            case Mark(name):
                self._dialogue.take_mark(name, self._now())
            case Dtmf(digit):
                self._dialogue.take_key(digit)
            case Stopped():
                self._dialogue.take_stop()
            case Started():
                raise BadStreamMessage("a second start")
            case UnknownEvent(event):
                log.warning("stream_event_unknown", stream_event=event[:64])
            case _:
                pass  # a second "connected" changes nothing
        await self._flush()

    async def _take_frame(self, media: Media) -> None:
        dialogue = self._dialogue
        self._short_cut.note_frame(media)
        if self._sender.is_ready:
            await self._sender.send_event(dialogue.writer.append_audio(media.payload))
        else:
            self._kept.append(media)
        dialogue.take_frame(media.payload)
        if dialogue.clock_ms >= dialogue.due_ms and self._sender.is_ready:
            dialogue.tick(self._now())
            await self._flush()

    # -- the model's side --------------------------------------------------------------------

    async def _serve_model(self) -> Over:
        for attempt in range(1, _CONNECTIONS + 1):
            try:
                self._sender.model = await self._connect()
                await self._start_session()
                return await self._listen(self._sender.model)
            except ModelFault as fault:
                self._sender.is_ready = False
                self._short_cut.close()
                once_more = fault.may_reconnect and not self._dialogue.anything_said
                if attempt == _CONNECTIONS or not once_more:
                    return lost_model(fault)
                log.warning("model_reconnects", code=fault.code)
                await self.close()
        raise AssertionError("unreachable: the last attempt returns")

    async def _start_session(self) -> None:
        """Send what the callee said meanwhile, then let frames pass directly."""
        first_ms = self._kept[0].timestamp_ms if self._kept else self._dialogue.clock_ms
        self._dialogue.model_ready(first_ms)
        while self._kept:
            payload = self._kept.popleft().payload
            await self._sender.send_event(self._dialogue.writer.append_audio(payload))
        self._sender.is_ready = True
        self._short_cut.open()
        log.info("model_connected")

    async def _listen(self, model: ModelSocket) -> Over:
        dialogue = self._dialogue
        while dialogue.over is None:
            text = await self._short_cut.receive_from_model(model)
            event = read_audio_delta(text) or read_event(text)
            if event is None:
                log.warning("model_event_unreadable", length=len(text))
            elif isinstance(event, AudioDelta):
                dialogue.take_audio(event)
            else:
                if event["type"] == "error":
                    model.note_error(text_of(object_of(event, "error"), "code"))
                dialogue.take_event(event, self._now())
            await self._flush()
        return dialogue.over

    # -- limits ------------------------------------------------------------------------------

    async def _watch(self) -> Over:
        stop = asyncio.create_task(self._signals.stopping.wait())
        cancel = asyncio.create_task(self._signals.cancel_requested.wait())
        stirred = asyncio.create_task(self._stirred.wait())
        try:
            while True:
                begun = self._now()
                if stirred.done():
                    self._stirred.clear()
                    stirred = asyncio.create_task(self._stirred.wait())
                waiting = {task for task in (stop, cancel, stirred) if not task.done()}
                await asyncio.wait(
                    waiting, timeout=self._limits.tick_s, return_when=asyncio.FIRST_COMPLETED
                )
                stall_s = self._now() - begun - self._limits.tick_s
                if stall_s > self._limits.frame_gap_s / 2 and not stop.done():
                    # It was we who stood still: first read what waits in the sockets, then judge.
                    log.warning("bridge_stalled", seconds=round(stall_s, 1))
                    continue
                over = self._look(is_stopping=stop.done(), is_canceled=cancel.done())
                if over is not None:
                    return over
                await self._flush()
        finally:
            for task in (stop, cancel, stirred):
                task.cancel()
            await asyncio.gather(stop, cancel, stirred, return_exceptions=True)

    def _look(self, *, is_stopping: bool, is_canceled: bool) -> Over | None:
        """Look at everything that runs on the wall clock; None while the call may go on."""
        now = self._now()
        if is_stopping:
            return Over(EndKind.HANDLER_STOPPED)
        if is_canceled and not self._sender.is_ready:
            return Over(EndKind.PERSON_HUNG_UP)
        if is_canceled:
            self._dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
        blocked = self._sender.find_blocked(now)
        if blocked is not None:
            return blocked
        if (
            not self._sender.is_sending
            and now - self._short_cut.frame_at > self._limits.frame_gap_s
        ):
            return lost_media("no_frames", "No sound came from the carrier for too long.")
        if self._sender.is_ready:
            self._dialogue.take_answered_by(self._signals.answered_by(), now)
            self._dialogue.check_model(now)
        return self._dialogue.over

    async def _flush(self) -> None:
        """Do what the dialogue wants done: send, and ask the person."""
        for question in self._dialogue.take_questions():
            self._asking.put(question)
        await self._sender.flush()

    async def _take_answer(self, question: Question, answer: str | None) -> None:
        self._dialogue.take_answer(question, answer, self._now())
        await self._sender.flush()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
