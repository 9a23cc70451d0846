"""`ringback outbox`: what a reporter's outbox holds, and its results sent once more."""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringback_cli.arguments import read_address, read_since
from ringback_cli.errors import CommandFailed
from ringback_cli.parts import DEFAULT_BASE, Addresses, read_outer_environment
from ringback_cli.wire import open_channel, token_metadata

if TYPE_CHECKING:
    import grpc

    from call_reporter.outbox.inspection import Contents, KeptResult
    from ringback.v1 import call_results_pb2 as pb

HANDLERS_FILE = "handler-outbox.db"
RPC_TIMEOUT_S = 20.0
_BATCH_COUNT = 500
_BATCH_BYTES = 900_000
_INVALID_ARGUMENT = 3
_MOST_LETTERS = 20
_ORPHANED = "name calls that this database never made: kept, not shown as calls"


@dataclass(slots=True)
class Sent:
    """Counts what became of the results that were sent once more."""

    dispositions: Counter[str] = field(default_factory=Counter)
    revived: list[int] = field(default_factory=list)
    """Dead letters that the server took this time."""
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def orphans(self) -> int:
        """How many name a call that the server does not have, and so cannot show."""
        return self.dispositions["orphan"]


_RETRY = (
    "Sends acknowledged, waiting and refused results once more. The server knows what it has by "
    "its report_id and answers DUPLICATE. Of what it lost it stores again the results of other "
    "agents' calls, and of its own calls where it still has the call itself: so put the newest "
    "backup in place first. A result of a call that was lost too answers ORPHAN: it is kept, and "
    "not shown, because no report may make up a call."
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command, its verbs and their flags."""
    parser = commands.add_parser(
        "outbox",
        help="what a reporter's outbox holds; send its results once more",
        description="Reads a reporter's outbox; it may be in use. FILE is a path; without one the "
        f"Call Handler's is taken: {HANDLERS_FILE} in RINGBACK_DATA_DIR (default .ringback).",
        epilog="example: ringback outbox retry --since 24h, after the Orchestrator's database was "
        "restored from a backup",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|retry")
    listing = verbs.add_parser("list", help="calls by what became of them, and dead letters")
    retrying = verbs.add_parser(
        "retry",
        help="send all that was written since a time once more; repeats change nothing",
        description=_RETRY,
        epilog="The token in RINGBACK_TOKEN_OPERATOR or RINGBACK_TOKEN_HANDLER is sent along. "
        "Acknowledged results are kept for 24 h. Exit code 1 when a result was not taken, or is "
        "an orphan.",
    )
    retrying.add_argument(
        "--since",
        type=read_since,
        default="24h",
        metavar="24h|TIME",
        help="a span such as 90m or 2d, or a time such as 2026-11-23T08:00Z (default 24h)",
    )
    retrying.add_argument(
        "--to",
        type=read_address,
        metavar="HOST:PORT",
        default=Addresses(DEFAULT_BASE).grpc,
        help="CallResults' address (default 127.0.0.1:8904)",
    )
    for verb in (listing, retrying):
        verb.add_argument("files", nargs="*", type=Path, metavar="FILE", help="path of an outbox")
        verb.add_argument("--json", action="store_true", help="JSON, one outbox a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run one verb; 1 when an outbox is damaged, or a result was not taken or is an orphan."""
    from call_reporter import OutboxUnavailable  # noqa: PLC0415 - keeps `ringback --help` quick

    try:
        act = _list_contents if options.verb == "list" else _retry_results
        return max([act(path, options) for path in options.files or _find_files()])
    except OutboxUnavailable as error:
        raise CommandFailed(str(error)) from error


def _find_files() -> Sequence[Path]:
    folder = Path(read_outer_environment().get("RINGBACK_DATA_DIR") or ".ringback")
    path = folder / HANDLERS_FILE
    if not path.is_file():
        raise CommandFailed(f"there is no outbox at {path}: give its path")
    return [path]


def _list_contents(path: Path, options: argparse.Namespace) -> int:
    from call_reporter.outbox.inspection import inspect_outbox  # noqa: PLC0415 - see run

    contents = inspect_outbox(path)
    lines = [json.dumps(_as_json(contents))] if options.json else list(_as_lines(contents))
    print("\n".join(lines))
    return 1 if contents.damage else 0


def _as_lines(contents: "Contents") -> Iterator[str]:
    user = f"in use by process {contents.holder}" if contents.holder else "not in use"
    yield f"{contents.path} ({user})"
    if contents.damage:
        yield f"  damaged: {contents.damage}"
        yield "  its good rows are taken over when its reporter starts"
        return
    accounts = contents.accounts
    yield (
        f"  {accounts.started} calls: {accounts.running} running, {accounts.pending} pending, "
        f"{accounts.acknowledged} acknowledged, {accounts.dead} dead"
    )
    if accounts.running and not contents.holder:
        yield "  the running ones lost their process: its next start reports them"
    for letter in contents.dead_letters[:_MOST_LETTERS]:
        written = letter.written_time.strftime("%Y-%m-%d %H:%M:%S")
        yield f"  dead letter {written}  {letter.call_key or 'unknown call'}: {letter.reason}"
    if len(contents.dead_letters) > _MOST_LETTERS:
        yield f"  and {len(contents.dead_letters) - _MOST_LETTERS} more; --json lists all"
    for aside in contents.asides:
        yield f"  set aside: {aside.name}"


def _as_json(contents: "Contents") -> dict[str, object]:
    accounts = contents.accounts
    return {
        "file": str(contents.path),
        "holder": contents.holder or None,
        "damage": contents.damage,
        "started": accounts.started,
        "running": accounts.running,
        "pending": accounts.pending,
        "acknowledged": accounts.acknowledged,
        "dead": accounts.dead,
        "dead_letters": [
            {
                "call": letter.call_key,
                "reason": letter.reason,
                "written_time": letter.written_time.isoformat(),
                "is_readable": letter.is_readable,
            }
            for letter in contents.dead_letters
        ],
        "asides": [str(aside) for aside in contents.asides],
    }


def _retry_results(path: Path, options: argparse.Namespace) -> int:
    from call_reporter.outbox import inspection  # noqa: PLC0415 - see run

    results = inspection.read_results(path, options.since)
    sent = Sent()
    try:
        with open_channel(options.to) as channel:
            for batch in _batches(results):
                _send(channel, options.to, batch, sent)
    finally:  # what was taken is taken, whatever stopped the rest
        if sent.revived:
            inspection.revive_dead_letters(path, sent.revived, datetime.now(UTC))
    if not results and not options.json:
        since = options.since.astimezone(UTC)
        print(f"{path}: nothing was written since {since:%Y-%m-%d %H:%M:%SZ}")
        return 0
    _tell(path, len(results), sent, as_json=options.json)
    return 1 if sent.refused or sent.failed or sent.orphans else 0


def _batches(results: Sequence["KeptResult"]) -> Iterator[Sequence["KeptResult"]]:
    batch: list[KeptResult] = []
    size = 0
    for result in results:
        size += result.result.ByteSize()
        if batch and (len(batch) == _BATCH_COUNT or size > _BATCH_BYTES):
            yield batch
            batch, size = [], result.result.ByteSize()
        batch.append(result)
    if batch:
        yield batch


def _send(channel: "grpc.Channel", target: str, batch: Sequence["KeptResult"], sent: Sent) -> None:
    import grpc  # noqa: PLC0415 - see run

    from ringback.v1 import call_results_pb2 as pb  # noqa: PLC0415 - see run
    from ringback.v1 import call_results_pb2_grpc  # noqa: PLC0415 - see run
    from ringback_cli.results import describe_rpc_error, word_of_number  # noqa: PLC0415 - see run

    request = pb.BatchReportRequest(results=[kept.result for kept in batch])
    stub = call_results_pb2_grpc.CallResultsStub(channel)
    try:
        answer = stub.BatchReport(request, timeout=RPC_TIMEOUT_S, metadata=token_metadata())
    except grpc.RpcError as error:
        raise CommandFailed(describe_rpc_error(error, target)) from error
    for kept, entry in zip(batch, answer.entries, strict=True):
        if entry.HasField("response"):
            sent.dispositions[word_of_number(pb.Disposition, entry.response.disposition)] += 1
            if kept.state == "dead":
                sent.revived.append(kept.seq)
        else:
            _note_error(kept, entry.error, sent)


def _note_error(kept: "KeptResult", error: "pb.ReportError", sent: Sent) -> None:
    fields = ", ".join(violation.field for violation in error.violations)
    call = kept.result.call_id or kept.result.call_sid
    line = f"{call}: {error.message}{f' ({fields})' if fields else ''}"
    (sent.refused if error.code == _INVALID_ARGUMENT else sent.failed).append(line)


def _tell(path: Path, count: int, sent: Sent, *, as_json: bool) -> None:
    if as_json:
        told = {"file": str(path), "sent": count, **dict(sent.dispositions)}
        print(json.dumps(told | {"refused": sent.refused, "failed": sent.failed}))
        return
    words = [f"{number} {word}" for word, number in sorted(sent.dispositions.items())]
    print(f"{path}: {count} results sent{': ' if words else ''}{', '.join(words)}")
    if sent.orphans:
        print(f"  {sent.orphans} of them {_ORPHANED}")
    for line in sent.refused:
        print(f"  refused  {line}")
    for line in sent.failed:
        print(f"  not taken, try again  {line}")
