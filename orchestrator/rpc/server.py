"""The gRPC server: the contract, health and reflection, with their limits."""

from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from foundation.server import CannotStart
from orchestrator.call_results.access import Tokens
from orchestrator.call_results.watch import ResultFeed
from orchestrator.rpc.decoding import SERVICE, add_servicer
from orchestrator.rpc.guard import TokenGuard
from orchestrator.rpc.servicer import CallResultsServicer, RecordProgress
from orchestrator.rpc.stalls import StallGuard
from orchestrator.store import Store

RPCS_AT_ONCE = 512
OPTIONS = (
    ("grpc.max_receive_message_length", 2 * 1024 * 1024),
    ("grpc.max_metadata_size", 16_384),
    ("grpc.max_concurrent_streams", 256),
    # Else a second server on the port starts silently and takes half of the reports.
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class GrpcServer:
    """Holds the server, built by `build_grpc_server`."""

    server: grpc.aio.Server
    port: int
    """Where it listens; chosen by the system when the address says port 0."""
    feed: ResultFeed
    stalls: StallGuard
    health: HealthServicer

    async def start(self) -> None:
        """Serve."""
        await self.server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float = 2.0) -> None:
        """Refuse new RPCs at once, end the watchers, give running RPCs `grace_s` seconds."""
        await self.health.enter_graceful_shutdown()
        self.feed.close()
        await self.server.stop(grace_s)
        await self.stalls.close()

    async def _set_health(self, status: "health_pb2.HealthCheckResponse.ServingStatus") -> None:
        for name in ("", SERVICE.full_name):
            await self.health.set(name, status)


def build_grpc_server(
    store: Store,
    *,
    address: str,
    tokens: Tokens,
    record_progress: RecordProgress,
) -> GrpcServer:
    """Build the server and take its port.

    `address`: host:port; port 0 lets the system choose.
    Raises: CannotStart when the port is taken.
    """
    interceptors = (TokenGuard(tokens),) if tokens.are_set else ()
    server = grpc.aio.server(
        interceptors=interceptors, options=OPTIONS, maximum_concurrent_rpcs=RPCS_AT_ONCE
    )
    feed, stalls = ResultFeed(store), StallGuard()
    add_servicer(CallResultsServicer(store, feed, tokens, record_progress, stalls), server)
    health_servicer = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        reason = f"RINGBACK_ORCHESTRATOR_GRPC: cannot listen on {address}: is it in use?"
        raise CannotStart(reason) from error
    return GrpcServer(server, port, feed, stalls, health_servicer)
