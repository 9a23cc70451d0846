"""A dialogue without sockets: events in, what would be sent out."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import cast

from call_handler.bridge import BridgeLimits, Dialogue, DialogueSetup
from call_handler.realtime import AudioDelta
from ringback.v1.call_results_pb2 import FactDeclaration, Role, ToolUse, TranscriptTurn

FACTS = (FactDeclaration(name="total_price", required=True),)


class Journal:
    """Keeps turns in memory, the way call_reporter does it on disk."""

    def __init__(self) -> None:
        self.turns: list[TranscriptTurn] = []

    def turn(  # noqa: PLR0913 - the reporter's own signature
        self,
        role: Role.ValueType,
        text: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        interrupted: bool = False,
        item_id: str = "",
        tool: ToolUse | None = None,
        dtmf: str = "",
    ) -> int:
        self.turns.append(
            TranscriptTurn(
                role=role,
                text=text,
                start_ms=start_ms,
                end_ms=end_ms,
                interrupted=interrupted,
                item_id=item_id,
                tool=tool,
                dtmf=dtmf,
            )
        )
        return len(self.turns) - 1

    def revise_turn(
        self, position: int, *, text: str, end_ms: int | None, interrupted: bool
    ) -> None:
        del end_ms
        self.turns[position].text = text
        self.turns[position].interrupted = interrupted


class Talk:
    """Drives one dialogue the way the bridge does."""

    def __init__(
        self, limits: BridgeLimits | None = None, setup: DialogueSetup | None = None
    ) -> None:
        self.journal = Journal()
        self.limits = limits or BridgeLimits()
        setup = setup or DialogueSetup("MZ1", FACTS, "gpt-realtime-2.1")
        self.dialogue = Dialogue(setup, self.journal, self.limits)
        self.now = 100.0
        self.dialogue.model_ready(0)

    def at(self, clock_ms: int) -> None:
        """Let the carrier's clock reach a time."""
        self.dialogue.clock_ms = clock_ms
        if clock_ms >= self.dialogue.due_ms:
            self.dialogue.tick(self.now)

    def later(self, seconds: float) -> None:
        """Let the wall clock go on."""
        self.now += seconds
        self.dialogue.check_model(self.now)

    def event(self, kind: str, **fields: object) -> None:
        self.dialogue.take_event({"type": kind, **fields}, self.now)

    def callee_says(self, text: str, item_id: str = "item_c") -> None:
        self.event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=100)
        self.event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=900)
        self.event("input_audio_buffer.committed", item_id=item_id)
        self.event(
            "conversation.item.input_audio_transcription.completed",
            item_id=item_id,
            transcript=text,
        )

    def response_begins(self, response_id: str = "resp_1") -> None:
        self.event("response.created", response={"id": response_id})

    def agent_says(
        self, text: str, ms: int, *, item_id: str = "item_a", response_id: str = "resp_1"
    ) -> None:
        payload = base64.b64encode(bytes(8 * ms)).decode()
        self.event("response.output_audio_transcript.delta", item_id=item_id, delta=text)
        self.dialogue.take_audio(AudioDelta(response_id, item_id, 0, payload))

    def answers_without_end(self) -> None:
        self.response_begins()
        self.agent_says("Hi", 20)

    def response_ends(
        self, response_id: str = "resp_1", status: str = "completed", **more: object
    ) -> None:
        self.event("response.done", response={"id": response_id, "status": status, **more})

    def uses_tool(self, name: str, arguments: str, function_call_id: str = "call_1") -> None:
        item = {
            "type": "function_call",
            "status": "completed",
            "name": name,
            "call_id": function_call_id,
            "arguments": arguments,
        }
        self.event("response.output_item.done", item=item)

    def output_added(self) -> None:
        self.event("conversation.item.added", item={"type": "function_call_output"})

    def echo_marks(self) -> None:
        """Have the carrier echo all marks sent so far."""
        self.echo(self.to_carrier())

    def echo(self, messages: Iterable[Mapping[str, object]]) -> None:
        """Have the carrier echo the marks among some messages."""
        for message in messages:
            mark = message.get("mark")
            if isinstance(mark, Mapping):
                self.mark(str(mark["name"]))

    def mark(self, name: str) -> None:
        """Have the carrier echo one mark."""
        self.dialogue.take_mark(name, self.now)

    def to_model(self) -> list[Mapping[str, object]]:
        """Take what would be sent to the model."""
        sent = self.dialogue.outgoing.take_for_model()
        return [cast("Mapping[str, object]", json.loads(text)) for text in sent]

    def kinds(self) -> list[str]:
        """Take what would be sent to the model, by type only."""
        return [str(event["type"]) for event in self.to_model()]

    def to_carrier(self) -> list[Mapping[str, object]]:
        """Take what would be sent to the carrier."""
        sent = self.dialogue.outgoing.take_for_carrier()
        return [cast("Mapping[str, object]", json.loads(text)) for text in sent]

    @property
    def texts(self) -> list[str]:
        """Give the words of all turns."""
        return [turn.text for turn in self.dialogue.transcript.turns()]
