"""Whether a call became what it had to become; judged from its result and the sandbox's books."""

from collections.abc import Iterator, Mapping

from tests.chaos.ledger_facts import FINAL_WORDS, Line, time_of
from tests.evaluation.played import SUCCEEDED, Json, Played

CLOSED_WITHIN_S = 1.0
"""Real seconds from the hang-up to the end of the model's session."""


def find_misses(played: Played) -> list[str]:
    """List what is not as expected, a sentence each; nothing for a good call."""
    if not played.result:
        return [played.trouble or "no result came"]
    return [
        *_find_other_words(played),
        *_find_wrong_facts(played),
        *_find_unreached(played),
        *_find_open_sessions(played),
        *_find_doubles(played),
    ]


def is_false_success(played: Played) -> bool:
    """Say whether success was claimed that was not earned."""
    return played.text("outcome") == SUCCEEDED != played.scripted.outcome


def _find_other_words(played: Played) -> Iterator[str]:
    scripted = played.scripted
    for name, expected in (
        ("status", scripted.status),
        ("end_reason", scripted.end_reason),
        ("outcome", scripted.outcome),
        ("answered_by", scripted.answered_by),
    ):
        got = played.text(name) or f"{name.upper()}_UNSPECIFIED"
        if expected and got != expected:
            yield f"{name}: expected {expected}, got {got}"


def _find_wrong_facts(played: Played) -> Iterator[str]:
    facts = {str(fact["name"]): fact for fact in played.objects("facts")}
    for name, value in played.scripted.facts.items():
        fact = facts.get(name)
        if fact is None or fact.get("value") != value or not _evidence_of(fact):
            yield f"fact {name}: expected {value} with evidence, got {dict(fact or {})}"
    for name, fact in facts.items():
        if name not in played.scripted.facts and _evidence_of(fact):
            yield f"fact {name}: {fact.get('value')} counts as proven and must not"
        yield from _find_wrong_evidence(played, name, fact)


def _find_wrong_evidence(played: Played, name: str, fact: Json) -> Iterator[str]:
    """Compare the cited turns with what the callee really said, by the carrier's books."""
    turns = played.objects("transcript")
    spoken = {str(line["text"]) for line in played.of_kind("said") if line["side"] == "callee"}
    for position in _evidence_of(fact):
        turn: Json = turns[position] if position < len(turns) else {}
        text = str(turn.get("text", ""))
        if turn.get("role") != "ROLE_CALLEE" or not any(_shares(text, said) for said in spoken):
            yield f"fact {name}: turn {position} is no sentence of the callee: {text!r}"


def _shares(text: str, said: str) -> bool:
    return bool(text) and (said in text or text in said)


def _evidence_of(fact: Json) -> list[int]:
    cited = fact.get("evidence_turns")
    return [int(one) for one in cited] if isinstance(cited, list) else []


def _find_unreached(played: Played) -> Iterator[str]:
    """Report what the script had to come to; the last session counts, a first may be lost."""
    for line in played.of_kind("model_session_closed")[-1:]:
        unreached = line.get("unreached")
        if isinstance(unreached, list) and unreached:
            yield f"the agent never came to: {', '.join(map(str, unreached))}"
    if played.scripted.end_reason != "END_REASON_AGENT_HUNG_UP":
        return  # what cuts a call short leaves lines over
    for line in played.of_kind("callee_script"):
        left_over = line.get("left_over")
        if isinstance(left_over, list) and left_over:
            yield f"the callee never came to say: {'; '.join(map(str, left_over))}"


def _find_open_sessions(played: Played) -> Iterator[str]:
    opened = len(played.of_kind("model_session_opened"))
    closed = played.of_kind("model_session_closed")
    if len(closed) < opened:
        yield f"{opened - len(closed)} of {opened} model sessions were never closed"
    late_s = closing_delay_s(played)
    if late_s is not None and late_s > CLOSED_WITHIN_S:
        yield f"the model's session was open {late_s:.1f} s after the hang-up"


def closing_delay_s(played: Played) -> float | None:
    """Give the real seconds from the hang-up to the last model session's end; None without one."""
    ended = [line for line in played.of_kind("state") if line["status"] in FINAL_WORDS]
    closed = played.of_kind("model_session_closed")
    return time_of(closed[-1]) - time_of(ended[-1]) if ended and closed else None


def _find_doubles(played: Played) -> Iterator[str]:
    accepted = [line for line in played.of_kind("create") if line["verdict"] == "accepted"]
    if len(accepted) > 1:
        yield f"the carrier placed {len(accepted)} calls"
    wanted = {_number_of(line) for line in accepted}
    told = played.text("to_number")
    if accepted and told and wanted != {told}:
        yield f"the number dialled was {', '.join(wanted)}, not {told}"


def _number_of(line: Line) -> str:
    parameters = line["parameters"]
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    return next((str(value) for name, value in pairs if name == "To"), "")  # type: ignore[attr-defined]  # pairs of the form
