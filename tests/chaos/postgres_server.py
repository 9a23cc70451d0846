"""A PostgreSQL of a chaos run's own that loses nothing when it is killed: fsync is on."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.postgres import PostgresServer as BlockingServer

_PROGRAMS = "/usr/lib/postgresql"


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine to be started."""


def find_programs() -> Path:
    """Find the folder of the newest PostgreSQL's programs. Raises: NoPostgres."""
    found = sorted(Path(_PROGRAMS).glob("*/bin"))
    if not found:
        raise NoPostgres(f"there is no PostgreSQL below {_PROGRAMS}")
    return found[-1]


class PostgresServer:
    """One server in a folder of its own, reached by a socket there."""

    def __init__(self) -> None:
        # Not in the test's folder: the path of a socket has at most 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._server = BlockingServer(folder, find_programs(), is_durable=True)

    @property
    def url(self) -> str:
        """Say where it is, as RINGBACK_DATABASE_URL takes it."""
        return self._server.url

    async def create(self) -> None:
        """Make the data folder and start on it."""
        await asyncio.to_thread(self._server.make)
        await self.start()

    async def start(self) -> None:
        """Start, after a crash as well; returns when it takes connections."""
        await asyncio.to_thread(self._server.start)

    def kill(self) -> None:
        """End it as a crash would: its first process gets SIGKILL, which ends all the others."""
        self._server.kill()

    async def remove(self) -> None:
        """Stop it and delete what it stored."""
        await asyncio.to_thread(self._server.stop)
        shutil.rmtree(self._server.folder, ignore_errors=True)
