"""Whether the errand was done, judged from the callee's own words."""

from collections.abc import Sequence

from call_handler.outcome.call_end import AgentReason, CallEnd, EndKind
from call_handler.outcome.evidence import find_evidence
from call_handler.outcome.mentions import normalise
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
_MACHINES = frozenset((EndKind.VOICEMAIL, EndKind.FAX))
_LEFT_BY_CALLEE = frozenset((EndKind.CALLEE_HUNG_UP, EndKind.OPT_OUT))
_NOBODY = frozenset((AgentReason.VOICEMAIL, AgentReason.WRONG_NUMBER))
_AGAINST = frozenset((AgentReason.REFUSED, AgentReason.OPT_OUT))
_SPEAKERS = {Role.ROLE_CALLEE: "Callee", Role.ROLE_AGENT: "Agent"}


def judge_facts(declared: Sequence[FactDeclaration], end: CallEnd) -> list[Fact]:
    """Turn the model's claims into facts with the callee's turns that prove them.

    The last claim of a name counts: the model may correct itself. Claims of one value support one
    another, so that recording it again with a poorer quote takes no proof away.
    """
    kinds = {fact.name: fact.kind for fact in declared}
    claims = {claim.name: claim.value for claim in end.claims}
    facts: list[Fact] = []
    for name, value in claims.items():
        kind = kinds.get(name, FactKind.FACT_KIND_UNSPECIFIED)
        quotes = [
            claim.quote
            for claim in end.claims
            if claim.name == name and _means_the_same(claim.value, value, kind)
        ]
        written, evidence = find_evidence(value, kind, end.turns, quotes)
        facts.append(Fact(name=name, value=written, evidence_turns=evidence))
    return facts


def judge_outcome(
    declared: Sequence[FactDeclaration], facts: Sequence[Fact], end: CallEnd
) -> Outcome.ValueType:
    """Say whether the errand was done.

    | required facts proven | the agent says          | outcome                                  |
    |-----------------------|-------------------------|------------------------------------------|
    | none                  | voicemail, wrong number | NOT_REACHED                              |
    | not all               | refused, opted out      | REFUSED; FOLLOW_UP if they said nothing  |
    | all                   | done                    | SUCCEEDED; FOLLOW_UP if not heard out    |
    | all                   | nothing                 | the same, if the callee left, and heard  |
    |                       |                         | us after the last fact; else FOLLOW_UP   |
    | all                   | any other reason        | FOLLOW_UP: the two contradict each other |
    | some                  | anything else           | PARTIAL                                  |
    | none                  | anything else           | FOLLOW_UP                                |

    Facts that are not required change nothing; an errand that requires none never SUCCEEDED.
    """
    required = {fact.name for fact in declared if fact.required}
    proving = [fact for fact in facts if fact.name in required and fact.evidence_turns]
    is_complete = bool(required) and len(proving) == len(required)
    callee_spoke = any(turn.role == Role.ROLE_CALLEE and turn.text for turn in end.turns)
    if is_complete:
        is_sure = _was_settled(proving, end) and _was_heard_out(proving, end)
        return Outcome.OUTCOME_SUCCEEDED if is_sure else Outcome.OUTCOME_FOLLOW_UP
    if end.agent_reason in _NOBODY and not proving:
        return Outcome.OUTCOME_NOT_REACHED
    if end.agent_reason in _AGAINST and callee_spoke:
        return Outcome.OUTCOME_REFUSED
    return Outcome.OUTCOME_PARTIAL if proving else Outcome.OUTCOME_FOLLOW_UP


def pick_snippet(facts: Sequence[Fact], end: CallEnd) -> str:
    """Pick the lines that prove the facts; without facts, the last lines that were spoken."""
    proving = sorted({position for fact in facts for position in fact.evidence_turns})
    spoken = [position for position, turn in enumerate(end.turns) if turn.text]
    lines = [_line(end.turns[position]) for position in proving or spoken[-_LAST_LINES:]]
    return "\n".join(lines)[:_SNIPPET_MAX]


def _means_the_same(one: str, other: str, kind: FactKind.ValueType) -> bool:
    likely, others = normalise(one, kind)[:1], normalise(other, kind)
    return one == other or any(mine.agrees_with(theirs) for mine in likely for theirs in others[:1])


def _was_settled(facts: Sequence[Fact], end: CallEnd) -> bool:
    """Say whether the facts were the end of it, and not the price of what was never ordered.

    A line that breaks or a person who hangs up right after the facts leaves that open.
    """
    if end.agent_reason is not None:
        return end.agent_reason is AgentReason.DONE and end.kind not in _MACHINES
    last = max(position for fact in facts for position in fact.evidence_turns)
    was_answered = any(turn.role == Role.ROLE_AGENT and turn.text for turn in end.turns[last + 1 :])
    return end.kind in _LEFT_BY_CALLEE and was_answered


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
