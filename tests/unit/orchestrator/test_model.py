"""The model's rules, and the words in which a broken one is told."""

from collections.abc import Callable

import pytest

from orchestrator.call_results import Cleaning, receive_proto
from orchestrator.call_results.from_proto import from_proto
from orchestrator.errors import InvalidInput
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, full_result, result_of

Spoil = Callable[[pb.CallResult], object]


def refusal_of(result: pb.CallResult) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        from_proto(result, Cleaning())
    return [(one.field, one.description) for one in caught.value.violations]


def test_six_fields_make_a_valid_report() -> None:
    report = from_proto(
        result_of(
            call_sid=call_sid(),
            status=pb.CALL_STATUS_NO_ANSWER,
            duration=0,
            summary="s",
            transcript_snippet="t",
            error_message="e",
        ),
        Cleaning(),
    )
    assert (report.call_sid, report.status, report.duration) == (call_sid(), 7, 0)
    assert (report.summary, report.transcript_snippet, report.error_message) == ("s", "t", "e")


def test_an_absent_duration_differs_from_zero() -> None:
    report = from_proto(result_of(call_sid=call_sid(), status=5), Cleaning())
    assert report.duration is None


def test_a_report_without_any_id_is_refused() -> None:
    assert refusal_of(result_of(status=5)) == [("call_sid", "give call_sid, call_id or both")]


def test_an_unspecified_status_is_refused() -> None:
    assert refusal_of(result_of(call_sid=call_sid())) == [
        ("status", "must say how the call ended, not CALL_STATUS_UNSPECIFIED")
    ]


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_a_status_of_a_running_call_is_refused(status: int) -> None:
    [(field, words)] = refusal_of(result_of(call_sid=call_sid(), status=status))
    assert (field, words.startswith("must say how the call ended")) == ("status", True)


def test_an_unknown_status_number_is_refused() -> None:
    assert refusal_of(result_of(call_sid=call_sid(), status=77)) == [
        ("status", "must be a number of CallStatus, not 77")
    ]


@pytest.mark.parametrize("field", ["end_reason", "outcome", "answered_by", "source"])
def test_other_unknown_enum_numbers_are_kept(field: str) -> None:
    result = result_of(call_sid=call_sid(), status=5)
    setattr(result, field, 987)
    assert getattr(from_proto(result, Cleaning()), field) == 987


@pytest.mark.parametrize(
    "sid", ["CA", "CA123", "XX" + "0" * 32, "CA" + "g" * 32, call_sid() + "\n", "CA" + "0" * 33]
)
def test_a_call_sid_that_is_none_is_refused(sid: str) -> None:
    [(field, words)] = refusal_of(result_of(call_sid=sid, status=5))
    assert field == "call_sid"
    assert words == f'must be "CA" and 32 hex digits, not a text of {len(sid)} characters'


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda r: setattr(r, "duration", 2**32 - 1), "duration"),
        (lambda r: setattr(r, "duration", 86_401), "duration"),
        (lambda r: setattr(r, "summary", "x" * 4_001), "summary"),
        (lambda r: setattr(r, "error_message", "x" * 4_001), "error_message"),
        (lambda r: setattr(r, "call_id", "not-a-uuid"), "call_id"),
        (lambda r: setattr(r, "report_id", "x" * 65), "report_id"),
        (lambda r: setattr(r, "to_number", "911"), "to_number"),
        (lambda r: setattr(r, "from_number", "+0123"), "from_number"),
        (lambda r: setattr(r, "recording_url", "x" * 2_001), "recording_url"),
        (lambda r: setattr(r, "provider_status", "x" * 65), "provider_status"),
        (lambda r: setattr(r, "handler_instance", "x" * 129), "handler_instance"),
        (lambda r: setattr(r.fault, "code", "x" * 129), "fault.code"),
        (lambda r: setattr(r.usage, "currency", "dollars"), "usage.currency"),
        (lambda r: setattr(r.usage, "input_tokens", 2**64 - 1), "usage.input_tokens"),
        (lambda r: setattr(r.end_time, "nanos", -1), "end_time"),
        (lambda r: setattr(r.end_time, "seconds", -1), "end_time"),
        (lambda r: setattr(r.transcript[0], "role", 0), "transcript[0].role"),
        (lambda r: setattr(r.transcript[1], "text", "x" * 4_001), "transcript[1].text"),
        (lambda r: setattr(r.transcript[1], "dtmf", "12 34"), "transcript[1].dtmf"),
        (lambda r: setattr(r.transcript[1].tool, "name", "x" * 65), "transcript[1].tool.name"),
        (lambda r: setattr(r.facts[0], "name", "Total price"), "facts[0].name"),
        (lambda r: r.facts[0].evidence_turns.append(2_000), "facts[0].evidence_turns[1]"),
        (lambda r: r.transcript.extend([r.transcript[0]] * 1_999), "transcript"),
        (lambda r: r.facts.extend([r.facts[0]] * 50), "facts"),
    ],
)
def test_a_broken_rule_names_its_field(spoil: Spoil, field: str) -> None:
    result = full_result()
    spoil(result)
    assert [name for name, _ in refusal_of(result)] == [field]


def test_all_broken_rules_are_told_at_once() -> None:
    result = result_of(call_sid="x", status=3, duration=99_999)
    assert [name for name, _ in refusal_of(result)] == ["call_sid", "status", "duration"]


def test_a_refusal_does_not_repeat_a_text() -> None:
    result = result_of(call_sid=call_sid(), status=5, summary="canary" * 1_000)
    assert "canary" not in str(refusal_of(result))


def test_nul_becomes_a_replacement_and_is_flagged() -> None:
    received = receive_proto(result_of(call_sid=call_sid(), status=5, summary="a\0b"))
    assert (received.report.summary, received.was_cleaned) == ("a\ufffdb", True)


def test_clean_texts_are_not_flagged() -> None:
    received = receive_proto(full_result())  # holds zero bytes: duration 0, evidence turn 0
    assert received.was_cleaned is False


def test_a_result_above_256_kib_is_refused() -> None:
    result = full_result()
    result.transcript.extend([pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * 70)
    with pytest.raises(InvalidInput, match="at most 262144 bytes"):
        receive_proto(result)
