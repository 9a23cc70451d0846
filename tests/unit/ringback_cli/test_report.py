"""The synchronous client behind `ringback report`, over grpcio-testing's channel."""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import grpc
import grpc_testing
import pytest

from ringback.v1 import call_results_pb2, call_results_pb2_grpc
from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.main import main
from ringback_cli.report import FLAGS, describe_answer, read_result, send_report

SERVICE = call_results_pb2.DESCRIPTOR.services_by_name["CallResults"]
REPORT = SERVICE.methods_by_name["Report"]
SID = "CA0123456789abcdef0123456789abcdef"


@pytest.fixture
def channel() -> "grpc_testing.Channel":
    return grpc_testing.channel([SERVICE], grpc_testing.strict_real_time())


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def options(**given: str) -> argparse.Namespace:
    return argparse.Namespace(file=given.pop("file", None), **dict.fromkeys(FLAGS) | given)


def report(
    channel: "grpc_testing.Channel", worker: ThreadPoolExecutor, **given: str
) -> "Future[call_results_pb2.ReportResponse]":
    request = call_results_pb2.ReportRequest(result=read_result(options(**given)))
    stub = call_results_pb2_grpc.CallResultsStub(channel)
    return worker.submit(send_report, stub, request, "test")


def test_the_client_sends_the_fields_and_returns_the_answer(
    channel: "grpc_testing.Channel", worker: ThreadPoolExecutor
) -> None:
    answer = report(channel, worker, call_sid=SID, status="no-answer", duration="0")
    _, request, rpc = channel.take_unary_unary(REPORT)
    stored = call_results_pb2.ReportResponse(disposition=call_results_pb2.DISPOSITION_STORED)
    rpc.terminate(stored, (), grpc.StatusCode.OK, "")

    assert request.result.call_sid == SID
    assert request.result.status == call_results_pb2.CALL_STATUS_NO_ANSWER
    assert request.result.HasField("duration")
    assert answer.result(5) == stored


def test_a_refusal_is_told_in_the_servers_words(
    channel: "grpc_testing.Channel", worker: ThreadPoolExecutor
) -> None:
    answer = report(channel, worker, call_sid="CA1", status="completed")
    _, _, rpc = channel.take_unary_unary(REPORT)
    rpc.terminate(None, (), grpc.StatusCode.INVALID_ARGUMENT, "call_sid: CA and 32 hex digits")

    with pytest.raises(CommandFailed, match="INVALID_ARGUMENT: call_sid: CA and 32 hex digits"):
        answer.result(5)


def test_a_server_that_is_away_is_named_with_what_to_do(
    channel: "grpc_testing.Channel", worker: ThreadPoolExecutor
) -> None:
    answer = report(channel, worker, call_sid=SID, status="busy")
    _, _, rpc = channel.take_unary_unary(REPORT)
    rpc.terminate(None, (), grpc.StatusCode.UNAVAILABLE, "connection refused")

    with pytest.raises(CommandFailed, match="ringback up"):
        answer.result(5)


@pytest.mark.parametrize("number", call_results_pb2.Disposition.values())
def test_every_disposition_that_is_answered_is_explained(number: int) -> None:
    disposition = call_results_pb2.Disposition.ValueType(number)
    answer = call_results_pb2.ReportResponse(disposition=disposition, call_id="c1", revision=2)
    is_answered = number != call_results_pb2.DISPOSITION_UNSPECIFIED

    assert describe_answer(answer).endswith(": call c1, revision 2")
    assert ("(" in describe_answer(answer)) == is_answered


def test_a_disposition_of_a_newer_server_is_told_as_it_came() -> None:
    newer = call_results_pb2.ReportResponse.FromString(b"\x08\x63")

    assert "99: call" in describe_answer(newer)


@pytest.mark.parametrize("word", ["completed", "COMPLETED", "CALL_STATUS_COMPLETED"])
def test_the_status_is_taken_in_every_spelling(word: str) -> None:
    result = read_result(options(call_sid=SID, status=word))

    assert result.status == call_results_pb2.CALL_STATUS_COMPLETED


def test_an_unknown_status_is_wrong_use_and_names_the_known_ones() -> None:
    with pytest.raises(WrongUse, match="status: 'gone' is not one of completed, busy, no-answer"):
        read_result(options(call_sid=SID, status="gone"))


def test_a_file_is_read_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text(json.dumps({"call_sid": SID, "status": "busy", "summary": "old"}))

    result = read_result(options(file=str(file), summary="new"))

    assert (result.status, result.summary) == (call_results_pb2.CALL_STATUS_BUSY, "new")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "is not JSON"), ('{"no_such_field": 1}', "no_such_field"), ("[1]", "not a JSON object")],
)
def test_a_bad_file_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, complaint: str
) -> None:
    file = tmp_path / "result.json"
    file.write_text(content)

    assert main(["report", str(file)]) in (1, 2)
    error = capsys.readouterr().err
    assert complaint in error
    assert "Traceback" not in error


def test_nothing_to_report_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert "nothing to report" in capsys.readouterr().err


def test_bad_flags_exit_with_2_and_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["call", "--no-such-flag"])

    assert exit_.value.code == 2
    assert "usage: ringback" in capsys.readouterr().err
