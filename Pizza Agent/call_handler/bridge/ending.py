"""Puts the end of a call together: why it ended, and all that was said and claimed in it."""

from datetime import datetime

from call_handler.bridge.dialogue import Dialogue
from call_handler.bridge.over import Over
from call_handler.outcome import CallEnd


def describe_end(over: Over, dialogue: Dialogue, end_time: datetime) -> CallEnd:
    """Say how the call ended: facts, no judgement."""
    return CallEnd(
        kind=over.kind,
        end_time=end_time,
        media_ms=dialogue.clock_ms,
        turns=dialogue.transcript.turns(),
        claims=tuple(dialogue.toolbox.claims),
        agent_reason=dialogue.toolbox.end_reason,
        usage=dialogue.usage.total(),
        fault=over.fault,
        transcript_complete=dialogue.transcript.is_complete,
        answered_by_word=dialogue.conduct.word,
        left_message=dialogue.conduct.left_message,
    )
