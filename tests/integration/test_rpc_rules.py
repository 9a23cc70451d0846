"""The rules behind each RPC as plain functions, without gRPC."""

import pytest

from orchestrator.call_results.access import ALL_RIGHTS, Right, Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.calls import Progress, ProgressAnswer
from orchestrator.errors import InvalidInput, NotAllowed, NotFound
from orchestrator.rpc import CallResultsServicer
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid
from tests.rpc_rig import ANSWER, CALL, NONCE, report_of, small


@pytest.fixture
def seen() -> list[Progress]:
    return []


@pytest.fixture
async def servicer(store: Store, seen: list[Progress]) -> CallResultsServicer:
    async def progress(report: Progress) -> ProgressAnswer:
        seen.append(report)
        return ANSWER

    return CallResultsServicer(store, ResultFeed(store), Tokens(), progress, StallGuard())


async def test_report_stores(servicer: CallResultsServicer) -> None:
    answer = await servicer.report(report_of(), ALL_RIGHTS)
    assert (answer.disposition, answer.revision) == (pb.DISPOSITION_STORED, 1)


async def test_report_needs_a_result(servicer: CallResultsServicer) -> None:
    with pytest.raises(InvalidInput, match="result: is required"):
        await servicer.report(pb.ReportRequest(), ALL_RIGHTS)


async def test_override_needs_its_right(servicer: CallResultsServicer) -> None:
    with pytest.raises(NotAllowed):
        await servicer.report(report_of(override=True), frozenset({Right.REPORT}))


async def test_batch_report_answers_in_order(servicer: CallResultsServicer) -> None:
    results = [small(1), small(2, status=77), small(1), small(3)]
    answer = await servicer.batch_report(pb.BatchReportRequest(results=results), ALL_RIGHTS)
    told = [
        entry.response.disposition if entry.HasField("response") else -entry.error.code
        for entry in answer.entries
    ]
    assert told == [1, -3, 2, 1]
    assert [one.field for one in answer.entries[1].error.violations] == ["status"]


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_batch_has_1_to_1000_results(servicer: CallResultsServicer, count: int) -> None:
    with pytest.raises(InvalidInput, match="must have 1 to 1000 entries"):
        await servicer.batch_report(pb.BatchReportRequest(results=[small()] * count), ALL_RIGHTS)


async def test_a_batch_has_1_mib_in_all(servicer: CallResultsServicer) -> None:
    results = [small(number, summary="x" * 4_000) for number in range(260)]
    with pytest.raises(InvalidInput, match="results: must be at most 1048576 bytes in all"):
        await servicer.batch_report(pb.BatchReportRequest(results=results), ALL_RIGHTS)
    fits = pb.BatchReportRequest(results=results[:258])
    assert len((await servicer.batch_report(fits, ALL_RIGHTS)).entries) == 258


async def test_report_progress_hands_on_what_came(
    servicer: CallResultsServicer, seen: list[Progress]
) -> None:
    turn = pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="a\0b", start_ms=0)
    request = pb.ReportProgressRequest(
        call_id=CALL, call_sid=call_sid(), first_turn=3, turns=[turn], stream_nonce=NONCE
    )
    answer = await servicer.report_progress(request, ALL_RIGHTS)
    assert (answer.last_turn, answer.cancel_requested, answer.call_id) == (4, True, CALL)
    assert not answer.HasField("order")
    [progress] = seen
    assert progress.status == pb.CALL_STATUS_IN_PROGRESS
    assert (progress.first_turn, progress.stream_nonce) == (3, NONCE)
    assert list(progress.turns) == [
        pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="a\ufffdb", start_ms=0)
    ]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "call_sid"),
        ({"call_sid": "CA1"}, "call_sid"),
        ({"call_sid": call_sid(), "status": 77}, "status"),
        ({"call_sid": call_sid(), "stream_nonce": "short"}, "stream_nonce"),
        ({"call_sid": call_sid(), "first_turn": 2_000}, "first_turn"),
        ({"call_sid": call_sid(), "turns": [pb.TranscriptTurn()]}, "turns[0].role"),
        (
            {"call_sid": call_sid(), "turns": [pb.TranscriptTurn(role=pb.ROLE_CALLEE)] * 201},
            "turns",
        ),
    ],
)
async def test_a_bad_progress_names_its_field(
    servicer: CallResultsServicer, fields: dict[str, object], named: str
) -> None:
    request = pb.ReportProgressRequest(**fields)  # type: ignore[arg-type]  # spoilt on purpose
    with pytest.raises(InvalidInput) as caught:
        await servicer.report_progress(request, ALL_RIGHTS)
    assert [one.field for one in caught.value.violations] == [named]


async def test_get_result_finds_by_either_id(servicer: CallResultsServicer) -> None:
    stored = await servicer.report(report_of(), ALL_RIGHTS)
    by_id = pb.GetResultRequest(call_id=stored.call_id, call_sid="ignored")
    by_sid = pb.GetResultRequest(call_sid=call_sid())
    first = await servicer.get_result(by_id, ALL_RIGHTS)
    assert first == await servicer.get_result(by_sid, ALL_RIGHTS)
    assert first.result.call_id == stored.call_id


@pytest.mark.parametrize("call_id", [CALL, "x", "\0", "' OR 1=1 --"])
async def test_an_unknown_id_is_not_found(servicer: CallResultsServicer, call_id: str) -> None:
    with pytest.raises(NotFound):
        await servicer.get_result(pb.GetResultRequest(call_id=call_id), ALL_RIGHTS)


async def test_get_result_needs_an_id(servicer: CallResultsServicer) -> None:
    with pytest.raises(InvalidInput, match="call_id"):
        await servicer.get_result(pb.GetResultRequest(), ALL_RIGHTS)


async def test_pages_follow_each_other_without_gap(servicer: CallResultsServicer) -> None:
    batch = pb.BatchReportRequest(results=[small(number) for number in range(7)])
    await servicer.batch_report(batch, ALL_RIGHTS)
    sids, token = [], ""
    for _ in range(3):
        request = pb.ListResultsRequest(page_size=3, page_token=token)
        page = await servicer.list_results(request, ALL_RIGHTS)
        sids += [result.call_sid for result in page.results]
        token = page.next_page_token
    assert (sids, token) == ([call_sid(number) for number in range(6, -1, -1)], "")


@pytest.mark.parametrize(("asked", "given"), [(-1, 50), (0, 50), (10**9, 200), (7, 7)])
async def test_the_page_size_is_clamped(
    servicer: CallResultsServicer, asked: int, given: int
) -> None:
    batch = pb.BatchReportRequest(results=[small(number) for number in range(201)])
    await servicer.batch_report(batch, ALL_RIGHTS)
    page = await servicer.list_results(pb.ListResultsRequest(page_size=asked), ALL_RIGHTS)
    assert len(page.results) == given


async def test_a_page_of_large_results_ends_early(servicer: CallResultsServicer) -> None:
    turns = [{"role": 1, "text": "x" * 4_000}] * 60
    for number in range(12):
        await servicer.report(report_of(small(number, transcript=turns)), ALL_RIGHTS)
    first = await servicer.list_results(pb.ListResultsRequest(), ALL_RIGHTS)
    rest = pb.ListResultsRequest(page_token=first.next_page_token)
    second = await servicer.list_results(rest, ALL_RIGHTS)
    assert first.ByteSize() < 2 * 1024 * 1024 + 1024
    assert (len(first.results), len(second.results), second.next_page_token) == (8, 4, "")


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        (pb.ListResultsRequest(status=pb.CALL_STATUS_BUSY), [2]),
        (pb.ListResultsRequest(outcome=pb.OUTCOME_NOT_REACHED), [2]),
        (pb.ListResultsRequest(outcome=pb.OUTCOME_UNKNOWN), [3, 1]),
        (pb.ListResultsRequest(end_reason=pb.END_REASON_TIME_LIMIT), [3]),
        (pb.ListResultsRequest(origin=pb.CALL_ORIGIN_EXTERNAL), [3, 2, 1]),
        (pb.ListResultsRequest(origin=pb.CALL_ORIGIN_RINGBACK), []),
        (pb.ListResultsRequest(task_id="nobody's"), []),
    ],
)
async def test_filters_choose(
    servicer: CallResultsServicer, wish: pb.ListResultsRequest, numbers: list[int]
) -> None:
    results = [small(1), small(2, status=6), small(3, end_reason=40)]
    await servicer.batch_report(pb.BatchReportRequest(results=results), ALL_RIGHTS)
    page = await servicer.list_results(wish, ALL_RIGHTS)
    assert [result.call_sid for result in page.results] == [call_sid(n) for n in numbers]


async def test_time_bounds_choose(servicer: CallResultsServicer) -> None:
    stored = await servicer.report(report_of(), ALL_RIGHTS)
    found = await servicer.get_result(pb.GetResultRequest(call_id=stored.call_id), ALL_RIGHTS)
    at = found.result.record_time
    after = await servicer.list_results(pb.ListResultsRequest(after_time=at), ALL_RIGHTS)
    before = await servicer.list_results(pb.ListResultsRequest(before_time=at), ALL_RIGHTS)
    assert (len(after.results), len(before.results)) == (1, 0)


@pytest.mark.parametrize("token", ["x", "AAAA", "é", "\0", "A" * 10_000, "01900000-0000"])
async def test_a_forged_page_token_is_refused(servicer: CallResultsServicer, token: str) -> None:
    with pytest.raises(InvalidInput, match="page_token"):
        await servicer.list_results(pb.ListResultsRequest(page_token=token), ALL_RIGHTS)


async def test_a_token_of_another_listing_is_refused(servicer: CallResultsServicer) -> None:
    batch = pb.BatchReportRequest(results=[small(number) for number in range(2)])
    await servicer.batch_report(batch, ALL_RIGHTS)
    page = await servicer.list_results(pb.ListResultsRequest(page_size=1), ALL_RIGHTS)
    other = pb.ListResultsRequest(page_token=page.next_page_token, status=pb.CALL_STATUS_BUSY)
    with pytest.raises(InvalidInput, match="page_token"):
        await servicer.list_results(other, ALL_RIGHTS)


@pytest.mark.parametrize("name", ["status", "outcome", "end_reason", "origin"])
async def test_an_unknown_filter_is_refused(servicer: CallResultsServicer, name: str) -> None:
    request = pb.ListResultsRequest()
    setattr(request, name, 987)
    with pytest.raises(InvalidInput, match=f"{name}: must be a value of the enum"):
        await servicer.list_results(request, ALL_RIGHTS)


@pytest.mark.parametrize("field", ["after_time", "before_time"])
@pytest.mark.parametrize("seconds", [-1, 2**40, 2**62])
async def test_a_listing_beyond_all_times_is_refused(
    servicer: CallResultsServicer, field: str, seconds: int
) -> None:
    request = pb.ListResultsRequest()
    getattr(request, field).seconds = seconds
    with pytest.raises(InvalidInput, match=f"{field}: must be a time"):
        await servicer.list_results(request, ALL_RIGHTS)
