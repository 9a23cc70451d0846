"""Fixtures that all folders share: a fresh store, and the contract's server on a free port."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from hypothesis import settings

from foundation.clock import SystemClock
from orchestrator.call_results.access import Tokens
from orchestrator.calls import CallTimings, Progress, ProgressAnswer, record_progress
from orchestrator.rpc import GrpcServer, build_grpc_server
from orchestrator.store import Store
from ringback.v1 import call_results_pb2_grpc as pb_grpc

# A busy machine is no failure of a property.
settings.register_profile("ringback", deadline=None)
settings.load_profile("ringback")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Open a store on an empty SQLite file."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'ringback.db'}", SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def tokens() -> Tokens:
    """Set no tokens; a test that needs some overrides this."""
    return Tokens()


@pytest.fixture
async def grpc_server(store: Store, tokens: Tokens) -> AsyncIterator[GrpcServer]:
    """Serve the contract on a port that the system chooses."""

    async def progress(report: Progress) -> ProgressAnswer:
        return await record_progress(store, report, CallTimings())

    server = build_grpc_server(
        store, address="127.0.0.1:0", tokens=tokens, record_progress=progress
    )
    await server.start()
    yield server
    await server.stop(grace_s=0)


@pytest.fixture
async def channel(grpc_server: GrpcServer) -> AsyncIterator[grpc.aio.Channel]:
    """Connect to the server."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_server.port}") as opened:
        yield opened


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> "pb_grpc.CallResultsAsyncStub":
    """Make the contract's client."""
    return pb_grpc.CallResultsStub(channel)
