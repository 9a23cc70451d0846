"""What the model may do, and what becomes of what it must not."""

import json

import pytest

from call_handler.outcome import AgentReason, FactClaim
from call_handler.tools import describe_tools, run_tool
from ringback.v1.call_results_pb2 import FactDeclaration

FACTS = [FactDeclaration(name="total_price", description="the sum", required=True)]


def test_a_fact_is_recorded() -> None:
    answer = run_tool("record_fact", '{"name":"total_price","value":" 14.50 "}', FACTS)
    assert answer.claim == FactClaim("total_price", "14.50")
    assert json.loads(answer.output) == {"ok": True}


@pytest.mark.parametrize("reason", list(AgentReason))
def test_the_call_is_ended_with_its_reason(reason: AgentReason) -> None:
    assert run_tool("end_call", json.dumps({"reason": reason}), FACTS).end is reason


@pytest.mark.parametrize("arguments", ["{}", "", '{"reason":"because"}', '{"reason":7}'])
def test_an_unknown_reason_ends_the_call_all_the_same(arguments: str) -> None:
    assert run_tool("end_call", arguments, FACTS).end is AgentReason.OTHER


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("record_fact", '{"name":"total_price","val'),
        ("record_fact", "[1]"),
        ("record_fact", "null"),
        ("record_fact", "[" * 100_000),
        ("record_fact", '{"name":"total_price"}'),
        ("record_fact", '{"name":"total_price","value":""}'),
        ("record_fact", '{"name":"total_price","value":true}'),
        ("record_fact", '{"name":"total_price","value":["14.50"]}'),
        ("record_fact", '{"name":"secret","value":"1"}'),
        ("record_fact", '{"name":7,"value":"1"}'),
        ("record_fact", json.dumps({"name": "total_price", "value": "1" * 1_001})),
        ("end_call", '{"reason":'),
        ("dial", '{"number":"911"}'),
        ("", "{}"),
    ],
)
def test_whatever_is_wrong_is_told_to_the_model(name: str, arguments: str) -> None:
    answer = run_tool(name, arguments, FACTS)
    assert "error" in json.loads(answer.output)
    assert not answer.is_accepted


def test_a_number_is_taken_as_text() -> None:
    answer = run_tool("record_fact", '{"name":"total_price","value":14.5}', FACTS)
    assert answer.claim == FactClaim("total_price", "14.5")


def test_only_declared_facts_are_offered() -> None:
    assert [tool["name"] for tool in describe_tools(FACTS)] == ["end_call", "record_fact"]
    assert '"total_price"' in json.dumps(describe_tools(FACTS))


def test_without_facts_there_is_nothing_to_record() -> None:
    assert [tool["name"] for tool in describe_tools([])] == ["end_call"]
