"""Moves the audio of one call both ways until one side ends; the rules are the dialogue's."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from call_handler.bridge.dialogue import Dialogue
from call_handler.bridge.ending import describe_end
from call_handler.bridge.limits import BridgeLimits
from call_handler.bridge.over import Over, broken_bridge, lost_media, lost_model
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
        self._model: ModelSocket | None = None
        self._is_ready = False
        self._kept: deque[Media] = deque(maxlen=limits.kept_frames)
        self._flushing = asyncio.Lock()
        self._frame_at = 0.0
        self._sending_since: float | None = None  # None while no send is under way

    async def run(self) -> CallEnd:
        """Bridge until the call has to end and say how; never raises, except when cancelled."""
        self._frame_at = self._now()
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
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
        self._dialogue.finish()
        return describe_end(over, self._dialogue, self._signals.clock.now())

    async def collect_late_words(self) -> bool:
        """Wait a little for the callee's words that are still being written down.

        Returns: whether any came. Nothing else may use the bridge then.
        """
        transcript = self._dialogue.transcript
        if self._model is None or not transcript.awaits_text:
            return False
        before = transcript.turns()
        try:
            async with asyncio.timeout(self._limits.late_s):
                while transcript.awaits_text:
                    event = read_event(await self._model.receive())
                    if event is not None and not isinstance(event, AudioDelta):
                        transcript.take_words(event)
        except (TimeoutError, ModelFault):
            pass  # what did not come by now will not come
        return transcript.turns() != before

    async def close(self) -> None:
        """Close the model's session."""
        if self._model is not None:
            await self._model.close()
            self._model = None

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
                text = await self._carrier.receive()
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
                self._dialogue.take_mark(name)
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
        self._frame_at = self._now()
        dialogue.clock_ms = max(dialogue.clock_ms, media.timestamp_ms)
        if self._is_ready:
            await self._send_event(dialogue.writer.append_audio(media.payload))
        else:
            self._kept.append(media)
        if dialogue.clock_ms >= dialogue.due_ms and self._is_ready:
            dialogue.tick()
            dialogue.ask_if_wanted(self._now())
            await self._flush()

    # -- the model's side --------------------------------------------------------------------

    async def _serve_model(self) -> Over:
        for attempt in range(1, _CONNECTIONS + 1):
            try:
                self._model = await self._connect()
                await self._start_session()
                return await self._listen(self._model)
            except ModelFault as fault:
                self._is_ready = False
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
            await self._send_event(self._dialogue.writer.append_audio(payload))
        self._is_ready = True
        log.info("model_connected")

    async def _listen(self, model: ModelSocket) -> Over:
        dialogue = self._dialogue
        while dialogue.over is None:
            text = await model.receive()
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
        try:
            while True:
                begun = self._now()
                waiting = {task for task in (stop, cancel) if not task.done()}
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
            stop.cancel()
            cancel.cancel()
            await asyncio.gather(stop, cancel, return_exceptions=True)

    def _look(self, *, is_stopping: bool, is_canceled: bool) -> Over | None:
        """Look at everything that runs on the wall clock; None while the call may go on."""
        now = self._now()
        if is_stopping:
            return Over(EndKind.HANDLER_STOPPED)
        if is_canceled and not self._is_ready:
            return Over(EndKind.PERSON_HUNG_UP)
        if is_canceled:
            self._dialogue.say_goodbye(EndKind.PERSON_HUNG_UP)
        if self._sending_since is not None:  # meanwhile no frame is read: none is missed either
            if now - self._sending_since > self._limits.blocked_s:
                return _blocked_model()
        elif now - self._frame_at > self._limits.frame_gap_s:
            return lost_media("no_frames", "No sound came from the carrier for too long.")
        if self._is_ready:
            self._dialogue.check_model(now)
        return self._dialogue.over

    async def _flush(self) -> None:
        """Send what the dialogue wants sent; one at a time, so that the order stays."""
        dialogue = self._dialogue
        if not dialogue.to_carrier and not dialogue.to_model:
            return
        async with self._flushing:
            to_carrier, dialogue.to_carrier = dialogue.to_carrier, []
            with self._ended_if_blocked(lost_media("blocked", "The line took no more sound.")):
                async with asyncio.timeout(self._limits.blocked_s):
                    for text in to_carrier:
                        await self._carrier.send(text)
            to_model, dialogue.to_model = dialogue.to_model, []
            with self._ended_if_blocked(_blocked_model()):
                async with asyncio.timeout(self._limits.blocked_s):
                    for event in to_model:
                        await self._send_event(event)

    @contextmanager
    def _ended_if_blocked(self, over: Over) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._dialogue.over = self._dialogue.over or over

    async def _send_event(self, event: str) -> None:
        if self._model is None:
            return
        try:
            await self._send_timed(self._model, event)
        except ModelFault:
            self._is_ready = False  # who listens to the model meets the same end, and its reason

    async def _send_timed(self, model: ModelSocket, event: str) -> None:
        """Send one event; the watch ends the call if it takes too long."""
        self._sending_since = self._now()
        try:
            await model.send(event)
        finally:
            self._sending_since = None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _blocked_model() -> Over:
    return lost_model(ModelFault("blocked", "The speech model took no more sound."))
