"""A scripted callee and the scripted agent on one line, with no socket and no clock."""

import json
from dataclasses import dataclass, field, replace

from sandbox.agent import Agent
from sandbox.agent_turns import ToolUse, Turn
from sandbox.input_track import InputTrack, SilenceEnded
from sandbox.scenario import Scenario
from sandbox.speech import FRAME_BYTES, SILENCE, speak
from sandbox.tones import dial_tones
from sandbox.voice_activity import SpeechStarted

DETAILS = {
    "food_order": {"order": "one large margherita", "delivery": "pick-up"},
    "appointment": {"purpose": "a haircut", "wished_times": "Tuesday afternoon"},
}
FACTS = {
    "food_order": ("total_price", "ready_time", "confirmation_number"),
    "appointment": ("appointment_day", "appointment_time", "confirmation_number"),
}
VAD = {"type": "server_vad", "silence_duration_ms": 500, "idle_timeout_ms": 6_000}
PERSON_ANSWERS_MS, NOBODY_ANSWERS_MS = 4_000, 20_000
MESSAGE = 'Say exactly this and nothing else: "This is a message for you. Goodbye."'


@dataclass
class Talk:
    """One call, 20 ms by 20 ms."""

    scenario: Scenario
    seed: str = ""
    claims: list[dict[str, str]] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)
    """Who said what: `agent` or `callee`, and the words."""
    reason: str = ""
    """Why the agent ended the call, in its own word."""
    barge_ins: int = 0
    ended_by: str = ""
    media_ms: int = 0

    def __post_init__(self) -> None:
        self.agent = Agent(self.scenario.agent)
        details = {"customer_name": "Ada Lovelace", "callback_number": "+14155550123"}
        details |= DETAILS[self.scenario.errand]
        if "delivered" in self.scenario.request:
            details |= {"delivery": "delivery", "address": "5 Elm Street"}
        self.agent.instruct(json.dumps(details), FACTS[self.scenario.errand])
        self.callee = replace(self.scenario, seed=self.seed).answer()
        self._track = InputTrack()
        self._playout = b""
        self._turn: Turn | None = None
        self._ends = False
        self._answer_at_ms = 0

    def run(self, most_ms: int = 240_000) -> "Talk":
        """Live through the call."""
        while not self.ended_by and self.media_ms < most_ms:
            self._tick()
        return self

    def _tick(self) -> None:
        self.media_ms += 20
        heard, self._playout = self._playout[:FRAME_BYTES] or SILENCE, self._playout[FRAME_BYTES:]
        step = self.callee.step(heard)
        if step.hang_up or step.reset:
            self.ended_by = "callee"
        for happening in self._track.append(step.frame, "audio/pcmu", VAD):
            if isinstance(happening, SpeechStarted):
                self._cut()
            elif isinstance(happening, SilenceEnded):
                self._track.take()
                self._play(self.agent.nudge())
            else:
                self._hear(self._track.take()[0].text)
        if self._answer_at_ms and self.media_ms >= self._answer_at_ms:
            self._answer_at_ms = 0
            answer = {"answer": self.scenario.person_answer} if self.scenario.person_answer else {}
            self.agent.hear_output("ask_person", json.dumps(answer))
            self._play(self.agent.carry_on())
        if self._ends and not self._playout:
            self.ended_by = "agent"

    def _hear(self, words: str) -> None:
        self.turns.append(("callee", words))
        self._play(self.agent.answer(words, is_waiting=self._answer_at_ms > 0))

    def _cut(self) -> None:
        if self._playout and self._turn is not None and not self._ends:
            self.barge_ins += 1
            self._playout = b""
            self.agent.was_cut(self._turn, tools_called=True)

    def _play(self, turn: Turn) -> None:
        self._turn = turn
        if turn.say:
            self.turns.append(("agent", turn.say))
        self._playout += speak(turn.say, "cedar")
        for tool in turn.tools:
            self._use(tool)
        recorded = turn.uses("record_fact")
        if recorded and not self._ends and not self._answer_at_ms:
            self._play(self.agent.carry_on())
        self._track.expect_speech(len(self._playout) // 8)

    def _use(self, tool: ToolUse) -> None:
        if tool.name == "end_call":
            self.reason = tool.arguments["reason"]
        match tool.name:
            case "record_fact":
                self.claims.append(dict(tool.arguments))
            case "end_call" if tool.arguments["reason"] == "voicemail" and self._leaves_message:
                self._playout += SILENCE * 200  # until the beep is over
                self._play(self.agent.obey(MESSAGE) or Turn())
                self._ends = True
            case "end_call":
                self._ends = True
            case "press_digits":
                self._playout += dial_tones(tool.arguments["digits"])
            case "ask_person":
                after_ms = PERSON_ANSWERS_MS if self.scenario.person_answer else NOBODY_ANSWERS_MS
                self._answer_at_ms = self.media_ms + after_ms

    @property
    def _leaves_message(self) -> bool:
        return "leave a message" in self.scenario.request
