"""How results are printed for people."""

import pytest

from ringback.v1 import call_results_pb2 as pb
from ringback_cli.main import build_parser
from ringback_cli.results import print_result, word_of_number
from tests.rig import USAGE


@pytest.mark.parametrize(("number", "words"), [(pb.CALL_STATUS_NO_ANSWER, "no answer"), (77, "77")])
def test_an_enums_number_becomes_words_where_it_is_known(number: int, words: str) -> None:
    assert word_of_number(pb.CallStatus, number) == words


def test_a_result_of_a_newer_server_is_printed_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = pb.CallResult(
        call_id="one",
        status=pb.CALL_STATUS_COMPLETED,
        end_reason=pb.EndReason.ValueType(987),
        outcome=pb.Outcome.ValueType(88),
    )
    print_result(result, as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["call", "one"],
        ["status", "completed"],
        ["outcome", "88"],
        ["end", "reason", "987"],
    ]


def test_claims_recordings_and_costs_are_printed_as_what_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = pb.CallResult(call_id="one", recording_url="/calls/one/recording", usage=USAGE)
    result.facts.add(name="total_price", value="9.99")
    result.facts.add(name="ready_time", value="20 minutes", evidence_turns=[2])
    print_result(result, as_json=False, page="http://127.0.0.1:8900")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in (
        "recording http://127.0.0.1:8900/calls/one/recording",
        "tokens 10 in, 30 out",
        "cost about 0.0001 USD (estimated)",
        "total price 9.99 (claimed, not proven)",
        "ready time 20 minutes",
    ):
        assert line in lines


@pytest.mark.parametrize(
    "arguments",
    [
        ["calls", "--port", "9500", "list"],
        ["calls", "list", "--port", "9500"],
        ["calls", "show", "--port", "9500", "abc"],
        ["calls", "--port", "9100", "watch", "--port", "9500"],
        ["report", "--call-sid", "CA" + "0" * 32, "--port", "9500"],
        ["opt-outs", "list", "--port", "9500"],
        ["opt-outs", "--port", "9500", "list"],
        ["scenarios", "--port", "9500"],
    ],
)
def test_every_command_takes_the_port_before_its_verb_and_after_it(arguments: list[str]) -> None:
    assert build_parser().parse_args(arguments).port == 9500
