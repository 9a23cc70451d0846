"""Reads results: one, or a page after the other."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from google.protobuf.timestamp_pb2 import Timestamp

from orchestrator.call_results.from_proto import read_time
from orchestrator.call_results.model import LAST_TIME_US
from orchestrator.call_results.tokens import read_token, write_token
from orchestrator.errors import InvalidInput, NotFound, Violation
from orchestrator.store import Store
from orchestrator.store.ids import first_id
from orchestrator.store.prepared import Row
from orchestrator.store.reading import PageWish, select_page, select_record
from ringback.v1 import call_results_pb2 as pb

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
PAGE_BYTES = 2 * 1024 * 1024
"""Where a page ends early: gRPC clients take 4 MiB unless they ask for more."""


async def get_result(store: Store, call_id: str = "", call_sid: str = "") -> pb.CallResult:
    """Read the newest revision of one result.

    Raises: InvalidInput without an id, NotFound when no result is recorded (yet).
    """
    if not (call_id or call_sid):
        raise InvalidInput([Violation("call_id", "give call_id or call_sid")])
    record = await store.read(lambda connection: select_record(connection, call_id, call_sid))
    if record is None:
        raise NotFound("no result is recorded for this call (yet)")
    return pb.CallResult.FromString(record)


async def list_results(
    store: Store, request: pb.ListResultsRequest
) -> tuple[list[pb.CallResult], str]:
    """Read a page, newest call first; return it and the token of the next one, empty at the end.

    A page of large results ends early, so that it fits into one message; one of what is rare ends
    early, so that it is read at once.
    Raises: InvalidInput for a filter that does not exist or a token of another listing.
    """
    wish = read_wish(request)
    listing = (sorted(wish.wanted.items()), wish.since, wish.below)
    kind = "page:" + hashlib.sha256(repr(listing).encode()).hexdigest()
    if request.page_token:
        wish = replace(wish, below=str(read_token(kind, request.page_token, "page_token")))
    found = await store.read(lambda connection: select_page(connection, wish))
    page = _fit_page(found.rows[: wish.size])
    below = page[-1][0] if len(found.rows) > len(page) else found.below
    token = write_token(kind, below) if below else ""
    return [pb.CallResult.FromString(record) for _, record in page], token


def _fit_page(rows: Sequence[Row]) -> Sequence[Row]:
    """Take as many rows as fit into a page, but at least one."""
    total = 0
    for count, (_, record) in enumerate(rows):
        total += len(record)
        if count and total > PAGE_BYTES:
            return rows[:count]
    return rows


def read_wish(request: pb.ListResultsRequest) -> PageWish:
    """Read what is asked for. Raises: InvalidInput for an enum number that does not exist."""
    numbers = {
        "status": (pb.CallStatus, request.status),
        "outcome": (pb.Outcome, request.outcome),
        "end_reason": (pb.EndReason, request.end_reason),
        "origin": (pb.CallOrigin, request.origin),
    }
    unknown = [
        Violation(name, f"must be a value of the enum, not {number}")
        for name, (enum, number) in numbers.items()
        if number not in enum.values()
    ]
    if unknown:
        raise InvalidInput(unknown)
    wanted: dict[str, int | str] = {
        name: int(number) for name, (_, number) in numbers.items() if number
    }
    if request.task_id:
        wanted["task_id"] = request.task_id
    size = request.page_size if request.page_size > 0 else PAGE_SIZE
    wish = PageWish(min(size, MAX_PAGE_SIZE), wanted=wanted)
    if request.HasField("after_time"):
        wish = replace(wish, since=_read_limit(request.after_time, "after_time"))
    if request.HasField("before_time"):
        wish = replace(wish, below=_read_limit(request.before_time, "before_time"))
    return wish


def _read_limit(time: Timestamp, field: str) -> str:
    """Read a time as the first call_id of it: calls are listed in the order in which they came.

    Raises: InvalidInput for one outside the contract's years.
    """
    moment_us = read_time(time, field)
    if not 0 <= moment_us <= LAST_TIME_US:
        raise InvalidInput([Violation(field, "must be a time from the year 1970 to 9999")])
    return first_id(moment_us)
