"""One session of the realtime model: takes client events in order and lets the agent answer."""

import asyncio
from collections.abc import AsyncIterator, Coroutine

from sandbox.agent import Agent
from sandbox.agent_playout import AgentPlayout
from sandbox.client_events import check_event, decode_audio, read_message
from sandbox.conversation import Conversation, Item, spoken_item
from sandbox.errand_details import read_facts
from sandbox.input_track import Happening, InputTrack, SilenceEnded
from sandbox.model_ids import ModelIds
from sandbox.model_wire import ModelWire
from sandbox.protocol_error import ProtocolError
from sandbox.response_plans import plan_response
from sandbox.response_player import ResponsePlayer
from sandbox.response_script import ResponseScript
from sandbox.session_schema import part, updated_session
from sandbox.session_setup import SessionSetup
from sandbox.transcripts import transcript_events
from sandbox.voice_activity import SpeechStarted, SpeechStopped
from sandbox.wire_rules import JsonObject

_SHORTEST_COMMIT_MS = 100


class ModelSession:
    """Holds one conversation. Client events are handled one after the other."""

    def __init__(self, setup: SessionSetup, wire: ModelWire, ids: ModelIds) -> None:
        self._setup = setup
        self._faults = setup.scenario.model
        self._wire = wire
        self._ids = ids
        self._session = setup.session
        self._agent = Agent(setup.scenario.agent)
        self._conversation = Conversation(ids)
        self._track = InputTrack()
        self._playout = AgentPlayout(setup.find_track)
        self._player = ResponsePlayer(wire, self._faults, setup.time_factor)
        self._tasks: set[asyncio.Task[None]] = set()
        self._user_item_id = ids.mint("item")
        self._unanswered: str | None = None  # the callee's words that no response has taken up
        self._is_owed = False  # a response to be started when the active one is over
        self._has_spoken = False

    async def run(self, messages: AsyncIterator[str | bytes]) -> None:
        """Serve the session until the client goes away or the session expires."""
        self._write("model_session_opened", scenario=self._setup.scenario.name)
        self._spawn(self._expire())
        try:
            if not self._faults.created_lost:
                await self._wire.emit({"type": "session.created", "session": self._session})
            async for message in messages:
                await self._receive(message)
        finally:
            await self._close()

    async def _receive(self, message: str | bytes) -> None:
        event: JsonObject = {}
        try:
            event = read_message(message)
            kind = check_event(event)
            if kind == "input_audio_buffer.append":
                await self._append(event)
            else:
                await self._handle(kind, event)
        except ProtocolError as refusal:
            self._write("model_refused", code=refusal.code, message=refusal.message)
            await self._wire.refuse(refusal, event.get("event_id"))

    async def _handle(self, kind: str, event: JsonObject) -> None:
        match kind:
            case "session.update":
                await self._update(event)
            case "input_audio_buffer.commit":
                await self._commit_by_client()
            case "input_audio_buffer.clear":
                self._track.take()
                await self._wire.emit({"type": "input_audio_buffer.cleared"})
            case "response.create":
                self._create_response(event)
            case "response.cancel":
                await self._cancel_response(event)
            case _:
                await self._change_items(kind, event)

    async def _update(self, event: JsonObject) -> None:
        if self._faults.update_refused:
            raise ProtocolError("server_error", "The server had an error.")
        session = updated_session(self._session, event["session"], has_spoken=self._has_spoken)
        self._session = session
        self._agent.instruct(str(session["instructions"]), read_facts(session["tools"]))
        shown = session
        if self._faults.updated_formats is not None:
            wrong = {"audio": {side: self._with_wrong_format(side) for side in ("input", "output")}}
            shown = session | wrong
        if not self._faults.updated_lost:
            await self._wire.emit({"type": "session.updated", "session": shown})
        if self._setup.number <= self._faults.dropped_sessions:
            self._wire.reset()

    def _with_wrong_format(self, side: str) -> JsonObject:
        wrong = {"format": {"type": self._faults.updated_formats}}
        return part(self._session, "audio", side) | wrong

    async def _append(self, event: JsonObject) -> None:
        sound = part(self._session, "audio", "input")
        vad = part(sound, "turn_detection") or None
        kind = part(sound, "format").get("type")
        for happening in self._track.append(decode_audio(event), kind, vad):
            if not self._faults.deaf:
                await self._react(happening, vad or {})

    async def _react(self, happening: Happening, vad: JsonObject) -> None:
        match happening:
            case SpeechStarted(audio_start_ms):
                await self._tell("speech_started", audio_start_ms=audio_start_ms)
                if vad["interrupt_response"]:
                    await self._player.interrupt("turn_detected")
            case SpeechStopped(audio_end_ms):
                await self._tell("speech_stopped", audio_end_ms=audio_end_ms)
                await self._commit()
                if vad["create_response"] and not self._faults.ignores_speech:
                    self._respond_when_free()
            case SilenceEnded(start_ms, end_ms):
                await self._tell("timeout_triggered", audio_start_ms=start_ms, audio_end_ms=end_ms)
                await self._commit()
                self._unanswered = None
                if self._player.active is None:
                    self._start_response({}, is_nudge=True)

    async def _tell(self, what: str, **fields: object) -> None:
        kind = f"input_audio_buffer.{what}"
        await self._wire.emit({"type": kind, "item_id": self._user_item_id, **fields})

    async def _commit_by_client(self) -> None:
        if self._track.buffered_ms < _SHORTEST_COMMIT_MS:
            raise ProtocolError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms "
                f"of audio, but buffer only has {self._track.buffered_ms}ms of audio.",
            )
        await self._commit()

    async def _commit(self) -> None:
        """Turn the buffered audio into the callee's item, and have it transcribed."""
        heard, length_ms = self._track.take()
        previous = self._conversation.last_item_id()
        await self._tell("committed", previous_item_id=previous)
        item = spoken_item(self._user_item_id, length_ms)
        self._user_item_id = self._ids.mint("item")
        await self._wire.emit(self._conversation.add(item))
        await self._wire.emit(self._conversation.done(item))
        self._unanswered = heard.text if heard.loud_frames else self._unanswered
        self._write(
            "model_heard",
            text=heard.text,
            unknown_frames=heard.unknown_frames,
            lost_frames=heard.lost_frames,
        )
        if part(self._session, "audio", "input", "transcription") and heard.loud_frames:
            self._spawn(self._transcribe(item, heard.text))

    async def _transcribe(self, item: Item, words: str) -> None:
        await asyncio.sleep(self._faults.transcript_delay_s / self._setup.time_factor)
        for event in transcript_events(item, words, self._faults.transcripts):
            await self._wire.emit(event)

    async def _change_items(self, kind: str, event: JsonObject) -> None:
        match kind:
            case "conversation.item.create":
                answers = self._conversation.create(event)
                self._read_text(event)
            case "conversation.item.truncate":
                answers = [self._truncate(event)]
            case "conversation.item.delete":
                answers = self._conversation.delete(event)
            case _:
                answers = self._conversation.retrieve(event)
        for answer in answers:
            await self._wire.emit(answer)

    def _read_text(self, event: JsonObject) -> None:
        """Take text from a user message as words of the callee; note outputs of tools."""
        body = part(event, "item")
        content = body.get("content")
        if body.get("role") == "user" and isinstance(content, list):
            self._unanswered = " ".join(str(piece.get("text", "")) for piece in content)
        if body["type"] == "function_call_output":
            tool = self._conversation.tool_of(str(body["call_id"]))
            self._agent.hear_output(tool, str(body["output"]))
            self._write("model_tool_output", tool=tool, output=body["output"])

    def _truncate(self, event: JsonObject) -> JsonObject:
        facts = self._playout.facts(self._conversation.find(event["item_id"]))
        facts |= {"item_id": event["item_id"], "audio_end_ms": event["audio_end_ms"]}
        accepted = False
        try:
            item, answer, cut_ms = self._conversation.truncate(event)
            accepted = True
        finally:
            self._write("truncate", accepted=accepted, **facts)
        if item.turn is not None and cut_ms:
            self._agent.was_cut(item.turn, tools_called=True)
        return answer

    def _create_response(self, event: JsonObject) -> None:
        active = self._player.active
        if active is not None:
            raise ProtocolError(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress: "
                f"{active.response_id}. Wait until it is finished before creating a new one.",
            )
        self._start_response(part(event, "response"))

    async def _cancel_response(self, event: JsonObject) -> None:
        active = self._player.active
        if active is None or event.get("response_id", active.response_id) != active.response_id:
            raise ProtocolError(
                "response_cancel_not_active", "Cancellation failed: no active response found."
            )
        await self._player.interrupt("client_cancelled")

    def _respond_when_free(self) -> None:
        if self._player.active is None:
            self._start_response({})
        else:
            self._is_owed = True

    def _start_response(self, overrides: JsonObject, *, is_nudge: bool = False) -> None:
        """Let the agent choose its turn and begin to play it."""
        is_waiting = bool(self._conversation.open_calls)
        words, self._unanswered = self._unanswered, None
        told = self._agent.obey(str(overrides.get("instructions", "")))
        if told is not None:
            turn = told
        elif is_nudge:
            turn = self._agent.nudge()
        elif words is not None:
            turn = self._agent.answer(words, is_waiting=is_waiting)
        else:
            turn = self._agent.carry_on(is_waiting=is_waiting)
        plan = plan_response(turn, self._session, overrides, self._faults)
        if turn.tools and not plan.turn.tools and not plan.turn.say:
            # The client offers none of these tools: go on as if they had answered.
            turn = self._agent.carry_on(is_waiting=is_waiting)
            plan = plan_response(turn, self._session, overrides, self._faults)
        self._has_spoken = self._has_spoken or bool(plan.audio)
        self._is_owed = False
        self._track.expect_nothing()
        self._playout.begin(plan.turn)
        script = ResponseScript(plan, self._conversation, self._ids)
        self._player.start(script, self._finish_response)

    def _finish_response(self, script: ResponseScript, status: str) -> None:
        turn = script.plan.turn
        tools = [{"tool": tool.name, **tool.arguments} for tool in turn.tools]
        self._write("model_response", status=status, text=turn.say, tools=tools)
        if status != "completed":
            self._agent.was_cut(turn, tools_called=script.has_called_tools)
        self._track.expect_speech(sum(item.audio_ms for item in script.items))
        if self._is_owed:
            self._start_response({})

    async def _expire(self) -> None:
        """End the session when its time is over."""
        await asyncio.sleep(self._faults.session_max_s / self._setup.time_factor)
        message = "Your session hit the maximum duration of 60 minutes."
        await self._wire.refuse(ProtocolError("session_expired", message), None)
        await self._wire.close(1001, message)

    def _spawn(self, work: Coroutine[object, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        await self._player.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._write(
            "model_session_closed",
            reached=self._agent.reached,
            unreached=self._agent.unreached(),
            appended_ms=self._track.appended_ms,
            wrong_format_frames=self._track.wrong_format_frames,
            events_sent=self._wire.events_sent,
        )

    def _write(self, kind: str, **facts: object) -> None:
        session_id = self._setup.session["id"]
        self._setup.books.write(kind, call_id=self._setup.call_id, session=session_id, **facts)
