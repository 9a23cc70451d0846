"""The cuts that make a result fit: what goes, what stays, and that it is said."""

import pytest

from call_reporter.limits import clean_text, fit_result, fit_turn
from ringback.v1 import call_results_pb2 as pb

LIMIT = 256 * 1024


def talk(turns: int, text: str) -> pb.CallResult:
    spoken = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text=text) for _ in range(turns)]
    return pb.CallResult(call_sid="CA1", transcript=spoken, transcript_complete=True)


def test_a_small_result_stays_as_it_is() -> None:
    result = talk(10, "hello")
    assert fit_result(result, LIMIT) == result


def test_a_result_of_five_megabytes_is_cut_and_says_so() -> None:
    fitted = fit_result(talk(1_250, "\u00e9" * 4_000), LIMIT)
    assert fitted.ByteSize() <= LIMIT
    assert len(fitted.transcript) == 1_250
    assert not fitted.transcript_complete


def test_the_turns_that_prove_a_fact_are_cut_last() -> None:
    result = talk(1_000, "x" * 1_000)
    result.transcript[7].text = "fourteen fifty " * 60
    result.facts.add(name="total_price", value="14.50", evidence_turns=[7])
    fitted = fit_result(result, LIMIT)
    assert fitted.transcript[7].text == "fourteen fifty " * 60
    assert len(fitted.transcript[8].text) < 1_000


def test_the_worst_result_fits_too() -> None:
    result = talk(2_000, "\U0001f355" * 4_000)
    wide = "\U0001f355" * 5_000
    result.summary = result.transcript_snippet = result.error_message = wide
    result.fault.message = wide
    for number in range(60):
        result.facts.add(name=f"fact_{number}", value=wide, evidence_turns=range(2_000))
    fitted = fit_result(result, LIMIT)
    assert fitted.ByteSize() <= LIMIT
    assert len(fitted.facts) == 50
    assert not fitted.transcript_complete


def test_too_many_turns_are_cut_at_the_end() -> None:
    fitted = fit_result(talk(2_001, "a"), LIMIT)
    assert len(fitted.transcript) == 2_000
    assert not fitted.transcript_complete


def test_a_text_is_cut_to_its_length_and_the_original_is_untouched() -> None:
    result = pb.CallResult(summary="x" * 5_000, provider_status="y" * 100)
    fitted = fit_result(result, LIMIT)
    assert (len(fitted.summary), len(fitted.provider_status)) == (4_000, 64)
    assert len(result.summary) == 5_000


@pytest.mark.parametrize(
    ("text", "clean"),
    [("a\0b", "a\ufffdb"), ("\ud83c", "\ufffd"), ("\ud83c\udf55", "\U0001f355"), ("", "")],
)
def test_what_the_wire_refuses_is_replaced(text: str, clean: str) -> None:
    assert clean_text(text) == clean


def test_a_misfit_costs_its_field_and_not_the_result(caplog: pytest.LogCaptureFixture) -> None:
    result = talk(1, "hello")
    result.to_number, result.from_number, result.duration = "anonymous", "+14155550100", 2**32 - 1
    fitted = fit_result(result, LIMIT)
    assert (fitted.to_number, fitted.from_number) == ("", "+14155550100")
    assert not fitted.HasField("duration")
    assert "left_out=to_number,duration" in caplog.text


@pytest.mark.parametrize(
    ("told", "name"),
    [("total_price", "total_price"), ("Total price", "total_price"), ("2nd", "fact_2nd")],
)
def test_a_facts_name_gets_the_contracts_form(told: str, name: str) -> None:
    result = talk(1, "hello")
    result.facts.add(name=told, evidence_turns=[0, 2_000])
    [fact] = fit_result(result, LIMIT).facts
    assert (fact.name, list(fact.evidence_turns)) == (name, [0])


def test_keys_that_no_telephone_has_are_left_out() -> None:
    turn = pb.TranscriptTurn(role=pb.ROLE_AGENT, dtmf="1w2#a,," + "9" * 100)
    assert fit_turn(turn).dtmf == "12#A" + "9" * 60
