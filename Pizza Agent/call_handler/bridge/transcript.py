"""The transcript of one call as it grows: turns by the model's items, journalled as they come."""

from dataclasses import dataclass
from typing import Protocol

from call_handler.playout import Cut
from call_handler.realtime.events import Event, text_of
from ringback.v1.call_results_pb2 import Role, ToolUse, TranscriptTurn

MAX_TEXT = 4_000
MAX_TURNS = 2_000
_MAX_ITEM_ID = 128


class TurnJournal(Protocol):
    """Keeps turns safe while the call runs; call_reporter.ReportedCall is one."""

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
        """Write a turn down; give its position."""

    def revise_turn(
        self, position: int, *, text: str, end_ms: int | None, interrupted: bool
    ) -> None:
        """Replace what a turn says."""


@dataclass(slots=True)
class _Entry:
    """One turn, its place in the journal, and whether its words are still to come.

    `is_closed`: what the agent says from now on in this turn is not heard any more.
    """

    turn: TranscriptTurn
    position: int
    awaits_text: bool = False
    is_closed: bool = False


class Transcript:
    """Collects the turns of one call."""

    def __init__(self, journal: TurnJournal) -> None:
        self._journal = journal
        self._entries: list[_Entry] = []
        self._by_item: dict[str, _Entry] = {}
        self._early_words: dict[str, str] = {}
        self._has_gaps = False

    @property
    def is_complete(self) -> bool:
        """Say whether the words of every turn are there."""
        return not self._has_gaps and not self.awaits_text

    @property
    def awaits_text(self) -> bool:
        """Say whether the words of a turn of the callee are still to come."""
        return any(entry.awaits_text for entry in self._entries)

    def turns(self) -> tuple[TranscriptTurn, ...]:
        """Give copies of all turns in the order they were spoken."""
        copies: list[TranscriptTurn] = []
        for entry in self._entries:
            copy = TranscriptTurn()
            copy.CopyFrom(entry.turn)
            copies.append(copy)
        return tuple(copies)

    def open_callee_turn(self, item_id: str, start_ms: int | None, end_ms: int | None) -> None:
        """Begin a turn of the callee, whose words come later."""
        if item_id in self._by_item:
            return
        turn = TranscriptTurn(role=Role.ROLE_CALLEE, start_ms=start_ms, end_ms=end_ms)
        self._add(turn, item_id, awaits_text=True)

    def take_words(self, event: Event) -> None:
        """Follow an event that tells words, of whichever side; pass over all others.

        The callee's words come late, often after the next answer, sometimes after the call.
        """
        item_id = text_of(event, "item_id")
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                self._set_callee_words(item_id, text_of(event, "transcript"))
            case "conversation.item.input_audio_transcription.failed":
                self._lose_callee_words(item_id)
            case "response.output_audio_transcript.delta":
                self._add_agent_words(item_id, text_of(event, "delta"))
            case "response.output_audio_transcript.done":
                self._set_agent_words(item_id, text_of(event, "transcript"))
            case _:
                pass

    def open_agent_turn(self, item_id: str, start_ms: int) -> None:
        """Begin a turn of the agent, with the words that came before its first sound."""
        if item_id in self._by_item:
            return
        text = self._early_words.pop(item_id, "")[:MAX_TEXT]
        self._add(TranscriptTurn(role=Role.ROLE_AGENT, text=text, start_ms=start_ms), item_id)

    def close_agent_turn(self, item_id: str) -> None:
        """Take no more words into a turn of the agent: it is being interrupted."""
        entry = self._by_item.get(item_id)
        if entry is not None:
            entry.is_closed = True

    def cut_agent_turn(self, cut: Cut, end_ms: int) -> None:
        """Keep of an interrupted turn what was heard of it: an estimate in proportion to time."""
        entry = self._by_item.get(cut.item_id)
        if entry is None or entry.turn.interrupted:
            return
        entry.turn.text = heard_words(entry.turn.text, cut.heard_ms, cut.received_ms)
        entry.turn.interrupted = entry.is_closed = True
        entry.turn.end_ms = max(end_ms, entry.turn.start_ms)
        self._revise(entry)

    def end_agent_turn(self, item_id: str, end_ms: int) -> None:
        """Note when the last sound of the agent's turn was heard."""
        entry = self._by_item.get(item_id)
        if entry is not None and not entry.turn.interrupted:
            entry.turn.end_ms = max(end_ms, entry.turn.start_ms)

    def add_tool(self, tool: ToolUse, at_ms: int) -> None:
        """Add one use of a tool."""
        self._add(TranscriptTurn(role=Role.ROLE_TOOL, tool=tool, start_ms=at_ms, end_ms=at_ms))

    def add_key(self, digit: str, at_ms: int) -> None:
        """Add a key that the callee pressed."""
        self._add(TranscriptTurn(role=Role.ROLE_CALLEE, dtmf=digit, start_ms=at_ms, end_ms=at_ms))

    def add_agent_keys(self, digits: str, start_ms: int, end_ms: int) -> None:
        """Add the keys that the agent pressed."""
        self._add(
            TranscriptTurn(role=Role.ROLE_AGENT, dtmf=digits, start_ms=start_ms, end_ms=end_ms)
        )

    def words_of(self, item_id: str) -> str:
        """Give what a turn says so far; empty for a turn that there is not."""
        entry = self._by_item.get(item_id)
        return entry.turn.text if entry is not None else ""

    def callee_words_of(self, item_id: str) -> str:
        """Give what the callee said in a turn, so far; empty for any other turn."""
        entry = self._by_item.get(item_id)
        is_callee = entry is not None and entry.turn.role == Role.ROLE_CALLEE
        return self.words_of(item_id) if is_callee else ""

    def _set_callee_words(self, item_id: str, text: str) -> None:
        self.open_callee_turn(item_id, None, None)
        entry = self._by_item.get(item_id)
        if entry is None or entry.turn.role != Role.ROLE_CALLEE:
            return
        entry.awaits_text = False
        entry.turn.text = text.strip()[:MAX_TEXT]
        self._revise(entry)

    def _lose_callee_words(self, item_id: str) -> None:
        self.open_callee_turn(item_id, None, None)
        entry = self._by_item.get(item_id)
        if entry is not None and entry.awaits_text:
            entry.awaits_text = False
            self._has_gaps = True

    def _add_agent_words(self, item_id: str, words: str) -> None:
        entry = self._by_item.get(item_id)
        if entry is None:
            self._early_words[item_id] = self._early_words.get(item_id, "") + words
        elif not entry.is_closed:
            entry.turn.text = (entry.turn.text + words)[:MAX_TEXT]

    def _set_agent_words(self, item_id: str, text: str) -> None:
        entry = self._by_item.get(item_id)
        if entry is not None and not entry.is_closed:
            entry.turn.text = text.strip()[:MAX_TEXT]
            self._revise(entry)

    def _add(self, turn: TranscriptTurn, item_id: str = "", *, awaits_text: bool = False) -> None:
        turn.item_id = item_id[:_MAX_ITEM_ID]
        if len(self._entries) >= MAX_TURNS:
            self._has_gaps = True
            return
        position = self._journal.turn(
            turn.role,
            turn.text,
            start_ms=turn.start_ms if turn.HasField("start_ms") else None,
            end_ms=turn.end_ms if turn.HasField("end_ms") else None,
            item_id=turn.item_id,
            tool=turn.tool if turn.HasField("tool") else None,
            dtmf=turn.dtmf,
        )
        entry = _Entry(turn, position, awaits_text)
        self._entries.append(entry)
        if item_id:
            self._by_item[item_id] = entry

    def _revise(self, entry: _Entry) -> None:
        turn = entry.turn
        end_ms = turn.end_ms if turn.HasField("end_ms") else None
        self._journal.revise_turn(
            entry.position, text=turn.text, end_ms=end_ms, interrupted=turn.interrupted
        )


def heard_words(text: str, heard_ms: int, received_ms: int) -> str:
    """Give the words that fit into what was heard: no event tells when which word was spoken."""
    if received_ms <= 0 or heard_ms <= 0:
        return ""
    if heard_ms >= received_ms:
        return text
    length = len(text) * heard_ms // received_ms
    if length < len(text) and text[length : length + 1] != " ":
        length = text.rfind(" ", 0, length + 1)
    return text[: max(0, length)].strip()
