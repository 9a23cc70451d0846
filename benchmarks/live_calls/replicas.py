"""Two Orchestrators on one PostgreSQL: calls go by the first, pages read from the second."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.durable_postgres import durable_postgres
from benchmarks.live_calls.system import (
    ORCHESTRATOR,
    Layout,
    LiveSystem,
    live_system,
    start_part,
    wait_until_healthy,
)
from benchmarks.report_load.system import free_port
from ringback_cli.launcher import Part

SECOND = "orchestrator-2"


@contextmanager
def two_replicas(folder: Path, layout: Layout) -> Iterator[tuple[LiveSystem, str]]:
    """Start a PostgreSQL with fsync on, all parts and a second Orchestrator; the latter's page."""
    with durable_postgres() as server:
        settings = {"RINGBACK_DATABASE_URL": server.url}
        with live_system(folder, settings=settings, layout=layout) as system:
            first, port = system.plans[ORCHESTRATOR], free_port()
            own = {
                "RINGBACK_PORT": str(port),
                "RINGBACK_ORCHESTRATOR_GRPC": f"127.0.0.1:{free_port()}",
            }
            second = Part(SECOND, first.command, {**first.environment, **own}, (port,))
            with start_part(second, system) as process:
                system.parts[SECOND] = process
                wait_until_healthy(second, system)
                yield system, f"http://127.0.0.1:{port}"
                process.stop()
