"""Turns our errors into gRPC's, with the details that clients act on."""

from typing import NoReturn, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import (  # type: ignore[import-untyped]  # googleapis has no stubs
    error_details_pb2,
    status_pb2,
)
from grpc_status import rpc_status

from orchestrator.errors import InvalidInput, OrchestratorError, StoreUnavailable
from ringback.v1 import call_results_pb2 as pb

Request = TypeVar("Request")
Response = TypeVar("Response")
MESSAGE_CHARS = 500
"""The status message travels in a header; what is longer stands in the details."""


async def abort(
    context: "grpc.aio.ServicerContext[Request, Response]", error: OrchestratorError
) -> NoReturn:
    """End the RPC with the error's code and details."""
    status = rpc_status.to_status(describe_error(error))
    await context.abort(status.code, status.details or "", status.trailing_metadata or ())
    raise AssertionError("abort returned")


def describe_error(error: OrchestratorError) -> status_pb2.Status:
    """Build the rich status: BadRequest names the fields, RetryInfo says when to come again."""
    code = code_number(error)
    status = status_pb2.Status(code=code, message=str(error)[:MESSAGE_CHARS])
    if isinstance(error, InvalidInput):
        bad = error_details_pb2.BadRequest()
        for one in error.violations:
            bad.field_violations.add(field=one.field, description=one.description)
        _attach(status, bad)
    if isinstance(error, StoreUnavailable):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.retry_after_s * 1000))
        _attach(status, retry)
    return status


def refuse_entry(error: Exception) -> pb.ReportError:
    """Build the refusal of one result of a batch."""
    if not isinstance(error, OrchestratorError):
        return pb.ReportError(code=grpc.StatusCode.INTERNAL.value[0], message="not recorded")
    refusal = pb.ReportError(code=code_number(error), message=str(error)[:MESSAGE_CHARS])
    if isinstance(error, InvalidInput):
        for one in error.violations:
            refusal.violations.add(field=one.field, description=one.description)
    return refusal


def code_number(error: OrchestratorError) -> int:
    """Return the number of the error's gRPC status code."""
    number: int = grpc.StatusCode[error.code].value[0]
    return number


def _attach(status: status_pb2.Status, detail: Message) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)
