"""Every status, end reason, outcome and speaker of the contract has plain words."""

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.conversation.result_message import may_retry, result_message
from orchestrator.conversation.words import (
    END_REASON_WORDS,
    OUTCOME_TONES,
    OUTCOME_WORDS,
    SPEAKER_WORDS,
    STATUS_WORDS,
    cost_words,
    duration_words,
    reconstructed_words,
    tokens_words,
    words_of,
)
from orchestrator.errands import Form
from ringback.v1 import call_results_pb2 as pb
from tests.unit.orchestrator.talking import FOOD, ORDER, talk


@pytest.mark.parametrize(
    ("enum", "table"),
    [
        (pb.CallStatus, STATUS_WORDS),
        (pb.EndReason, END_REASON_WORDS),
        (pb.Outcome, OUTCOME_WORDS),
        (pb.Outcome, OUTCOME_TONES),
        (pb.Role, SPEAKER_WORDS),
    ],
    ids=["status", "end reason", "outcome", "tone", "speaker"],
)
def test_every_value_has_words(enum: Any, table: Mapping[int, str]) -> None:  # noqa: ANN401 - protobuf's enum wrapper has no common type
    assert set(enum.values()) == set(table)
    assert not any("_" in words or words.isupper() for words in table.values())


def test_a_value_of_a_newer_version_reads_as_unknown() -> None:
    assert words_of(STATUS_WORDS, 77) == "Unknown (77)"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (125, "2 min 5 s")]
)
def test_a_duration_reads_as_minutes_and_seconds(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("source", "status", "start"),
    [
        (pb.SOURCE_HANDLER, pb.CALL_STATUS_COMPLETED, ""),
        (pb.SOURCE_MANUAL, pb.CALL_STATUS_COMPLETED, "Reported by hand"),
        (pb.SOURCE_RECOVERED, pb.CALL_STATUS_COMPLETED, "Reconstructed: the call was cut off"),
        (pb.SOURCE_PROVIDER, pb.CALL_STATUS_COMPLETED, "Reconstructed: how long"),
        (pb.SOURCE_PROVIDER, pb.CALL_STATUS_BUSY, ""),
        (pb.SOURCE_DEADLINE, pb.CALL_STATUS_UNKNOWN, "Reconstructed: nobody could be asked"),
    ],
)
def test_a_result_that_nobody_on_the_call_reported_says_so(
    source: "pb.Source.ValueType", status: "pb.CallStatus.ValueType", start: str
) -> None:
    words = reconstructed_words(pb.CallResult(source=source, status=status))
    assert words.startswith(start)
    assert bool(words) == bool(start)


def test_the_cost_and_the_tokens_are_told_where_they_are_known() -> None:
    usage = pb.Usage(input_tokens=12_345, cached_input_tokens=1_000, output_tokens=678)
    assert tokens_words(pb.CallResult(usage=usage)) == "12,345 in (1,000 cached), 678 out"
    assert cost_words(pb.CallResult(usage=usage)) == ""
    usage.estimated_cost_micros, usage.currency = 41_250, "USD"
    assert cost_words(pb.CallResult(usage=usage)) == "about 0.0412 USD"
    assert tokens_words(pb.CallResult()) == cost_words(pb.CallResult()) == ""


def ada_form() -> Form:
    return talk(ORDER).last.form


def test_a_success_names_price_before_time_and_what_to_do() -> None:
    result = pb.CallResult(outcome=pb.OUTCOME_SUCCEEDED)
    result.facts.add(name="ready_time", value="20 minutes", evidence_turns=[2])
    result.facts.add(name="total_price", value="14.50", evidence_turns=[2])
    assert result_message(FOOD, ada_form(), result) == (
        "Done: Luigi's took the order. Price: 14.50. Ready: in 20 minutes. "
        "Collect it under the name Ada."
    )


def test_an_unproven_fact_is_never_told_as_agreed() -> None:
    result = pb.CallResult(outcome=pb.OUTCOME_PARTIAL)
    result.facts.add(name="total_price", value="14.50", evidence_turns=[2])
    result.facts.add(name="ready_time", value="5 minutes")
    text = result_message(FOOD, ada_form(), result)
    assert "5 minutes" not in text
    assert "Not certain: the ready time." in text


@pytest.mark.parametrize("outcome", pb.Outcome.values())
@pytest.mark.parametrize("reason", pb.EndReason.values())
def test_every_ending_has_a_message_and_only_a_harmless_retry_is_offered(
    outcome: "pb.Outcome.ValueType", reason: "pb.EndReason.ValueType"
) -> None:
    result = pb.CallResult(outcome=outcome, end_reason=reason)
    text = result_message(FOOD, ada_form(), result)
    assert "Luigi's" in text
    assert "_" not in text
    assert text.endswith("Shall I try again?") == may_retry(result)
    if outcome != pb.OUTCOME_NOT_REACHED:
        assert not may_retry(result)


@pytest.mark.parametrize(
    "reason", [pb.END_REASON_OPT_OUT, pb.END_REASON_DIAL_REFUSED, pb.END_REASON_SECOND_CALL]
)
def test_no_retry_is_offered_where_it_cannot_help(reason: "pb.EndReason.ValueType") -> None:
    assert not may_retry(pb.CallResult(outcome=pb.OUTCOME_NOT_REACHED, end_reason=reason))


def test_a_refused_dial_says_why_in_the_carriers_words() -> None:
    result = pb.CallResult(
        outcome=pb.OUTCOME_NOT_REACHED,
        end_reason=pb.END_REASON_DIAL_REFUSED,
        error_message="The number is not a valid telephone number.",
    )
    assert result_message(FOOD, ada_form(), result) == (
        "I could not call Luigi's: The number is not a valid telephone number. Nobody's phone rang."
    )


def test_a_number_that_we_must_not_call_is_told_with_the_reason_and_no_offer() -> None:
    result = pb.CallResult(
        outcome=pb.OUTCOME_NOT_REACHED,
        end_reason=pb.END_REASON_NOT_PLACED,
        error_message="They asked not to be called again, on 23 November 2026.",
        fault=pb.Fault(component=pb.FAULT_COMPONENT_ORCHESTRATOR, code="opted_out"),
    )
    assert result_message(FOOD, ada_form(), result) == (
        "I could not call Luigi's: They asked not to be called again, on 23 November 2026. "
        "Nobody's phone rang."
    )


def test_others_words_cannot_turn_the_reading_direction() -> None:
    result = pb.CallResult(outcome=pb.OUTCOME_SUCCEEDED, error_message="No \u202efunds.")
    result.facts.add(name="total_price", value="\u202e05.41", evidence_turns=[2])
    assert "Price: 05.41." in result_message(FOOD, ada_form(), result)
    result.outcome, result.end_reason = pb.OUTCOME_NOT_REACHED, pb.END_REASON_DIAL_REFUSED
    assert "No funds" in result_message(FOOD, ada_form(), result)
