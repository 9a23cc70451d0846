"""The sizes of the contract, and the cuts that make a text, a turn or a result fit into them."""

import logging
import re

from ringback.v1 import call_results_pb2 as pb

log = logging.getLogger("call_reporter")

MAX_TEXT = 4_000
MAX_TURNS = 2_000
MAX_FACTS = 50
MAX_DURATION_S = 86_400
_MAX_KEYS = 64
_MAX_NAME = 64
_RESULT_TEXTS = {
    "summary": MAX_TEXT,
    "transcript_snippet": MAX_TEXT,
    "error_message": MAX_TEXT,
    "recording_url": 2_000,
    "provider_status": 64,
    "handler_instance": 128,
}
_FAULT_TEXTS = {"code": 128, "message": MAX_TEXT}
_FACT_TEXTS = {"value": 1_000}
_TURN_TEXTS = {"text": MAX_TEXT, "item_id": 128}
_TOOL_TEXTS = {"name": 64, "arguments": MAX_TEXT, "output": MAX_TEXT}
_NUMBER = re.compile(r"(\+[1-9][0-9]{1,14})?")
_NO_KEY = re.compile(r"[^0-9*#A-D]")
_NO_NAME = re.compile(r"[^a-z0-9_]")
_TURN_CUTS = (2_000, 1_000, 500, 250, 100, 50, 0)


def clean_text(text: str) -> str:
    """Put U+FFFD in the place of NUL and of lone surrogates, which the wire refuses."""
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def fit_turn(turn: pb.TranscriptTurn) -> pb.TranscriptTurn:
    """Copy a turn, its texts cut to the lengths and its keys to those that the contract allows."""
    fitted = pb.TranscriptTurn()
    fitted.CopyFrom(turn)
    _cut_texts(fitted, _TURN_TEXTS)
    if fitted.HasField("tool"):
        _cut_texts(fitted.tool, _TOOL_TEXTS)
    if fitted.dtmf:
        fitted.dtmf = _NO_KEY.sub("", fitted.dtmf.upper())[:_MAX_KEYS]
    return fitted


def fit_result(result: pb.CallResult, max_bytes: int) -> pb.CallResult:
    """Copy a result, cut to the contract's lengths and to `max_bytes` on the wire.

    What the server would refuse - a number that is not E.164, an impossible duration - is left out
    and logged: one bad field must not cost the result.
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
    _leave_out_misfits(fitted)
    _shrink(fitted, max_bytes)
    if fitted.transcript[:] != result.transcript[:]:
        fitted.transcript_complete = False
    return fitted


def _leave_out_misfits(result: pb.CallResult) -> None:
    misfits = [
        name
        for name in ("to_number", "from_number")
        if _NUMBER.fullmatch(getattr(result, name)) is None
    ]
    if result.duration > MAX_DURATION_S:
        misfits.append("duration")
    for name in misfits:
        result.ClearField(name)  # type: ignore[arg-type]  # names of the message's own fields
    if misfits:
        log.warning(
            "result_misfits call_id=%s call_sid=%s left_out=%s",
            result.call_id,
            result.call_sid,
            ",".join(misfits),
        )
    for fact in result.facts:
        fact.name = _name_fact(fact.name)
        fact.evidence_turns[:] = [turn for turn in fact.evidence_turns if turn < MAX_TURNS]


def _name_fact(name: str) -> str:
    """Bring a fact's name into the contract's form: "Total price" is total_price."""
    plain = _NO_NAME.sub("_", name.lower())
    return (plain if plain[:1].isalpha() else f"fact_{plain}")[:_MAX_NAME]


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
