"""`ringback calls list | show | watch`: results as tables, as JSON, or as they come."""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from ringback.v1 import call_results_pb2, call_results_pb2_grpc
from ringback_cli.arguments import add_port_flag, read_address, read_count
from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.parts import Addresses
from ringback_cli.results import (
    RPC_TIMEOUT_S,
    describe_rpc_error,
    end_reason_of,
    fetch_result,
    print_result,
    to_json,
    word_of,
    word_of_number,
)
from ringback_cli.wire import open_channel, token_metadata

COLUMNS = ("time (UTC)", "call", "status", "outcome", "s", "what came of it")
SHORT_ID = 12  # its last digits, which are random: calls of one millisecond begin alike
MOST_SEARCHED = 1_000
RESUME_DELAY_S = 1.0
T = TypeVar("T")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command, its three verbs and their flags."""
    parser = commands.add_parser(
        "calls",
        help="list, show or watch results",
        description="Reads results from the Orchestrator over gRPC.",
        epilog="example: ringback calls list --outcome follow-up",
    )
    parser.add_argument(
        "--from",
        dest="target",
        type=read_address,
        metavar="HOST:PORT",
        help="CallResults' address, instead of --port",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|watch")
    listing = verbs.add_parser("list", help="newest calls first")
    listing.add_argument("--status", help="only this status, such as no-answer")
    listing.add_argument("--outcome", help="only this outcome, such as succeeded")
    listing.add_argument(
        "--limit", type=read_count, default=20, help="at most this many (default 20)"
    )
    showing = verbs.add_parser("show", help="one result in full")
    showing.add_argument("id", help="a call_id, its end as `list` shows it, or a CallSid")
    watching = verbs.add_parser("watch", help="each new result as it comes, until Ctrl-C")
    watching.add_argument("--all", action="store_true", help="begin with the oldest result")
    for verb in (listing, showing, watching):
        verb.add_argument("--json", action="store_true", help="JSON, one result a line")
    add_port_flag(parser, (listing, showing, watching))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run one verb."""
    # Behind another address than `ringback up` gives it nobody knows where the page is.
    page = "" if options.target else Addresses(options.port).page
    options.target = options.target or Addresses(options.port).grpc
    match options.verb:
        case "list":
            _list_results(options)
        case "show":
            result = _find_result(options.target, options.id)
            print_result(result, as_json=options.json, page=page)
        case _:
            _watch_results(options)
    return 0


def _find_result(target: str, given: str) -> call_results_pb2.CallResult:
    """Find one result by its CallSid, its call_id, or the end of that as `list` shows it."""
    if given.startswith("CA"):
        return fetch_result(target, call_sid=given)
    if len(given) >= len("00000000-0000-0000-0000-000000000000"):
        return fetch_result(target, call_id=given)
    newest = _pages(target, call_results_pb2.ListResultsRequest(), MOST_SEARCHED)
    found = [result.call_id for result in newest if result.call_id.endswith(given.lower())]
    if not found:
        raise CommandFailed(f"none of the newest {MOST_SEARCHED} call_ids ends with {given!r}")
    if len(found) > 1:
        raise CommandFailed(f"{len(found)} call_ids end with {given!r}, such as {found[0]}")
    return fetch_result(target, call_id=found[0])


def _list_results(options: argparse.Namespace) -> None:
    request = call_results_pb2.ListResultsRequest(
        status=_find_value(
            "status",
            options.status,
            call_results_pb2.CallStatus.items(),
            call_results_pb2.CALL_STATUS_UNSPECIFIED,
        ),
        outcome=_find_value(
            "outcome",
            options.outcome,
            call_results_pb2.Outcome.items(),
            call_results_pb2.OUTCOME_UNSPECIFIED,
        ),
    )
    results = list(_pages(options.target, request, options.limit))[: options.limit]
    if options.json:
        for result in results:
            print(to_json(result, indent=None))
        return
    from rich.console import Console  # noqa: PLC0415 - the orchestrator extra brings it
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, no_wrap=column != COLUMNS[-1])
    for result in results:
        time_, call_id, *rest = _cells(result)
        table.add_row(time_[:16], call_id[-SHORT_ID:], *rest)
    Console().print(table if results else "No results yet.")


def _pages(
    target: str, request: call_results_pb2.ListResultsRequest, left: int
) -> Iterator[call_results_pb2.CallResult]:
    """Yield at least the newest `left` results that the request asks for, if there are so many."""
    import grpc  # noqa: PLC0415 - keeps `ringback --help` quick

    request.page_size = min(left, 200)
    with open_channel(target) as channel:
        stub = call_results_pb2_grpc.CallResultsStub(channel)
        while left > 0:
            try:
                page = stub.ListResults(request, timeout=RPC_TIMEOUT_S, metadata=token_metadata())
            except grpc.RpcError as error:
                raise CommandFailed(describe_rpc_error(error, target)) from error
            yield from page.results
            left -= len(page.results)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return


def _watch_results(options: argparse.Namespace) -> None:
    """Follow the stream for ever; after a break go on behind the last result that was printed."""
    import grpc  # noqa: PLC0415 - keeps `ringback --help` quick

    cursor = "" if options.all else "now"
    while True:
        with open_channel(options.target) as channel:
            stub = call_results_pb2_grpc.CallResultsStub(channel)
            request = call_results_pb2.WatchResultsRequest(cursor=cursor)
            try:
                for answer in stub.WatchResults(request, metadata=token_metadata()):
                    _print_line(answer.result, as_json=options.json)
                    cursor = answer.cursor
            except grpc.RpcError as error:
                if not _is_worth_waiting_for(error):
                    raise CommandFailed(describe_rpc_error(error, options.target)) from error
        time.sleep(RESUME_DELAY_S)


def _is_worth_waiting_for(error: BaseException) -> bool:
    import grpc  # noqa: PLC0415 - see _watch_results

    later = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
    return isinstance(error, grpc.Call) and error.code() in later


def _print_line(result: call_results_pb2.CallResult, *, as_json: bool) -> None:
    line = to_json(result, indent=None) if as_json else "  ".join(c for c in _cells(result) if c)
    print(line, flush=True)


def _cells(result: call_results_pb2.CallResult) -> tuple[str, ...]:
    recorded = result.record_time.ToDatetime().strftime("%Y-%m-%d %H:%M:%S")
    return (
        recorded if result.HasField("record_time") else "",
        result.call_id,
        word_of_number(call_results_pb2.CallStatus, result.status),
        word_of_number(call_results_pb2.Outcome, result.outcome),
        str(result.duration) if result.HasField("duration") else "",
        result.summary or result.error_message or end_reason_of(result),
    )


def _find_value(flag: str, word: str | None, known: Sequence[tuple[str, T]], absent: T) -> T:
    if word is None:
        return absent
    numbers = {word_of(name).replace(" ", "-"): number for name, number in known if number}
    if word not in numbers:
        raise WrongUse(f"--{flag}: {word!r} is not one of {', '.join(numbers)}")
    return numbers[word]
