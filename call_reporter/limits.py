"""The sizes of the contract, and the cuts that make a text, a turn or a result fit into them."""

from ringback.v1 import call_results_pb2 as pb

MAX_TEXT = 4_000
MAX_TURNS = 2_000
MAX_FACTS = 50
_RESULT_TEXTS = {
    "summary": MAX_TEXT,
    "transcript_snippet": MAX_TEXT,
    "error_message": MAX_TEXT,
    "recording_url": 2_000,
    "provider_status": 64,
    "handler_instance": 128,
}
_FAULT_TEXTS = {"code": 128, "message": MAX_TEXT}
_FACT_TEXTS = {"name": 64, "value": 1_000}
_TURN_TEXTS = {"text": MAX_TEXT, "item_id": 128}
_TOOL_TEXTS = {"name": 64, "arguments": MAX_TEXT, "output": MAX_TEXT}
_TURN_CUTS = (2_000, 1_000, 500, 250, 100, 50, 0)


def clean_text(text: str) -> str:
    """Put U+FFFD in the place of NUL and of lone surrogates, which the wire refuses."""
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def fit_turn(turn: pb.TranscriptTurn) -> pb.TranscriptTurn:
    """Copy a turn, its texts cut to the lengths that the contract allows."""
    fitted = pb.TranscriptTurn()
    fitted.CopyFrom(turn)
    _cut_texts(fitted, _TURN_TEXTS)
    if fitted.HasField("tool"):
        _cut_texts(fitted.tool, _TOOL_TEXTS)
    return fitted


def fit_result(result: pb.CallResult, max_bytes: int) -> pb.CallResult:
    """Copy a result, cut to the contract's lengths and to `max_bytes` on the wire.

    The longest parts go first: what tools said, then the turns that prove no fact, at last every
    turn. Turns keep their positions as long as there are any, so that evidence stays true.
    `transcript_complete` becomes false as soon as something of the transcript is gone.
    """
    fitted = pb.CallResult()
    fitted.CopyFrom(result)
    _cut_texts(fitted, _RESULT_TEXTS)
    if fitted.HasField("fault"):
        _cut_texts(fitted.fault, _FAULT_TEXTS)
    for fact in fitted.facts:
        _cut_texts(fact, _FACT_TEXTS)
    del fitted.facts[MAX_FACTS:]
    del fitted.transcript[MAX_TURNS:]
    for turn in fitted.transcript:
        turn.CopyFrom(fit_turn(turn))
    _shrink(fitted, max_bytes)
    if fitted.transcript[:] != result.transcript[:]:
        fitted.transcript_complete = False
    return fitted


def _shrink(result: pb.CallResult, max_bytes: int) -> None:
    evidence = {position for fact in result.facts for position in fact.evidence_turns}
    for length in _TURN_CUTS:
        if result.ByteSize() <= max_bytes:
            return
        for position, turn in enumerate(result.transcript):
            if turn.HasField("tool"):
                _cut_texts(turn.tool, {"arguments": length, "output": length})
            if position not in evidence:
                _cut_texts(turn, {"text": length})
    if result.ByteSize() > max_bytes:
        del result.transcript[:]
        _cut_texts(result, dict.fromkeys(("summary", "transcript_snippet", "error_message"), 1_000))
        for fact in result.facts:
            _cut_texts(fact, {"value": 250})
            del fact.evidence_turns[:]


def _cut_texts(
    message: pb.CallResult | pb.Fault | pb.Fact | pb.TranscriptTurn | pb.ToolUse,
    lengths: dict[str, int],
) -> None:
    for name, length in lengths.items():
        text: str = getattr(message, name)
        if len(text) > length:
            setattr(message, name, text[:length])
