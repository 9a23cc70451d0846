"""Every scenario end to end with real processes: the result, both sides' log lines, the ledger."""

import io
import wave
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest

from tests.e2e.conftest import PlayedCalls, System

CONNECTED = (
    "order_taken",
    "order_refused",
    "callee_asks_back",
    "hang_up_mid_sentence",
    "socket_lost",
    "model_lost",
    "callbacks_late_and_doubled",
)
AUDIBLE = 300  # of 32,768, as the root of the mean square
NEVER_CONNECTED = ("busy", "no_answer", "declined", "dial_refused")


def accepted_creates(system: System, call_id: str) -> int:
    creates = [line for line in system.ledger(call_id) if line["kind"] == "create"]
    return [line["verdict"] for line in creates].count("accepted")


@pytest.fixture(scope="module")
def calls(system: System) -> Iterator[PlayedCalls]:
    """Play every scenario once."""
    played = PlayedCalls(system, (*CONNECTED, *NEVER_CONNECTED))
    yield played
    played.close()


def check_against_scenario(system: System, calls: PlayedCalls, name: str) -> dict[str, Any]:
    expected = system.scenarios()[name]
    exit_code, result, _ = calls.of(name)
    assert expected["expected_status"] == result["status"]
    assert expected["expected_outcome"] == result.get("outcome", "OUTCOME_UNSPECIFIED")
    assert (exit_code == 0) == (result["outcome"] == "OUTCOME_SUCCEEDED")
    return result


def results_of(system: System, call_id: str) -> int:
    listed = system.get(f"{system.addresses.page}/api/calls?limit=200")["calls"]
    return [call["call_id"] for call in listed].count(call_id)


@pytest.mark.parametrize("name", CONNECTED)
def test_a_connected_call_is_reported_by_its_handler(
    system: System, calls: PlayedCalls, name: str
) -> None:
    result = check_against_scenario(system, calls, name)
    call_id, sid = result["call_id"], result["call_sid"]

    assert result["source"] == "SOURCE_HANDLER"
    assert accepted_creates(system, call_id) == 1
    assert results_of(system, call_id) == 1
    about_this_call = [line for line in system.lines if call_id in line]
    system.wait_for_line(lambda line: "call_terminated" in line and call_id in line)
    acknowledged = system.wait_for_line(
        lambda line: "report_acknowledged" in line and call_id in line
    )
    receipt = system.wait_for_line(lambda line: "result_stored" in line and call_id in line)
    assert about_this_call
    assert sid in acknowledged
    for word in (sid, "status", "outcome", "duration", "end_reason", "turns"):
        assert word in receipt


@pytest.mark.parametrize("name", NEVER_CONNECTED)
def test_a_call_that_never_connected_has_its_result_too(
    system: System, calls: PlayedCalls, name: str
) -> None:
    result = check_against_scenario(system, calls, name)

    assert result["test"] is True
    assert accepted_creates(system, result["call_id"]) == (0 if name == "dial_refused" else 1)
    assert results_of(system, result["call_id"]) == 1


def test_an_order_taken_has_its_facts_with_evidence(calls: PlayedCalls) -> None:
    _, result, _ = calls.of("order_taken")
    facts = {fact["name"]: fact for fact in result["facts"]}

    for name in ("total_price", "ready_time"):
        positions = facts[name]["evidence_turns"]
        assert positions
        assert all(result["transcript"][at]["role"] == "ROLE_CALLEE" for at in positions)
    assert result["transcript_complete"] is True
    assert result["test"] is True


def test_an_order_taken_is_recorded_with_each_voice_on_its_own_side(
    system: System, calls: PlayedCalls
) -> None:
    call_id = calls.of("order_taken")[1]["call_id"]
    system.wait_for_line(lambda line: "recording_told" in line and call_id in line)
    path = f"/calls/{call_id}/recording"
    with urlopen(f"{system.addresses.page}{path}") as answer:  # noqa: S310 - our own address
        sound = io.BytesIO(answer.read())
    with wave.open(sound) as read:
        assert (read.getnchannels(), read.getframerate(), read.getsampwidth()) == (2, 8000, 2)
        samples = np.frombuffer(read.readframes(read.getnframes()), "<i2").reshape(-1, 2)
    loudness = np.sqrt(np.mean(samples.astype(float) ** 2, axis=0))
    result = system.get(f"{system.addresses.page}/api/results/{call_id}")

    assert result["recording_url"] == path
    assert result["source"] == "SOURCE_HANDLER"
    assert len(samples) > 10 * 8000
    assert loudness.min() > AUDIBLE, loudness
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.5


def test_a_lost_model_gets_the_callee_an_apology(system: System, calls: PlayedCalls) -> None:
    _, result, _ = calls.of("model_lost")
    call_id = result["call_id"]
    system.wait_for_line(lambda line: "after_stream" in line and call_id in line)
    spoken = [line["text"] for line in system.ledger(call_id) if line["kind"] == "say"]

    assert len(spoken) == 1
    assert "technical problem" in spoken[0]


def test_a_declined_call_says_so(calls: PlayedCalls) -> None:
    _, result, _ = calls.of("declined")

    assert result["end_reason"] == "END_REASON_DECLINED"


def test_a_refused_dial_tells_the_reason_in_words(calls: PlayedCalls) -> None:
    _, result, _ = calls.of("dial_refused")

    assert result["fault"]["code"] == "21211"
    assert result["end_reason"] == "END_REASON_DIAL_REFUSED"


def test_nothing_is_left_open_after_the_calls(system: System, calls: PlayedCalls) -> None:
    calls.wait_for_all()
    sessions = system.get(f"{system.addresses.phone}/control/sessions")

    assert sessions == {"open_model_sessions": 0, "open_media_streams": 0, "live_calls": 0}


def test_no_log_line_tells_what_was_said_or_a_whole_number(
    system: System, calls: PlayedCalls
) -> None:
    _, result, _ = calls.of("order_taken")
    product = [line for line in system.lines if line.startswith(("orchestrator", "handler"))]

    assert product
    said = [turn["text"] for turn in result["transcript"] if turn.get("text")]
    assert not [line for line in product if any(text in line for text in said)]
    assert not [line for line in product if "+14155550123" in line]
