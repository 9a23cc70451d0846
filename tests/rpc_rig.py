"""What the tests of the RPCs share: requests, and how a refusal is read."""

from collections.abc import Awaitable
from typing import TypeAlias

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it has no stubs
from grpc_status import rpc_status

from orchestrator.calls import ProgressAnswer
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.rig import call_sid, full_result, result_of

Stub: TypeAlias = "pb_grpc.CallResultsAsyncStub"
CALL = "01900000-0000-7000-8000-00000000bbbb"
NONCE = "0f" * 16
ANSWER = ProgressAnswer(last_turn=4, cancel_requested=True, order=None, call_id=CALL)


def report_of(result: pb.CallResult | None = None, **fields: object) -> pb.ReportRequest:
    return pb.ReportRequest(result=result or full_result(), **fields)  # type: ignore[arg-type]


def small(number: int = 1, **fields: object) -> pb.CallResult:
    return result_of(**({"call_sid": call_sid(number), "status": 5} | fields))


def violations_of(error: grpc.aio.AioRpcError) -> list[str]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # takes what has both accessors
    bad = error_details_pb2.BadRequest()
    assert status is not None
    assert status.details[0].Unpack(bad)
    return [one.field for one in bad.field_violations]


async def refusal_of(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value
