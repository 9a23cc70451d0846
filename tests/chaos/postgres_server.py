"""A PostgreSQL of its own that loses nothing when it is killed: fsync is on."""

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from pathlib import Path

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
        self._programs = find_programs()
        # Not in the test's folder: the path of a socket has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._data = self._folder / "data"
        self._prefix: tuple[str, ...] = ()
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            os.chown(self._folder, pwd.getpwnam("postgres").pw_uid, -1)
            self._prefix = ("runuser", "-u", "postgres", "--")

    @property
    def url(self) -> str:
        """Say where it is, as RINGBACK_DATABASE_URL takes it."""
        return f"postgresql+psycopg://ringback@/postgres?host={self._folder}"

    async def create(self) -> None:
        """Make the data folder and start on it."""
        options = ("-A", "trust", "-U", "ringback", "-E", "UTF8", "--no-sync")
        await self._run("initdb", "-D", str(self._data), *options)
        await self.start()

    async def start(self) -> None:
        """Start, after a crash as well; returns when it takes connections."""
        options = f"-k {self._folder} -c listen_addresses='' -c max_connections=200"
        await self._control("-w", "-o", options, "start")

    def kill(self) -> None:
        """End it as a crash would: its postmaster gets SIGKILL, which ends all the others."""
        pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    async def remove(self) -> None:
        """Stop it and delete what it stored."""
        if (self._data / "postmaster.pid").exists():
            await self._control("-m", "immediate", "stop", is_checked=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _control(self, *words: str, is_checked: bool = True) -> None:
        log = str(self._folder / "log")
        await self._run("pg_ctl", "-D", str(self._data), "-l", log, *words, is_checked=is_checked)

    async def _run(self, program: str, *words: str, is_checked: bool = True) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._prefix,
            str(self._programs / program),
            *words,
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the run, which ends the server itself
        )
        if await process.wait() and is_checked:
            raise RuntimeError(f"{program} {' '.join(words)} ended with {process.returncode}")
