"""The gRPC door: the contract's RPCs, and the server they run in."""

from orchestrator.rpc.server import GrpcServer, build_grpc_server
from orchestrator.rpc.servicer import CallResultsServicer

__all__ = ["CallResultsServicer", "GrpcServer", "build_grpc_server"]
