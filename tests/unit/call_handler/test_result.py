"""The table from endings to results."""

from datetime import UTC, datetime, timedelta

import pytest

from call_handler.outcome import AgentReason, CallEnd, EndKind, FactClaim, HeldCall, build_result
from ringback.v1.call_results_pb2 import (
    AnsweredBy,
    CallResult,
    CallStatus,
    EndReason,
    FactDeclaration,
    FactKind,
    Fault,
    FaultComponent,
    Order,
    Outcome,
    Role,
    Source,
    TranscriptTurn,
    Usage,
)

ANSWERED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENDED = ANSWERED + timedelta(seconds=21)
ORDER = Order(
    call_id="0190e1b2-0000-7000-8000-000000000001",
    task_id="task-1",
    attempt=2,
    to_number="+14155550100",
    facts=[
        FactDeclaration(name="total_price", required=True, kind=FactKind.FACT_KIND_MONEY),
        FactDeclaration(name="ready_time", required=True, kind=FactKind.FACT_KIND_TIME),
        FactDeclaration(name="confirmation_number", kind=FactKind.FACT_KIND_NUMBER),
    ],
)
CALL = HeldCall("CA" + "1" * 32, ORDER, ANSWERED, "host:1", is_test=True)
QUOTE = "That's fourteen fifty, in twenty minutes."
PRICE = FactClaim("total_price", "14.50", QUOTE)
READY = FactClaim("ready_time", "20 minutes", QUOTE)
NUMBER = FactClaim("confirmation_number", "471", "Number four seven one.")
TALK = (
    TranscriptTurn(role=Role.ROLE_CALLEE, text="Luigi's, hello?"),
    TranscriptTurn(role=Role.ROLE_AGENT, text="I am an AI assistant calling on behalf of Ada."),
    TranscriptTurn(role=Role.ROLE_CALLEE, text="That's fourteen fifty, in twenty minutes."),
)
THANKS = TranscriptTurn(role=Role.ROLE_AGENT, text="Thank you, goodbye.")
NO = (*TALK[:2], TranscriptTurn(role=Role.ROLE_CALLEE, text="Sorry, we are closed today."))
FAULT = Fault(
    component=FaultComponent.FAULT_COMPONENT_MODEL, code="session_expired", message="It expired."
)


def end_of(kind: EndKind, **changes: object) -> CallEnd:
    if kind is EndKind.AGENT_HUNG_UP:
        changes.setdefault("agent_reason", AgentReason.DONE)
    return CallEnd(kind=kind, end_time=ENDED, media_ms=20_900, **changes)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("kind", "end_reason"),
    [
        (EndKind.CALLEE_HUNG_UP, EndReason.END_REASON_CALLEE_HUNG_UP),
        (EndKind.AGENT_HUNG_UP, EndReason.END_REASON_AGENT_HUNG_UP),
        (EndKind.PERSON_HUNG_UP, EndReason.END_REASON_PERSON_HUNG_UP),
        (EndKind.TIME_LIMIT, EndReason.END_REASON_TIME_LIMIT),
        (EndKind.SILENCE_LIMIT, EndReason.END_REASON_SILENCE_LIMIT),
        (EndKind.HOLD_LIMIT, EndReason.END_REASON_HOLD_LIMIT),
        (EndKind.MEDIA_LOST, EndReason.END_REASON_MEDIA_LOST),
        (EndKind.MODEL_LOST, EndReason.END_REASON_MODEL_ERROR),
        (EndKind.HANDLER_STOPPED, EndReason.END_REASON_HANDLER_STOPPED),
        (EndKind.NOT_CLAIMED, EndReason.END_REASON_NOT_CLAIMED),
        (EndKind.INTERNAL_ERROR, EndReason.END_REASON_INTERNAL_ERROR),
    ],
)
def test_each_kind_of_end_has_its_reason(kind: EndKind, end_reason: EndReason.ValueType) -> None:
    result = build_result(CALL, end_of(kind, turns=TALK[:1]))
    assert result.end_reason == end_reason
    assert result.status == CallStatus.CALL_STATUS_COMPLETED
    assert result.outcome == Outcome.OUTCOME_FOLLOW_UP
    assert result.summary


def test_no_kind_of_end_is_forgotten() -> None:
    results = {kind: build_result(CALL, end_of(kind)) for kind in EndKind}
    reasons = {kind: result.end_reason for kind, result in results.items()}
    # A fax has no reason of its own: the agent hung up, and who answered is told beside it.
    assert reasons.pop(EndKind.FAX) == reasons[EndKind.AGENT_HUNG_UP]
    assert len(set(reasons.values())) == len(reasons)


@pytest.mark.parametrize("kind", sorted(set(EndKind) - {EndKind.VOICEMAIL, EndKind.FAX}))
def test_once_the_agent_is_done_it_matters_no_more_how_the_call_ended(kind: EndKind) -> None:
    end = end_of(kind, turns=TALK, claims=(PRICE, READY), agent_reason=AgentReason.DONE)
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_SUCCEEDED


@pytest.mark.parametrize("kind", [EndKind.VOICEMAIL, EndKind.FAX])
def test_what_a_machine_may_have_said_is_for_a_person_to_follow_up(kind: EndKind) -> None:
    end = end_of(kind, turns=TALK, claims=(PRICE, READY), agent_reason=AgentReason.DONE)
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_FOLLOW_UP


@pytest.mark.parametrize("kind", [EndKind.CALLEE_HUNG_UP, EndKind.OPT_OUT])
def test_a_callee_who_leaves_after_our_answer_has_taken_the_order(kind: EndKind) -> None:
    end = end_of(kind, turns=(*TALK, THANKS), claims=(PRICE, READY))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_SUCCEEDED


@pytest.mark.parametrize("kind", [EndKind.CALLEE_HUNG_UP, EndKind.OPT_OUT])
def test_a_callee_who_leaves_with_the_price_may_have_taken_nothing(kind: EndKind) -> None:
    result = build_result(CALL, end_of(kind, turns=TALK, claims=(PRICE, READY)))
    assert result.outcome == Outcome.OUTCOME_FOLLOW_UP
    assert "not certain" in result.summary


@pytest.mark.parametrize(
    "kind",
    sorted(set(EndKind) - {EndKind.CALLEE_HUNG_UP, EndKind.OPT_OUT, EndKind.AGENT_HUNG_UP}),
)
def test_a_call_that_broke_off_before_the_agent_was_done_is_open(kind: EndKind) -> None:
    end = end_of(kind, turns=(*TALK, THANKS), claims=(PRICE, READY))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_FOLLOW_UP


@pytest.mark.parametrize(
    ("turns", "claims", "reason", "outcome"),
    [
        (TALK, (PRICE, READY), AgentReason.DONE, Outcome.OUTCOME_SUCCEEDED),
        (TALK, (PRICE,), AgentReason.DONE, Outcome.OUTCOME_PARTIAL),
        (TALK, (), AgentReason.DONE, Outcome.OUTCOME_FOLLOW_UP),
        (NO, (PRICE, READY), AgentReason.DONE, Outcome.OUTCOME_FOLLOW_UP),
        (NO, (), AgentReason.REFUSED, Outcome.OUTCOME_REFUSED),
        (NO, (PRICE,), AgentReason.REFUSED, Outcome.OUTCOME_REFUSED),
        (TALK, (PRICE, READY), AgentReason.REFUSED, Outcome.OUTCOME_FOLLOW_UP),
        (NO, (), AgentReason.OPT_OUT, Outcome.OUTCOME_REFUSED),
        (TALK, (PRICE,), AgentReason.REFUSED, Outcome.OUTCOME_REFUSED),
        (TALK[1:2], (), AgentReason.REFUSED, Outcome.OUTCOME_FOLLOW_UP),
        (TALK, (PRICE, READY), AgentReason.OTHER, Outcome.OUTCOME_FOLLOW_UP),
        (TALK, (PRICE, READY), AgentReason.VOICEMAIL, Outcome.OUTCOME_FOLLOW_UP),
        (TALK, (PRICE, READY), AgentReason.WRONG_NUMBER, Outcome.OUTCOME_FOLLOW_UP),
        (TALK, (PRICE,), AgentReason.VOICEMAIL, Outcome.OUTCOME_PARTIAL),
        (TALK[:1], (), AgentReason.VOICEMAIL, Outcome.OUTCOME_NOT_REACHED),
        (TALK[:1], (), AgentReason.WRONG_NUMBER, Outcome.OUTCOME_NOT_REACHED),
        (TALK, (), AgentReason.OTHER, Outcome.OUTCOME_FOLLOW_UP),
    ],
)
def test_the_outcome_follows_the_evidence(
    turns: tuple[TranscriptTurn, ...],
    claims: tuple[FactClaim, ...],
    reason: AgentReason,
    outcome: Outcome.ValueType,
) -> None:
    end = end_of(EndKind.AGENT_HUNG_UP, turns=turns, claims=claims, agent_reason=reason)
    assert build_result(CALL, end).outcome == outcome


def succeeded() -> CallResult:
    usage = Usage(model="gpt-realtime-2.1", input_tokens=7)
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, claims=(PRICE, READY), usage=usage)
    return build_result(CALL, end)


def test_facts_cite_the_turns_that_prove_them() -> None:
    cited = {fact.name: (fact.value, list(fact.evidence_turns)) for fact in succeeded().facts}
    assert cited == {"total_price": ("14.50", [2]), "ready_time": ("20 minutes", [2])}


def test_the_snippet_is_the_line_that_proves() -> None:
    snippet = succeeded().transcript_snippet
    assert snippet == "Callee: That's fourteen fifty, in twenty minutes."


def test_the_summary_names_what_was_agreed() -> None:
    summary = "The errand is done: total price 14.50, ready time 20 minutes."
    assert succeeded().summary == summary


def test_the_last_claim_of_a_name_counts() -> None:
    wrong = FactClaim("total_price", "99.00")
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, claims=(wrong, PRICE, READY))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_SUCCEEDED


def test_who_never_heard_us_out_may_have_named_the_price_of_something_else() -> None:
    cut_off = TranscriptTurn(role=Role.ROLE_AGENT, text="I would like", interrupted=True)
    end = end_of(EndKind.AGENT_HUNG_UP, turns=(TALK[0], cut_off, TALK[2]), claims=(PRICE, READY))
    result = build_result(CALL, end)

    assert result.outcome == Outcome.OUTCOME_FOLLOW_UP
    assert "14.50" in result.summary
    assert "not certain" in result.summary


def test_a_turn_that_was_said_again_and_heard_out_is_enough() -> None:
    cut_off = TranscriptTurn(role=Role.ROLE_AGENT, text="I would like", interrupted=True)
    turns = (TALK[0], cut_off, *TALK[1:])
    end = end_of(EndKind.AGENT_HUNG_UP, turns=turns, claims=(PRICE, READY))

    assert build_result(CALL, end).outcome == Outcome.OUTCOME_SUCCEEDED


def test_an_optional_fact_that_is_not_proven_blocks_nothing() -> None:
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, claims=(PRICE, NUMBER, READY))
    result = build_result(CALL, end)
    assert result.outcome == Outcome.OUTCOME_SUCCEEDED
    assert "471" not in result.summary


def test_an_optional_fact_alone_settles_nothing() -> None:
    said = TranscriptTurn(role=Role.ROLE_CALLEE, text="Number four seven one.")
    end = end_of(EndKind.AGENT_HUNG_UP, turns=(*TALK[:2], said), claims=(NUMBER,))
    result = build_result(CALL, end)
    assert [list(fact.evidence_turns) for fact in result.facts] == [[2]]
    assert result.outcome == Outcome.OUTCOME_FOLLOW_UP


def test_an_optional_fact_named_later_does_not_make_a_price_heard_out() -> None:
    cut_off = TranscriptTurn(role=Role.ROLE_AGENT, text="I would like", interrupted=True)
    number = TranscriptTurn(role=Role.ROLE_CALLEE, text="Number four seven one.")
    turns = (TALK[0], cut_off, TALK[2], TALK[1], number)
    end = end_of(EndKind.AGENT_HUNG_UP, turns=turns, claims=(PRICE, READY, NUMBER))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_FOLLOW_UP


def test_recording_a_fact_again_with_a_poorer_quote_takes_no_proof_away() -> None:
    again = FactClaim("total_price", "$14.50", "Yes, that's right.")
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, claims=(PRICE, READY, again))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_SUCCEEDED


def test_another_value_cannot_borrow_the_quote_of_the_first() -> None:
    other = FactClaim("total_price", "20.00", "")
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, claims=(PRICE, READY, other))
    assert build_result(CALL, end).outcome == Outcome.OUTCOME_PARTIAL


def test_late_words_may_prove_what_was_claimed() -> None:
    silent = (*TALK[:2], TranscriptTurn(role=Role.ROLE_CALLEE))
    first, revised = (
        build_result(CALL, end_of(EndKind.AGENT_HUNG_UP, turns=turns, claims=(PRICE, READY)))
        for turns in (silent, TALK)
    )
    assert first.outcome == Outcome.OUTCOME_FOLLOW_UP
    assert revised.outcome == Outcome.OUTCOME_SUCCEEDED


def test_a_claim_without_proof_is_told_as_such() -> None:
    result = build_result(CALL, end_of(EndKind.AGENT_HUNG_UP, turns=NO, claims=(PRICE,)))
    assert [list(fact.evidence_turns) for fact in result.facts] == [[]]
    assert "did not clearly say" in result.summary


def test_a_refusal_is_quoted() -> None:
    end = end_of(EndKind.AGENT_HUNG_UP, turns=NO, agent_reason=AgentReason.REFUSED)
    result = build_result(CALL, end)
    assert "Sorry, we are closed today." in result.summary
    assert "Sorry, we are closed today." in result.transcript_snippet


def test_a_voicemail_has_its_own_reason() -> None:
    result = build_result(CALL, end_of(EndKind.AGENT_HUNG_UP, agent_reason=AgentReason.VOICEMAIL))
    assert result.end_reason == EndReason.END_REASON_VOICEMAIL
    assert result.answered_by == AnsweredBy.ANSWERED_BY_VOICEMAIL


def test_a_fault_is_told_in_words() -> None:
    result = build_result(CALL, end_of(EndKind.MODEL_LOST, fault=FAULT))
    assert result.error_message == "It expired."
    assert result.fault == FAULT


def test_the_result_says_whose_call_it_was_and_how_long() -> None:
    result = succeeded()
    assert (result.call_id, result.task_id, result.attempt) == (ORDER.call_id, "task-1", 2)
    assert (result.duration, result.source) == (20, Source.SOURCE_HANDLER)
    assert result.answer_time.ToDatetime(UTC) == ANSWERED
    assert result.end_time.ToDatetime(UTC) == ENDED
    assert result.usage.input_tokens == 7
    assert result.test


def test_each_result_has_its_own_report_id() -> None:
    assert succeeded().report_id != succeeded().report_id


def test_an_errand_without_required_facts_is_never_claimed_done() -> None:
    call = HeldCall(CALL.call_sid, Order(call_id="c1"), ANSWERED)
    end = end_of(EndKind.AGENT_HUNG_UP, turns=TALK, agent_reason=AgentReason.DONE)
    assert build_result(call, end).outcome == Outcome.OUTCOME_FOLLOW_UP


def test_a_call_that_was_never_listened_to_claims_no_duration() -> None:
    result = build_result(CALL, CallEnd(kind=EndKind.NOT_CLAIMED, end_time=ENDED, media_ms=0))
    assert not result.HasField("duration")
