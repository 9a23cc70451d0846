"""What the reporter sends is what the server takes: both sides know the contract's sizes."""

from call_reporter import limits
from call_reporter.limits import fit_result
from orchestrator.call_results import model, receive_proto
from ringback.v1 import call_results_pb2 as pb
from tests.rig import full_result


def test_both_sides_know_the_same_sizes() -> None:
    told = (limits.MAX_TEXT, limits.MAX_TURNS, limits.MAX_FACTS, limits.MAX_DURATION_S)
    assert told == (model.TEXT_CHARS, model.TURNS, model.FACTS, model.DAY_S)


def test_the_worst_that_an_agent_tells_becomes_a_report_that_is_taken() -> None:
    result = full_result()
    wide = "\U0001f355" * 9_000
    for name in ("summary", "transcript_snippet", "error_message", "recording_url"):
        setattr(result, name, wide)
    result.provider_status = result.handler_instance = wide
    result.fault.code = result.fault.message = wide
    result.to_number, result.from_number, result.duration = "0800", "anonymous", 2**32 - 1
    result.transcript.extend(
        [pb.TranscriptTurn(role=pb.ROLE_AGENT, text=wide, dtmf="w" * 99)] * 2_100
    )
    result.transcript[0].item_id = result.transcript[0].tool.arguments = wide
    for number in range(60):
        result.facts.add(name=f"Fact No. {number}", value="14.50", evidence_turns=[0, 2_050])
    result.facts[0].value = wide
    report = receive_proto(fit_result(result, model.REPORT_BYTES)).report
    assert (len(report.transcript), len(report.facts)) == (2_000, 50)
