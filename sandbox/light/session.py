"""One session of the realtime model in the light mode: turns by time, deltas made beforehand."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace

from websockets.asyncio.server import ServerConnection

from sandbox.agent import Agent
from sandbox.agent_turns import Turn
from sandbox.client_events import check_event, read_message
from sandbox.conversation import Conversation, spoken_item
from sandbox.errand_details import read_facts
from sandbox.light.flow import Track
from sandbox.light.frames import AGENT, CALLEE, press, tag_of
from sandbox.light.mode import Light
from sandbox.light.taken_socket import TakenSocket
from sandbox.model_ids import ModelIds
from sandbox.mulaw import FRAME_MS, SILENCE
from sandbox.protocol_error import ProtocolError
from sandbox.response_plans import plan_response
from sandbox.response_script import Pause, ResponseScript, Step
from sandbox.session_schema import part, updated_session
from sandbox.session_setup import SessionSetup
from sandbox.transcripts import transcript_events
from sandbox.wire_rules import JsonObject

ROUND_MS, SPEAKS_MS = 14_000, 1_000
"""Again and again: nobody says anything, then the callee speaks, then the agent does."""

_FIRST_MS = 400
_CALLEE_SAYS = "Luigi's, hello?"
_APPEND = b'{"type":"input_audio_buffer.append"'
_AUDIO = b'"audio":"'
_APPEND_END = b'"}'
_DELTA = "response.output_audio.delta"


class LightSession:
    """Holds one conversation by the clock. It judges every event but audio as the session does."""

    def __init__(self, setup: SessionSetup, ids: ModelIds, light: Light) -> None:
        self._setup = setup
        self._light = light
        self._sound = SILENCE * (light.talks_ms // FRAME_MS)  # as long as what is sent for it
        self._listens_ms = ROUND_MS - SPEAKS_MS - light.talks_ms
        self._ids = ids
        self._session = setup.session
        self._agent = Agent(setup.scenario.agent)
        self._conversation = Conversation(ids)
        self._tag = tag_of(setup.call_id or "")
        self._track = Track(light.inbound, self._tag, CALLEE)
        self._taken: TakenSocket | None = None  # None before `run`
        self._opening: Turn | None = None  # None before the first turn
        self._script: ResponseScript | None = None  # None while no response is active
        self._steps: Iterator[Step] = iter(())
        self._delta_head = ""
        self._events = self._deltas = self._appended_ms = 0
        self._quiet_ms = max(0, self._listens_ms - _FIRST_MS)  # the first round begins soon
        self._item_id = ids.mint("item")

    async def run(self, connection: ServerConnection) -> None:
        """Serve the session until the client goes away."""
        self._setup.books.write("model_session_opened", **self._facts, scenario="light")
        self._taken = TakenSocket(connection, self._receive, is_client=False)
        self._emit({"type": "session.created", "session": self._session})
        try:
            await self._taken.closed.wait()
        finally:
            self._light.beat.leave(self)
            counts = {"appended_ms": self._appended_ms, "events_sent": self._events + self._deltas}
            self._setup.books.write("model_session_closed", **self._facts, **counts)

    @property
    def _facts(self) -> dict[str, object]:
        return {"call_id": self._setup.call_id, "session": self._setup.session["id"]}

    # -- what the client sends ---------------------------------------------------------------

    def _receive(self, text: bytes, now_ns: int) -> None:
        if text.startswith(_APPEND) and text.endswith(_APPEND_END):
            if not self._appended_ms:
                self._light.beat.join(self, self._beat)
            self._appended_ms += FRAME_MS
            begin = text.find(_AUDIO) + len(_AUDIO)
            self._track.take(text[begin : -len(_APPEND_END)], now_ns)
            return
        event: JsonObject = {}
        try:
            event = read_message(text.decode())
            self._handle(check_event(event), event)
        except ProtocolError as refusal:
            self._refuse(refusal, event.get("event_id"))

    def _handle(self, kind: str, event: JsonObject) -> None:
        match kind:
            case "session.update":
                self._update(event)
            case "response.create":
                self._create_response(event)
            case "response.cancel":
                self._cancel_response()
            case "conversation.item.create":
                self._emit(*self._conversation.create(event))
            case "conversation.item.truncate":
                self._emit(self._conversation.truncate(event)[1])
            case "conversation.item.delete":
                self._emit(*self._conversation.delete(event))
            case "conversation.item.retrieve":
                self._emit(*self._conversation.retrieve(event))
            case _:
                raise ProtocolError("invalid_event", f"The light mode has no {kind}.", "type")

    def _update(self, event: JsonObject) -> None:
        session = updated_session(self._session, event["session"], has_spoken=False)
        self._session = session
        self._agent.instruct(str(session["instructions"]), read_facts(session["tools"]))
        self._emit({"type": "session.updated", "session": session})

    def _create_response(self, event: JsonObject) -> None:
        if self._script is not None:
            message = f"Conversation already has an active response: {self._script.response_id}."
            raise ProtocolError("conversation_already_has_active_response", message)
        self._respond(part(event, "response"))

    def _cancel_response(self) -> None:
        if self._script is None:
            message = "Cancellation failed: no active response found."
            raise ProtocolError("response_cancel_not_active", message)
        self._emit(*self._script.cut("cancelled", "client_cancelled"))
        self._end_response()

    # -- who says what when ------------------------------------------------------------------

    def _beat(self) -> None:
        """Live through 20 ms."""
        if self._script is not None:
            self._play()
            return
        self._quiet_ms += FRAME_MS
        if self._quiet_ms == self._listens_ms:
            self._tell("speech_started", audio_start_ms=self._appended_ms)
        elif self._quiet_ms == self._listens_ms + SPEAKS_MS:
            self._tell("speech_stopped", audio_end_ms=self._appended_ms)
            self._commit()
            self._respond({})

    def _commit(self) -> None:
        self._tell("committed", previous_item_id=self._conversation.last_item_id())
        item = spoken_item(self._item_id, SPEAKS_MS)
        self._item_id = self._ids.mint("item")
        self._emit(self._conversation.add(item), self._conversation.done(item))
        self._emit(*transcript_events(item, _CALLEE_SAYS, "late"))

    def _respond(self, overrides: JsonObject) -> None:
        """Begin the agent's next turn: what it is told to say, else the words of its opening."""
        told = self._agent.obey(str(overrides.get("instructions", "")))
        if self._opening is None:
            self._opening = replace(self._agent.answer(_CALLEE_SAYS), tools=())
        turn = told or self._opening
        plan = plan_response(turn, self._session, overrides, self._setup.scenario.model)
        plan = replace(plan, audio=self._sound, delta_ms=FRAME_MS, pace=1.0)
        self._script = ResponseScript(plan, self._conversation, self._ids)
        self._steps = self._script.steps()
        self._play()

    def _play(self) -> None:
        """Send what belongs to the next 20 ms of the response."""
        for step in self._steps:
            if isinstance(step, Pause):
                return
            if step["type"] == _DELTA:
                self._send_delta(step)
            else:
                self._delta_head = ""
                self._emit(step)
        self._end_response()

    def _end_response(self) -> None:
        self._script, self._quiet_ms, self._delta_head = None, 0, ""

    # -- what is sent ------------------------------------------------------------------------

    def _send_delta(self, event: JsonObject) -> None:
        """Send a stamped frame in place of the event's sound."""
        if self._taken is None:
            return
        if not self._delta_head:
            fields = {key: event[key] for key in event if key not in {"type", "delta"}}
            self._delta_head = json.dumps(fields, separators=(",", ":"))[1:-1]
        self._deltas += 1
        self._light.outbound.sent += 1
        payload = press((self._tag, AGENT, self._deltas, time.monotonic_ns()))
        self._taken.send(
            f'{{"type":"{_DELTA}","event_id":"event_a{self._deltas}",{self._delta_head}'
            f',"delta":"{payload}"}}'
        )

    def _tell(self, what: str, **fields: object) -> None:
        kind = f"input_audio_buffer.{what}"
        self._emit({"type": kind, "item_id": self._item_id, **fields})

    def _refuse(self, refusal: ProtocolError, event_id: object) -> None:
        error = {
            "type": "invalid_request_error",
            "code": refusal.code,
            "message": refusal.message,
            "param": refusal.param,
            "event_id": event_id,
        }
        self._emit({"type": "error", "error": error})

    def _emit(self, *events: JsonObject) -> None:
        """Send events, the type first, as the service does."""
        if self._taken is None:
            return
        for event in events:
            self._events += 1
            body = {"type": event["type"], "event_id": f"event_{self._events}", **event}
            self._taken.send(json.dumps(body, separators=(",", ":")))
