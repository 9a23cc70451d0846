"""The channel to the Orchestrator: a method per RPC with its deadline, its token, our errors."""

import logging
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from typing import TypeVar

import grpc
import grpc.aio

from call_reporter.errors import DeliveryError, DeliveryFailed, NotStarted, ReportRefused
from call_reporter.options import ReporterOptions
from ringback.v1 import call_results_pb2 as pb
from ringback.v1 import call_results_pb2_grpc as pb_grpc

log = logging.getLogger("call_reporter")

T = TypeVar("T")

# The default back-off of a channel leaves a report waiting 2.7 s after the server is back
# (performance.md). The "min" is none of a pause: it is how long an attempt may take until the
# server has greeted. With less than the longest pause here, no attempt on a way of half a second
# ever comes through. Several addresses of a target take turns: one that is frozen keeps a part of
# the reports waiting for their deadline, not all of them, and one that comes back is used again.
CHANNEL_OPTIONS = (
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 500),
)
_BATCH_REPORT = f"/{pb.DESCRIPTOR.services_by_name['CallResults'].full_name}/BatchReport"
_LENGTH_DELIMITED = 2
_RESULTS_TAG = bytes([pb.BatchReportRequest.RESULTS_FIELD_NUMBER << 3 | _LENGTH_DELIMITED])
# What a plaintext client sees of a TLS port; a server that is down refuses instead.
_TLS_SIGNS = ("all backends failing", "Socket closed")


class Wire:
    """Speaks `CallResults` to one target; answers within the deadline or raises DeliveryError."""

    def __init__(self, target: str, token: str, options: ReporterOptions) -> None:
        self._target = target
        self._options = options
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._channel: grpc.aio.Channel | None = None  # None while closed
        self._has_hinted = False

    def open(self) -> None:
        """Open the channel and begin to connect: a cold first report costs 14 ms."""
        credentials = self._options.credentials
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(
                self._target, credentials, options=CHANNEL_OPTIONS
            )
        self._channel.get_state(try_to_connect=True)
        self._stub = pb_grpc.CallResultsStub(self._channel)
        self._batch_report = self._channel.unary_unary(
            _BATCH_REPORT,
            request_serializer=join_results,
            response_deserializer=pb.BatchReportResponse.FromString,
        )

    async def close(self) -> None:
        """Close the channel; RPCs that still run fail."""
        if self._channel is not None:
            channel, self._channel = self._channel, None
            await channel.close(None)

    async def report(self, result: pb.CallResult) -> pb.ReportResponse:
        """Report one result. Raises: ReportRefused, DeliveryFailed."""
        self._check_open()
        request = pb.ReportRequest(result=result)
        return await self._answer(
            self._stub.Report(
                request, timeout=self._options.report_deadline_s, metadata=self._metadata
            )
        )

    async def report_batch(self, bodies: Sequence[bytes]) -> Sequence[pb.BatchReportEntry]:
        """Report several results, each as the wire has it; one entry each.

        Raises: ReportRefused, DeliveryFailed.
        """
        self._check_open()
        rpc: Awaitable[pb.BatchReportResponse] = self._batch_report(
            bodies, timeout=self._options.batch_deadline_s, metadata=self._metadata
        )
        response = await self._answer(rpc)
        if len(response.entries) != len(bodies):
            raise DeliveryFailed(
                grpc.StatusCode.INTERNAL,
                f"{len(bodies)} results sent, {len(response.entries)} answers",
            )
        return response.entries

    async def report_progress(
        self, request: pb.ReportProgressRequest, deadline_s: float
    ) -> pb.ReportProgressResponse:
        """Tell how a call goes. Raises: ReportRefused, DeliveryFailed."""
        self._check_open()
        return await self._answer(
            self._stub.ReportProgress(request, timeout=deadline_s, metadata=self._metadata)
        )

    def _check_open(self) -> None:
        if self._channel is None:
            raise NotStarted("the reporter is not started: use it inside `async with`")

    async def _answer(self, rpc: Awaitable[T]) -> T:
        try:
            return await rpc
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from error
        except grpc.aio.UsageError as error:  # the channel was closed meanwhile
            raise DeliveryFailed(grpc.StatusCode.UNAVAILABLE, str(error)) from error

    def _translate(self, error: grpc.aio.AioRpcError) -> DeliveryError:
        code, details = error.code(), (error.details() or "")[:500]
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            return ReportRefused(code, details)
        self._hint_at_tls(code, details)
        return DeliveryFailed(code, details)

    def _hint_at_tls(self, code: grpc.StatusCode, details: str) -> None:
        is_plain = self._options.credentials is None
        if self._has_hinted or not is_plain or code != grpc.StatusCode.UNAVAILABLE:
            return
        if all(sign in details for sign in _TLS_SIGNS):
            self._has_hinted = True
            log.warning(
                "maybe_tls target=%s: it closes plaintext connections; for TLS hand in credentials",
                self._target,
            )


def join_results(bodies: Sequence[bytes]) -> bytes:
    """Write a BatchReportRequest of results that are in their wire form already.

    They are neither read nor written anew: a field is a tag, a length and those bytes.
    """
    parts: list[bytes] = []
    for body in bodies:
        parts += (_results_head(len(body)), body)
    return b"".join(parts)


@lru_cache(maxsize=4_096)
def _results_head(size: int) -> bytes:
    """Write what stands in front of a result of `size` bytes: the tag, then a base-128 number."""
    groups = []
    while size > 0x7F:  # noqa: PLR2004 - seven bits are a group
        groups.append(size & 0x7F | 0x80)
        size >>= 7
    return _RESULTS_TAG + bytes([*groups, size])
