"""Reads results: one, or a page after the other."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, replace

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection

from orchestrator.call_results.from_proto import read_time
from orchestrator.call_results.model import LAST_TIME_US
from orchestrator.call_results.tokens import read_token, write_token
from orchestrator.errors import InvalidInput, NotFound, Violation
from orchestrator.store import Store
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

    A page of large results ends early, so that it fits into one message.
    Raises: InvalidInput for a filter that does not exist or a token of another listing.
    """
    wish = read_wish(request)
    kind = "page:" + hashlib.sha256(repr(astuple(wish)[2:]).encode()).hexdigest()
    if request.page_token:
        wish = replace(wish, below=str(read_token(kind, request.page_token, "page_token")))

    def read(connection: Connection) -> list[tuple[str, bytes]]:
        return select_page(connection, replace(wish, size=wish.size + 1))

    rows = await store.read(read)
    page = _fit_page(rows[: wish.size])
    token = write_token(kind, page[-1][0]) if len(rows) > len(page) else ""
    return [pb.CallResult.FromString(record) for _, record in page], token


def _fit_page(rows: Sequence[tuple[str, bytes]]) -> Sequence[tuple[str, bytes]]:
    """Take as many rows as fit into a page, but at least one."""
    total = 0
    for count, (_, record) in enumerate(rows):
        total += len(record)
        if count and total > PAGE_BYTES:
            return rows[:count]
    return rows


def read_wish(request: pb.ListResultsRequest) -> PageWish:
    """Read what is asked for. Raises: InvalidInput for an enum number that does not exist."""
    unknown = [
        Violation(name, f"must be a value of the enum, not {number}")
        for name, enum, number in (
            ("status", pb.CallStatus, request.status),
            ("outcome", pb.Outcome, request.outcome),
            ("end_reason", pb.EndReason, request.end_reason),
            ("origin", pb.CallOrigin, request.origin),
        )
        if number not in enum.values()
    ]
    if unknown:
        raise InvalidInput(unknown)
    size = request.page_size if request.page_size > 0 else PAGE_SIZE
    has_after, has_before = request.HasField("after_time"), request.HasField("before_time")
    return PageWish(
        size=min(size, MAX_PAGE_SIZE),
        status=request.status or None,
        outcome=request.outcome or None,
        end_reason=request.end_reason or None,
        origin=request.origin or None,
        task_id=request.task_id,
        after_us=_read_limit(request.after_time, "after_time") if has_after else None,
        before_us=_read_limit(request.before_time, "before_time") if has_before else None,
    )


def _read_limit(time: Timestamp, field: str) -> int:
    """Read a time to compare with. Raises: InvalidInput for one outside the contract's years."""
    moment_us = read_time(time, field)
    if not 0 <= moment_us <= LAST_TIME_US:
        raise InvalidInput([Violation(field, "must be a time from the year 1970 to 9999")])
    return moment_us
