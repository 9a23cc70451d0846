"""Who answered, and what a result says of it."""

from datetime import UTC, datetime

import pytest

from call_handler.outcome import AgentReason, CallEnd, EndKind, FactClaim, HeldCall, build_result
from ringback.v1.call_results_pb2 import (
    AnsweredBy,
    EndReason,
    FactDeclaration,
    FactKind,
    Order,
    Outcome,
    Role,
    TranscriptTurn,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRICE = FactDeclaration(name="total_price", required=True, kind=FactKind.FACT_KIND_MONEY)
CALL = HeldCall("CA" + "1" * 32, Order(call_id="c1", facts=[PRICE]), NOW)
GREETING = "You have reached Luigi's Pizza."
BEEP = "Please leave a message after the tone."
MENU = "For orders, press one."
KEY = TranscriptTurn(role=Role.ROLE_AGENT, dtmf="1")
HUMAN, MACHINE = AnsweredBy.ANSWERED_BY_HUMAN, AnsweredBy.ANSWERED_BY_IVR
VOICEMAIL, UNKNOWN = AnsweredBy.ANSWERED_BY_VOICEMAIL, AnsweredBy.ANSWERED_BY_UNKNOWN
FAX = AnsweredBy.ANSWERED_BY_FAX


def ended(
    *said: str | TranscriptTurn, kind: EndKind = EndKind.CALLEE_HUNG_UP, **more: object
) -> CallEnd:
    turns = tuple(
        TranscriptTurn(role=Role.ROLE_CALLEE, text=each) if isinstance(each, str) else each
        for each in said
    )
    return CallEnd(kind=kind, end_time=NOW, media_ms=9_000, turns=turns, **more)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("said", "word", "expected"),
    [
        (("Luigi's, hello?",), "", HUMAN),
        (("Luigi's, hello?",), "human", HUMAN),
        (("Luigi's, hello?",), "machine_start", HUMAN),
        (("Luigi's, hello?",), "machine_end_beep", HUMAN),
        (("Luigi's, hello?",), "fax", HUMAN),
        (("Luigi's.",), "", HUMAN),
        (("Luigi's.",), "machine_start", UNKNOWN),
        ((GREETING,), "machine_end_beep", VOICEMAIL),
        ((GREETING,), "machine_end_silence", VOICEMAIL),
        ((GREETING, BEEP), "", VOICEMAIL),
        ((GREETING, BEEP), "human", VOICEMAIL),
        ((GREETING, BEEP, "Hello? Wait, I am here!"), "machine_end_beep", HUMAN),
        (("Hello?", BEEP), "", VOICEMAIL),
        ((MENU,), "machine_start", MACHINE),
        ((MENU,), "human", MACHINE),
        (("Welcome to Luigi's.", KEY), "", MACHINE),
        ((MENU, KEY, "Luigi's, what can I get you?"), "machine_end_other", HUMAN),
        ((MENU, KEY, "Please hold.", "Your call is important to us."), "", MACHINE),
        ((MENU, KEY, GREETING, BEEP), "", VOICEMAIL),
        (("Please state your name and why you are calling.",), "", MACHINE),
        (("Please state your name and why you are calling.", "Hi, this is Mario?"), "", HUMAN),
        (("One moment, please.",), "machine_end_other", UNKNOWN),
        (("Luigi's Pizza, please hold.", "Your call is important to us."), "human", UNKNOWN),
        (("Please hold.", "Hello, how can I help?"), "", HUMAN),
        (("The number you have dialed is not in service.",), "", UNKNOWN),
        (("Luigi's, hello?", "Who is it?", "Leave your name and number."), "", HUMAN),
        ((), "", UNKNOWN),
        ((), "unknown", UNKNOWN),
        ((), "machine_start", UNKNOWN),
        ((), "human", HUMAN),
        ((), "machine_end_beep", VOICEMAIL),
        ((), "fax", FAX),
        (("[Music]",), "fax", FAX),
    ],
)
def test_words_and_the_carrier_together_tell_who_answered(
    said: tuple[str | TranscriptTurn, ...], word: str, expected: AnsweredBy.ValueType
) -> None:
    result = build_result(CALL, ended(*said, answered_by_word=word))
    assert result.answered_by == expected


def test_a_call_that_nobody_listened_to_tells_no_answerer() -> None:
    end = CallEnd(kind=EndKind.NOT_CLAIMED, end_time=NOW)
    assert build_result(CALL, end).answered_by == AnsweredBy.ANSWERED_BY_UNSPECIFIED


def test_the_agent_alone_cannot_turn_a_person_into_a_voicemail() -> None:
    reason = AgentReason.VOICEMAIL
    end = ended("Hello?", kind=EndKind.AGENT_HUNG_UP, agent_reason=reason, answered_by_word="human")
    result = build_result(CALL, end)
    assert result.answered_by == HUMAN
    assert result.end_reason == EndReason.END_REASON_AGENT_HUNG_UP
    assert result.outcome == Outcome.OUTCOME_FOLLOW_UP


@pytest.mark.parametrize(
    ("left", "words"),
    [(True, "the agent left the message"), (False, "no message was left")],
)
def test_a_voicemail_is_not_reached_and_the_message_is_told(left: bool, words: str) -> None:
    result = build_result(CALL, ended(BEEP, kind=EndKind.VOICEMAIL, left_message=left))
    assert result.end_reason == EndReason.END_REASON_VOICEMAIL
    assert result.outcome == Outcome.OUTCOME_NOT_REACHED
    assert words in result.summary


def test_a_fax_is_told_as_one() -> None:
    result = build_result(CALL, ended(kind=EndKind.FAX, answered_by_word="fax"))
    assert (result.answered_by, result.outcome) == (FAX, Outcome.OUTCOME_NOT_REACHED)
    assert result.summary == "A fax machine answered."


@pytest.mark.parametrize("kind", [EndKind.SILENCE_LIMIT, EndKind.HOLD_LIMIT])
@pytest.mark.parametrize(
    ("said", "outcome"),
    [((), Outcome.OUTCOME_NOT_REACHED), (("Hello?",), Outcome.OUTCOME_FOLLOW_UP)],
)
def test_who_waited_for_nobody_reached_nobody(
    kind: EndKind, said: tuple[str, ...], outcome: Outcome.ValueType
) -> None:
    result = build_result(CALL, ended(*said, kind=kind))
    assert result.outcome == outcome
    assert ("No person was reached" in result.summary) is (not said)


def test_a_menu_without_a_person_reached_nobody() -> None:
    result = build_result(CALL, ended(MENU, kind=EndKind.SILENCE_LIMIT))
    assert result.outcome == Outcome.OUTCOME_NOT_REACHED
    assert "no person was reached" in result.summary


@pytest.mark.parametrize(
    "kind", [EndKind.CALLEE_HUNG_UP, EndKind.AGENT_HUNG_UP, EndKind.OPT_OUT, EndKind.MEDIA_LOST]
)
def test_who_asks_not_to_be_called_is_heard_whoever_hung_up(kind: EndKind) -> None:
    result = build_result(CALL, ended("Luigi's?", "Do not call here again.", kind=kind))
    assert result.end_reason == EndReason.END_REASON_OPT_OUT
    assert result.outcome == Outcome.OUTCOME_REFUSED
    assert "not to be called again" in result.summary


def test_the_agents_own_word_is_enough_for_an_opt_out() -> None:
    end = ended("Leave us alone.", kind=EndKind.AGENT_HUNG_UP, agent_reason=AgentReason.OPT_OUT)
    assert build_result(CALL, end).end_reason == EndReason.END_REASON_OPT_OUT


def test_a_machine_cannot_opt_out() -> None:
    end = ended("Do not call again before the tone.", BEEP, "Never call here again, press one.")
    assert build_result(CALL, end).end_reason == EndReason.END_REASON_CALLEE_HUNG_UP


def test_an_order_taken_before_the_opt_out_stands() -> None:
    agent = TranscriptTurn(role=Role.ROLE_AGENT, text="One margherita, please.")
    end = ended(
        "Hello?",
        agent,
        "That is fourteen fifty. Do not call again.",
        TranscriptTurn(role=Role.ROLE_AGENT, text="I am sorry. Goodbye."),
        claims=(FactClaim("total_price", "14.50", "fourteen fifty"),),
    )
    result = build_result(CALL, end)
    assert result.end_reason == EndReason.END_REASON_OPT_OUT
    assert result.outcome == Outcome.OUTCOME_SUCCEEDED
