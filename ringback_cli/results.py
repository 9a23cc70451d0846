"""Fetches and prints CallResults: as JSON for programs, as a small table for people."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from google.protobuf import json_format

from ringback.v1 import call_results_pb2, call_results_pb2_grpc
from ringback_cli.errors import CommandFailed
from ringback_cli.wire import open_channel, token_metadata

if TYPE_CHECKING:
    import grpc
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

V = TypeVar("V", bound=int)
RPC_TIMEOUT_S = 10.0
_LEAST_LABEL = 14  # characters, with the space behind


def fetch_result(
    target: str, *, call_id: str = "", call_sid: str = ""
) -> call_results_pb2.CallResult:
    """Fetch the newest revision of one result; raises CommandFailed when there is none."""
    import grpc  # noqa: PLC0415 - keeps `ringback --help` quick

    request = call_results_pb2.GetResultRequest(call_id=call_id, call_sid=call_sid)
    with open_channel(target) as channel:
        stub = call_results_pb2_grpc.CallResultsStub(channel)
        try:
            answer = stub.GetResult(request, timeout=RPC_TIMEOUT_S, metadata=token_metadata())
        except grpc.RpcError as error:
            raise CommandFailed(describe_rpc_error(error, target)) from error
    return answer.result


def print_result(result: call_results_pb2.CallResult, *, as_json: bool, page: str = "") -> None:
    """Print one result on stdout; `page`: where the Orchestrator's page answers, if it is known."""
    if as_json:
        print(to_json(result))
        return
    rows = [(label, value) for label, value in _rows(result, page) if value]
    rows += [
        (f"{word_of_number(call_results_pb2.Role, turn.role)}:", turn.text or "...")
        for turn in result.transcript
        if turn.role != call_results_pb2.ROLE_TOOL
    ]
    width = max(_LEAST_LABEL, *(len(label) + 2 for label, _value in rows))
    for label, value in rows:
        print(f"{label:<{width}}{value}")


def to_json(result: call_results_pb2.CallResult, *, indent: int | None = 2) -> str:
    """Write a result as the contract's JSON, snake_case names, enum words."""
    return json_format.MessageToJson(
        result, preserving_proto_field_name=True, indent=indent, ensure_ascii=False
    )


def word_of(enum_name: str) -> str:
    """Turn an enum name such as CALL_STATUS_NO_ANSWER into words: no answer."""
    for prefix in (
        "CALL_STATUS_",
        "OUTCOME_",
        "END_REASON_",
        "DISPOSITION_",
        "CALL_ORIGIN_",
        "ANSWERED_BY_",
        "ROLE_",
    ):
        enum_name = enum_name.removeprefix(prefix)
    return enum_name.replace("_", " ").lower()


def word_of_number(enum: "_EnumTypeWrapper[V]", number: int) -> str:
    """Turn an enum's number into words; one from a newer contract stays a number."""
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return str(number) if known is None else word_of(known.name)


def end_reason_of(result: call_results_pb2.CallResult) -> str:
    """Say why a call ended, in words; "" when nobody told."""
    if result.end_reason == call_results_pb2.END_REASON_UNSPECIFIED:
        return ""
    return word_of_number(call_results_pb2.EndReason, result.end_reason)


def describe_rpc_error(error: "grpc.RpcError", target: str) -> str:
    """Say in one line what went wrong with an RPC."""
    import grpc  # noqa: PLC0415 - see fetch_result

    if not isinstance(error, grpc.Call):
        return str(error)
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        hint = "is `ringback up` running, and on these ports? (--port)"
        return f"{target} does not answer: {hint} ({error.details()})"
    return f"{error.code().name}: {error.details()}"


def _rows(result: call_results_pb2.CallResult, page: str) -> list[tuple[str, str]]:
    rows = [
        ("call", result.call_id),
        ("CallSid", result.call_sid),
        ("number", result.to_number),
        ("dialled", _in_utc(result, "dial_time")),
        ("ended", _in_utc(result, "end_time")),
        ("recorded", _in_utc(result, "record_time")),
        ("status", word_of_number(call_results_pb2.CallStatus, result.status)),
        ("outcome", word_of_number(call_results_pb2.Outcome, result.outcome)),
        ("end reason", end_reason_of(result)),
        ("answered by", _answerer_of(result)),
        ("duration", f"{result.duration} s" if result.HasField("duration") else ""),
        ("summary", result.summary),
        ("error", result.error_message),
        ("recording", _recording_of(result, page)),
        ("tokens", _tokens_of(result.usage)),
        ("cost", _cost_of(result.usage)),
    ]
    rows += [(fact.name.replace("_", " "), _value_of(fact)) for fact in result.facts]
    return rows


def _value_of(fact: call_results_pb2.Fact) -> str:
    """Write a fact's value; what no word of the callee bears out is only a claim."""
    return fact.value if fact.evidence_turns else f"{fact.value} (claimed, not proven)"


def _recording_of(result: call_results_pb2.CallResult, page: str) -> str:
    """Write the whole address of a recording that is told by its path at the page."""
    is_path = result.recording_url.startswith("/")
    return f"{page}{result.recording_url}" if is_path else result.recording_url


def _tokens_of(usage: call_results_pb2.Usage) -> str:
    if not usage.HasField("input_tokens") or not usage.HasField("output_tokens"):
        return ""
    return f"{usage.input_tokens:,} in, {usage.output_tokens:,} out"


def _cost_of(usage: call_results_pb2.Usage) -> str:
    if not usage.HasField("estimated_cost_micros"):
        return ""
    return f"about {usage.estimated_cost_micros / 1_000_000:.4f} {usage.currency} (estimated)"


def _answerer_of(result: call_results_pb2.CallResult) -> str:
    if result.answered_by == call_results_pb2.ANSWERED_BY_UNSPECIFIED:
        return ""
    return word_of_number(call_results_pb2.AnsweredBy, result.answered_by)


def _in_utc(
    result: call_results_pb2.CallResult, name: Literal["dial_time", "end_time", "record_time"]
) -> str:
    moment: datetime = getattr(result, name).ToDatetime()
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if result.HasField(name) else ""
