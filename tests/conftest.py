"""Fixtures that all folders share: a fresh store, and the contract's server on a free port."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from foundation.clock import SystemClock
from orchestrator.call_results.access import Tokens
from orchestrator.calls import CallTimings, Progress, ProgressAnswer, record_progress
from orchestrator.rpc import GrpcServer, build_grpc_server
from orchestrator.store import Store
from ringback.v1 import call_results_pb2_grpc as pb_grpc
from tests.fresh_file import fresh_database
from tests.postgres import (
    ScriptedDatabase,
    empty_database,
    make_database,
    scripted_database,
    shared_postgres,
)

# A busy machine is no failure of a property.
settings.register_profile("ringback", deadline=None)
settings.load_profile("ringback")

# The default draws tracebacks with frames and colours: 40 ms of a core for each that a test causes.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

# Modules and the list of tests stay to the end: the collector of garbage need not look at them.
gc.disable()
_SHARE_A_SYSTEM = ("e2e/test_scenarios.py", "e2e/test_page_errand.py", "e2e/test_phone_call.py")
_SLOW_FIRST = ("e2e", "faults", "properties", "simulation", "integration")
_MEMORY = Path("/dev/shm")  # noqa: S108 - a mount, not a file of ours
_ROOM_BYTES = 2**31


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Keep temporary files in memory where there is room, unless TMPDIR names another place.

    On a disk each commit waits milliseconds, and no test here asks what a real disk keeps.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    if shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)  # of the processes, too


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Runs a file's tests in one worker, for they share what is dear; shared systems, too.

    Not `--dist loadgroup`: with pytest 9.2 the marks of xdist 3.8 do nothing, without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].removeprefix("tests/")
        if file.startswith("simulation/"):
            return nodeid  # they share nothing, and are long
        return "system" if file in _SHARE_A_SYSTEM else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Spread the tests over the workers."""
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the folders with long tests first, so that no worker is left alone with them."""
    items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """Watch what the tests make from here on."""
    gc.freeze()
    gc.enable()


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _SLOW_FIRST.index(folder) if folder in _SLOW_FIRST else len(_SLOW_FIRST)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Open a store on an empty SQLite file."""
    opened = await Store.open(fresh_database(tmp_path / "ringback.db"), SystemClock())
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def postgres_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Share one PostgreSQL server among all tests of a run."""
    folder = tmp_path_factory.getbasetemp()
    with shared_postgres(folder.parent if _worker() != "main" else folder) as url:
        yield url


@pytest.fixture(scope="session")
def _postgres(postgres_server_url: str) -> Iterator[ScriptedDatabase]:
    with scripted_database(postgres_server_url, f"ringback_{_worker()}") as database:
        yield database


@pytest.fixture
def postgres(_postgres: ScriptedDatabase) -> ScriptedDatabase:
    """Hand out a PostgreSQL database of the newest schema, without rows."""
    _postgres.clean()
    return _postgres


@pytest.fixture(scope="session")
def _bare_postgres_url(postgres_server_url: str) -> str:
    return make_database(postgres_server_url, f"bare_{_worker()}")


@pytest.fixture
def bare_postgres_url(_bare_postgres_url: str) -> str:
    """Hand out a PostgreSQL database without any tables."""
    empty_database(_bare_postgres_url)
    return _bare_postgres_url


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


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
