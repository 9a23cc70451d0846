"""The batch message that is joined from results which are bytes already."""

import pytest

from call_reporter.wire import join_results
from ringback.v1 import call_results_pb2 as pb


@pytest.mark.parametrize(
    "sizes", [(), (0,), (1, 0), (120, 126, 127, 128), (16_000, 17_000, 250_000)]
)
def test_joined_results_are_the_message_that_protobuf_writes(sizes: tuple[int, ...]) -> None:
    results = [pb.CallResult(summary="x" * size) for size in sizes]
    written = pb.BatchReportRequest(results=results).SerializeToString()
    assert join_results([result.SerializeToString() for result in results]) == written
