"""`ringback report`: one result by hand, over the synchronous stub."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from google.protobuf import json_format

from ringback.v1 import call_results_pb2, call_results_pb2_grpc
from ringback_cli.arguments import add_port_flag, read_address
from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.parts import Addresses
from ringback_cli.results import RPC_TIMEOUT_S, describe_rpc_error, word_of, word_of_number
from ringback_cli.wire import Json, JsonValue, open_channel, token_metadata

# Words that a call which is over cannot have.
LIVE = (
    "CALL_STATUS_UNSPECIFIED",
    "CALL_STATUS_QUEUED",
    "CALL_STATUS_INITIATED",
    "CALL_STATUS_RINGING",
    "CALL_STATUS_IN_PROGRESS",
    "OUTCOME_UNSPECIFIED",
)
MEANINGS: Mapping[int, str] = {
    call_results_pb2.DISPOSITION_STORED: "the first result of this call",
    call_results_pb2.DISPOSITION_DUPLICATE: "this report was there already, nothing changed",
    call_results_pb2.DISPOSITION_MERGED: "it added something to what was known",
    call_results_pb2.DISPOSITION_SUPERSEDED: "kept in the history, a better report stands",
    call_results_pb2.DISPOSITION_ORPHAN: "kept, but nobody knows a call of this call_id",
}
FLAGS = {
    "call_sid": "the carrier's id: CA and 32 hex digits",
    "call_id": "the Orchestrator's id, for one of its own calls",
    "status": "completed, busy, no-answer, failed, canceled or unknown",
    "duration": "seconds from the answer to the end",
    "summary": "what came of the call",
    "transcript_snippet": "the passage that matters most",
    "error_message": "what went wrong",
    "outcome": "succeeded, partial, refused, not-reached, follow-up or unknown",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its flags."""
    parser = commands.add_parser(
        "report",
        help="report one result by hand",
        description="Reports one result: from flags, or from a JSON file (- for standard input). "
        "A CallSid that nobody knows is recorded as an external call.",
        epilog="example: ringback report --call-sid CA0123456789abcdef0123456789abcdef "
        "--status completed --duration 49 --summary 'Table for two at seven.'",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="a CallResult as JSON, - for stdin")
    for name, help_text in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=help_text)
    parser.add_argument(
        "--to",
        type=read_address,
        metavar="HOST:PORT",
        help="CallResults' address, instead of --port",
    )
    add_port_flag(parser)
    parser.add_argument("--override", action="store_true", help="above all others; operators only")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send the report and print what became of it."""
    request = call_results_pb2.ReportRequest(result=read_result(options), override=options.override)
    target = options.to or Addresses(options.port).grpc
    with open_channel(target) as channel:
        answer = send_report(call_results_pb2_grpc.CallResultsStub(channel), request, target)
    if options.json:
        print(json_format.MessageToJson(answer, preserving_proto_field_name=True))
    else:
        print(describe_answer(answer))
    return 0


def describe_answer(answer: call_results_pb2.ReportResponse) -> str:
    """Say what became of a report, and what that word means."""
    word = word_of_number(call_results_pb2.Disposition, answer.disposition)
    meaning = MEANINGS.get(answer.disposition, "")
    told = f" ({meaning})" if meaning else ""
    return f"{word}{told}: call {answer.call_id}, revision {answer.revision}"


def send_report(
    stub: call_results_pb2_grpc.CallResultsStub,
    request: call_results_pb2.ReportRequest,
    target: str,
) -> call_results_pb2.ReportResponse:
    """Report once with a deadline of 10 s; raises CommandFailed in plain words."""
    import grpc  # noqa: PLC0415 - keeps `ringback --help` quick

    try:
        return stub.Report(request, timeout=RPC_TIMEOUT_S, metadata=token_metadata())
    except grpc.RpcError as error:
        raise CommandFailed(describe_rpc_error(error, target)) from error


def read_result(options: argparse.Namespace) -> call_results_pb2.CallResult:
    """Build the CallResult from the file and the flags; flags win.

    Raises: WrongUse naming the field.
    """
    fields: Json = _read_file(options.file) if options.file else {}
    for name in FLAGS:
        given: str | None = getattr(options, name)
        if given is not None:
            fields[name] = given
    if not fields:
        raise WrongUse("nothing to report: give a FILE or flags (ringback report --help)")
    _name_enum(fields, "status", call_results_pb2.CallStatus.keys(), "CALL_STATUS_")
    _name_enum(fields, "outcome", call_results_pb2.Outcome.keys(), "OUTCOME_")
    try:
        return json_format.ParseDict(fields, call_results_pb2.CallResult())
    except json_format.ParseError as error:
        raise WrongUse(f"not a CallResult: {error}") from error


def _read_file(path: str) -> Json:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        fields: JsonValue = json.loads(text)
    except OSError as error:
        raise WrongUse(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise WrongUse(f"{path} is not JSON: {error}") from error
    except RecursionError:
        raise WrongUse(f"{path} is nested too deeply") from None
    if not isinstance(fields, dict):
        raise WrongUse(f"{path} is not a JSON object")
    return fields


def _name_enum(fields: Json, name: str, known: Sequence[str], prefix: str) -> None:
    value = fields.get(name)
    if not isinstance(value, str) or value.startswith(prefix):
        return
    full = prefix + value.replace("-", "_").upper()
    if full not in known:
        words = ", ".join(word_of(each).replace(" ", "-") for each in known if each not in LIVE)
        raise WrongUse(f"{name}: {value!r} is not one of {words}")
    fields[name] = full
