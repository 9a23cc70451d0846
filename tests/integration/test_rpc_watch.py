"""WatchResults: nothing missed, nothing repeated, from any cursor."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeAlias

import grpc
import pytest
from sqlalchemy import insert

from orchestrator.call_results import receive_proto, record_call_result, record_call_results
from orchestrator.call_results.access import Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.errors import InvalidInput, StoreUnavailable, TooMany
from orchestrator.rpc import CallResultsServicer, GrpcServer
from orchestrator.rpc.decoding import add_servicer
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store, Transaction, schema
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid, result_of
from tests.rpc_rig import refusal_of

Stub: TypeAlias = "pb_grpc.CallResultsAsyncStub"
Watch: TypeAlias = AsyncIterator[pb.WatchResultsResponse]
Seen: TypeAlias = tuple[str, int, str]


async def never_called(report: Progress) -> ProgressAnswer:
    raise AssertionError(report)


async def record(store: Store, number: int = 1, **fields: object) -> None:
    told = {"call_sid": call_sid(number), "status": 5, "source": 5} | fields
    message = result_of(**told)
    await record_call_result(store, receive_proto(message))


async def take(watch: Watch, count: int) -> list[Seen]:
    """Take `count` answers: call, revision, summary."""
    results = [answer.result for answer in await answers_of(watch, count)]
    return [(result.call_sid, result.revision, result.summary) for result in results]


async def answers_of(watch: Watch, count: int) -> list[pb.WatchResultsResponse]:
    try:
        async with asyncio.timeout(30):
            return [await anext(watch) for _ in range(count)]
    finally:
        if isinstance(watch, AsyncGenerator):
            await watch.aclose()


async def cursors_of(store: Store, count: int) -> list[str]:
    return [answer.cursor for answer in await answers_of(ResultFeed(store).follow(""), count)]


async def test_results_and_revisions_come_in_the_order_of_their_commits(stub: Stub) -> None:
    watch = stub.WatchResults(pb.WatchResultsRequest(), timeout=20)
    for number, summary in ((1, "a"), (2, "b"), (1, "")):
        result = result_of(call_sid=call_sid(number), status=5, summary=summary)
        result.facts.add(name=f"fact_{number}{summary}")
        await stub.Report(pb.ReportRequest(result=result), timeout=30)
    assert await take(aiter(watch), 3) == [
        (call_sid(1), 1, "a"),
        (call_sid(2), 1, "b"),
        (call_sid(1), 2, "a"),
    ]
    watch.cancel()


async def test_an_old_revision_is_shown_as_it_was(store: Store) -> None:
    await record(store, source=4, summary="by hand", report_id="r1")
    await record(store, summary="first-hand", report_id="r2")
    await record(store, source=2, duration=9, report_id="r3")
    answers = await answers_of(ResultFeed(store).follow(""), 3)
    assert [(a.result.revision, a.result.summary) for a in answers] == [
        (1, "by hand"),
        (2, "first-hand"),
        (3, "first-hand"),
    ]
    assert [a.result.HasField("duration") for a in answers] == [False, False, True]
    assert len({a.result.record_time.ToMicroseconds() for a in answers}) == 1


async def test_every_cursor_resumes_without_gap_or_repeat(store: Store) -> None:
    for number in range(5):
        await record(store, number)
    cursors = await cursors_of(store, 5)
    for number, cursor in enumerate(cursors[:4], start=1):
        seen = await take(ResultFeed(store).follow(cursor), 5 - number)
        assert [sid for sid, _, _ in seen] == [call_sid(n) for n in range(number, 5)]


async def test_a_backlog_longer_than_one_read_comes_whole(store: Store) -> None:
    messages = [result_of(call_sid=call_sid(n), status=5) for n in range(250)]
    await record_call_results(store, [receive_proto(message) for message in messages])
    seen = await take(ResultFeed(store).follow(""), 250)
    assert [sid for sid, _, _ in seen] == [call_sid(n) for n in range(250)]


async def test_now_shows_only_what_is_new(store: Store) -> None:
    await record(store, 1)
    watch = ResultFeed(store).follow("now")
    waiting = asyncio.ensure_future(take(watch, 1))
    other_event = insert(schema.event).values(seq=0, at=0, kind="turn", data={})

    def add_turn(transaction: Transaction) -> None:
        transaction.connection.execute(other_event)

    await store.write(add_turn)  # the watcher has found its place before this is committed
    await record(store, 2)
    assert await waiting == [(call_sid(2), 1, "")]


async def test_many_watchers_see_the_same(store: Store) -> None:
    feed = ResultFeed(store)
    waiting = [asyncio.ensure_future(take(feed.follow(""), 3)) for _ in range(50)]
    for number in range(3):
        await record(store, number)
    seen = await asyncio.gather(*waiting)
    assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "1", "A" * 10_000])
async def test_a_forged_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await take(ResultFeed(store).follow(cursor), 1)


async def test_a_cursor_from_the_future_is_refused(store: Store) -> None:
    await record(store)
    [cursor] = await cursors_of(store, 1)

    def forget(transaction: Transaction) -> None:
        transaction.numbers.event = 0

    await store.write(forget)
    store._arrivals.set_back(0)  # noqa: SLF001 - as after a fail-over that lost the last commits
    with pytest.raises(InvalidInput, match="future"):
        await take(ResultFeed(store).follow(cursor), 1)


async def test_more_than_the_allowed_watchers_are_refused(store: Store) -> None:
    feed = ResultFeed(store, max_watchers=2)
    waiting = [asyncio.ensure_future(take(feed.follow(""), 1)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await take(feed.follow(""), 1)
    await record(store)
    await asyncio.gather(*waiting)
    assert len(await take(feed.follow(""), 1)) == 1  # a seat is free again


async def test_above_200_watchers_the_rpc_is_refused(stub: Stub, store: Store) -> None:
    await record(store)
    watches = [stub.WatchResults(pb.WatchResultsRequest(), timeout=20) for _ in range(200)]
    for watch in watches:
        await watch.read()
    one_more = stub.WatchResults(pb.WatchResultsRequest(), timeout=20)
    assert await one_more.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for watch in watches:
        watch.cancel()


async def test_a_server_that_stops_sends_its_watchers_away(
    stub: Stub, grpc_server: GrpcServer, store: Store
) -> None:
    await record(store)
    watch = stub.WatchResults(pb.WatchResultsRequest(), timeout=20)
    await watch.read()
    await grpc_server.stop(grace_s=5)
    assert await watch.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_watcher_that_is_too_slow_is_told_to_resume(store: Store) -> None:
    await record(store)
    feed = ResultFeed(store)
    servicer = CallResultsServicer(store, feed, Tokens(), never_called, StallGuard(stall_s=0))
    server = grpc.aio.server()
    add_servicer(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        watch = pb_grpc.CallResultsStub(channel).WatchResults(pb.WatchResultsRequest(), timeout=20)
        refusal = await refusal_of(answers_of(aiter(watch), 2))
    await server.stop(grace=0)
    assert refusal.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "resume with the last cursor" in str(refusal.details())


async def test_closing_the_feed_ends_who_waits(store: Store) -> None:
    feed = ResultFeed(store)
    waiting = asyncio.ensure_future(take(feed.follow(""), 1))
    await asyncio.sleep(0)
    feed.close()
    with pytest.raises(StoreUnavailable, match="resume"):
        await waiting
