"""What is built from the draft and the turns of a call whose process died."""

from call_reporter.recovery import build_recovered_result
from ringback.v1 import call_results_pb2 as pb
from tests.rig import NOW, call_sid


def recovered(*turns: pb.TranscriptTurn) -> pb.CallResult:
    draft = pb.CallResult(call_sid=call_sid())
    return build_recovered_result(draft, turns, was_claimed=False, now=NOW)


def test_the_snippet_quotes_who_spoke_last() -> None:
    result = recovered(
        pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="Luigi's?"),
        pb.TranscriptTurn(role=pb.ROLE_AGENT, text="Good evening."),
    )
    assert result.transcript_snippet == "Callee: Luigi's?\nAgent: Good evening."


def test_a_role_from_a_newer_contract_does_not_stop_the_recovery() -> None:
    newer = pb.TranscriptTurn(role=pb.Role.ValueType(77), text="Hello?")
    assert recovered(newer).transcript_snippet == "77: Hello?"
