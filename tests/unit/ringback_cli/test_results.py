"""How results are printed for people."""

import pytest

from ringback.v1 import call_results_pb2 as pb
from ringback_cli.results import print_result, word_of_number


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
