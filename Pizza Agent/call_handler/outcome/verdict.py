"""Whether the errand was done, judged from the callee's own words."""

from collections.abc import Sequence

from call_handler.outcome.call_end import AgentReason, CallEnd
from call_handler.outcome.evidence import find_evidence
from ringback.v1.call_results_pb2 import (
    Fact,
    FactDeclaration,
    FactKind,
    Outcome,
    Role,
    TranscriptTurn,
)

_SNIPPET_MAX = 4_000
_LAST_LINES = 4
_SPEAKERS = {Role.ROLE_CALLEE: "Callee", Role.ROLE_AGENT: "Agent"}


def judge_facts(declared: Sequence[FactDeclaration], end: CallEnd) -> list[Fact]:
    """Turn the model's claims into facts with the callee's turns that prove them.

    The last claim of a name counts: the model may correct itself.
    """
    kinds = {fact.name: fact.kind for fact in declared}
    claims = {claim.name: claim.value for claim in end.claims}
    facts: list[Fact] = []
    for name, value in claims.items():
        kind = kinds.get(name, FactKind.FACT_KIND_UNSPECIFIED)
        written, evidence = find_evidence(value, kind, end.turns)
        facts.append(Fact(name=name, value=written, evidence_turns=evidence))
    return facts


def judge_outcome(
    declared: Sequence[FactDeclaration], facts: Sequence[Fact], end: CallEnd
) -> Outcome.ValueType:
    """Say whether the errand was done; how the call ended says little about it."""
    required = {fact.name for fact in declared if fact.required}
    proven = required & {fact.name for fact in facts if fact.evidence_turns}
    callee_spoke = any(turn.role == Role.ROLE_CALLEE and turn.text for turn in end.turns)
    if end.agent_reason in {AgentReason.VOICEMAIL, AgentReason.WRONG_NUMBER} and not proven:
        return Outcome.OUTCOME_NOT_REACHED
    if end.agent_reason is AgentReason.REFUSED and callee_spoke and proven != required:
        return Outcome.OUTCOME_REFUSED
    if required and proven == required:
        doubtful = end.agent_reason is AgentReason.REFUSED or not _was_heard_out(facts, end)
        return Outcome.OUTCOME_FOLLOW_UP if doubtful else Outcome.OUTCOME_SUCCEEDED
    return Outcome.OUTCOME_PARTIAL if proven else Outcome.OUTCOME_FOLLOW_UP


def pick_snippet(facts: Sequence[Fact], end: CallEnd) -> str:
    """Pick the lines that prove the facts; without facts, the last lines that were spoken."""
    proving = sorted({position for fact in facts for position in fact.evidence_turns})
    spoken = [position for position, turn in enumerate(end.turns) if turn.text]
    lines = [_line(end.turns[position]) for position in proving or spoken[-_LAST_LINES:]]
    return "\n".join(lines)[:_SNIPPET_MAX]


def _was_heard_out(facts: Sequence[Fact], end: CallEnd) -> bool:
    """Say whether the callee had heard a turn of ours to its end before they named the facts.

    A callee who cut off every one of them may have named the price of something else.
    """
    proven_by = max((max(fact.evidence_turns, default=0) for fact in facts), default=0)
    return any(
        turn.role == Role.ROLE_AGENT and turn.text and not turn.interrupted
        for turn in end.turns[:proven_by]
    )


def _line(turn: TranscriptTurn) -> str:
    return f"{_SPEAKERS.get(turn.role, 'System')}: {turn.text}"
