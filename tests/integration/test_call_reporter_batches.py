"""How results travel together: a backlog two batches at a time, one commit's in batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from call_reporter.delivery import Delivery
from call_reporter.outbox import WaitingOutcome
from call_reporter.wire import Wire
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.integration.call_reporter_server import (
    QUICK,
    ScriptedResults,
    free_port,
    quick_reporter,
    result_of,
    serving,
    sid,
)
from tests.unit.call_reporter.outbox_bench import opened

_TURNS = [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="x" * 4_000)] * 60
"""Four results with these fill a batch."""


class SecondWaitsForThird(ScriptedResults):
    """Answers the second batch only when the third has come."""

    async def BatchReport(  # noqa: N802 - the contract's name
        self, request: pb.BatchReportRequest, context: pb_grpc._ServicerContext
    ) -> pb.BatchReportResponse:
        answer = await super().BatchReport(request, context)
        if len(self.batches) == 2:
            await self.wait_for(lambda: len(self.batches) == 3)
        return answer


def sizes(batches: Sequence[Sequence[pb.CallResult]]) -> list[int]:
    return [len(batch) for batch in batches]


async def test_a_backlog_goes_two_batches_at_a_time(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    async with quick_reporter(nowhere, tmp_path, ack_wait_s=0.0) as reporter:
        for number in range(12):
            result = result_of(number)
            result.transcript.extend(_TURNS)
            await reporter.report(result)
    servicer = SecondWaitsForThird()
    async with serving(servicer) as target, quick_reporter(target, tmp_path):
        await servicer.wait_for(lambda: len(servicer.stored) == 12)
    assert sizes(servicer.batches) == [4, 4, 4]


async def test_what_one_commit_wrote_goes_in_batches(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with opened(tmp_path) as outbox, serving(servicer) as target:
        wire = Wire(target, "", QUICK)
        wire.open()
        delivery = Delivery(outbox, wire, QUICK)
        results = [result_of(number, report_id=str(number)) for number in range(40)]
        puts = [await outbox.put_outcome(result.call_sid, result) for result in results]
        answers = [
            delivery.deliver(WaitingOutcome(put.seq, result.SerializeToString(), 0))
            for put, result in zip(puts, results, strict=True)
        ]
        for answer in answers:
            assert await answer is not None
        await delivery.close()
        await wire.close()
        assert outbox.backlog().pending == 0
    assert sorted(sizes(servicer.batches)) == [8, 32]
    assert {each.call_sid for each in servicer.stored.values()} == {sid(n) for n in range(40)}
