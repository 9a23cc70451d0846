"""The judge of `make eval` sees what is wrong: each rule with the good twin that passes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.ledger_facts import Line
from tests.evaluation.__main__ import read_arguments
from tests.evaluation.barge_ins import LEAST, BargeIns, measure_barge_ins
from tests.evaluation.judge import find_misses, is_false_success
from tests.evaluation.played import Json, Played, Scripted
from tests.evaluation.report import write_report
from tests.evaluation.runs import Session
from tests.evaluation.table import group_runs, tabulate

PRICE = "That will be fourteen fifty."
SCRIPTED = Scripted(
    "order_taken",
    "The shop takes the order.",
    "Order one from {number}.",
    "",
    "CALL_STATUS_COMPLETED",
    "END_REASON_AGENT_HUNG_UP",
    "OUTCOME_SUCCEEDED",
    "ANSWERED_BY_HUMAN",
    {"total_price": "14.50"},
)
RESULT: Json = {
    "status": "CALL_STATUS_COMPLETED",
    "end_reason": "END_REASON_AGENT_HUNG_UP",
    "outcome": "OUTCOME_SUCCEEDED",
    "answered_by": "ANSWERED_BY_HUMAN",
    "to_number": "+14155550100",
    "duration": 31,
    "facts": [{"name": "total_price", "value": "14.50", "evidence_turns": [1]}],
    "transcript": [
        {"role": "ROLE_AGENT", "text": "How much will it be?", "start_ms": 900},
        {"role": "ROLE_CALLEE", "text": PRICE, "start_ms": 3_000},
    ],
}
CREATE: Line = {
    "kind": "create",
    "verdict": "accepted",
    "at": 1.0,
    "parameters": [["To", "+14155550100"], ["From", "+14155550199"]],
}
LINES: tuple[Line, ...] = (
    CREATE,
    {"kind": "model_session_opened", "at": 2.0},
    {"kind": "said", "side": "callee", "text": PRICE, "at": 3.0},
    {"kind": "state", "status": "completed", "at": 9.0},
    {"kind": "model_session_closed", "unreached": [], "at": 9.2},
)
GOOD = Played(SCRIPTED, 7, "call-1", RESULT, LINES)


def with_result(**changes: object) -> Played:
    return replace(GOOD, result={**RESULT, **changes})


def with_lines(*changed: Line) -> Played:
    kinds = {line["kind"] for line in changed}
    return replace(GOOD, lines=(*(line for line in LINES if line["kind"] not in kinds), *changed))


def test_a_call_as_expected_is_not_missed() -> None:
    assert not find_misses(GOOD)


@pytest.mark.parametrize(
    ("played", "word"),
    [
        (replace(GOOD, result={}, trouble="no result within 180 s"), "no result"),
        (with_result(status="CALL_STATUS_FAILED"), "status"),
        (with_result(end_reason="END_REASON_CALLEE_HUNG_UP"), "end_reason"),
        (with_result(outcome="OUTCOME_PARTIAL"), "outcome"),
        (with_result(answered_by="ANSWERED_BY_IVR"), "answered_by"),
        (with_result(facts=[]), "fact total_price"),
        (with_result(facts=[{"name": "total_price", "value": "14.50"}]), "fact total_price"),
        (
            with_result(facts=[{"name": "total_price", "value": "15.00", "evidence_turns": [1]}]),
            "fact total_price",
        ),
        (
            with_result(facts=[{"name": "total_price", "value": "14.50", "evidence_turns": [0]}]),
            "no sentence of the callee",
        ),
        (
            with_result(
                facts=[
                    {"name": "total_price", "value": "14.50", "evidence_turns": [1]},
                    {"name": "ready_time", "value": "20 minutes", "evidence_turns": [1]},
                ]
            ),
            "must not",
        ),
        (with_lines({"kind": "said", "side": "agent", "text": PRICE, "at": 3.0}), "no sentence"),
        (
            with_lines({"kind": "model_session_closed", "unreached": ["closing"], "at": 9.2}),
            "closing",
        ),
        (with_lines({"kind": "model_session_closed", "unreached": [], "at": 10.1}), "1.1 s after"),
        (with_lines({"kind": "callee_script", "left_over": ["Goodbye."], "at": 9.1}), "Goodbye."),
        (replace(GOOD, lines=LINES[:-1]), "never closed"),
        (with_lines(CREATE, CREATE), "placed 2 calls"),
        (with_result(to_number="+14155550101"), "number dialled"),
    ],
)
def test_whatever_is_wrong_is_a_miss(played: Played, word: str) -> None:
    misses = find_misses(played)

    assert any(word in miss for miss in misses), misses


def test_a_success_that_was_not_expected_is_a_false_one() -> None:
    assert not is_false_success(GOOD)
    assert is_false_success(replace(GOOD, scripted=replace(SCRIPTED, outcome="OUTCOME_FOLLOW_UP")))


def truncate(told_ms: int, played_ms: float, *, accepted: bool = True) -> Line:
    return {
        "kind": "truncate",
        "audio_end_ms": told_ms,
        "played_ms": played_ms,
        "accepted": accepted,
    }


def test_an_interruption_is_measured_against_what_was_played() -> None:
    unheard = truncate(0, 0)
    measured = measure_barge_ins([truncate(500, 520), truncate(700, 690), unheard, CREATE])

    assert measured.errors_ms == (-20.0, 10.0)
    assert measured.worst_ms == 20.0


def test_exact_interruptions_in_sufficient_number_are_good() -> None:
    assert not BargeIns((0.0,) * LEAST, 0, 0).misses()


@pytest.mark.parametrize(
    ("barge_ins", "word"),
    [
        (BargeIns((0.0,) * (LEAST - 1), 0, 0), "only 199"),
        (BargeIns((-41.0, *(0.0,) * LEAST), 0, 0), "41 ms"),
        (measure_barge_ins([truncate(500, 400, accepted=False)]), "1 truncations were rejected"),
        (measure_barge_ins([{"kind": "stale"}]), "1 stretches"),
    ],
)
def test_a_bad_interruption_is_a_miss(barge_ins: BargeIns, word: str) -> None:
    assert any(word in miss for miss in barge_ins.misses())


def test_what_is_open_at_the_end_is_a_miss() -> None:
    assert not Session((), {"open_model_sessions": 0, "live_calls": 0}).misses()
    assert Session((), {"open_model_sessions": 2}).misses() == ["2 open_model_sessions at the end"]


def test_the_table_and_the_page_tell_what_was_missed() -> None:
    bad = replace(with_result(summary="<b>done</b>"), scripted=replace(SCRIPTED, facts={}))
    rows = group_runs([GOOD, bad])
    page = write_report(rows, ["seed 7"], ["order_taken, seed 7: no"])

    assert "1 MISSED" in tabulate(rows).to_text()
    assert "&lt;b&gt;done&lt;/b&gt;" in page
    assert PRICE in page


def test_the_command_line_is_read() -> None:
    arguments = read_arguments(["--runs", "2", "--seed", "9", "--report", "a.html"])

    assert (arguments.runs, arguments.seed, arguments.report) == (2, 9, Path("a.html"))
    with pytest.raises(SystemExit):
        read_arguments(["--runs", "0"])
