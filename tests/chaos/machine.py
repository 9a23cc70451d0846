"""Says on what a run was made: cores, kernel, Python, the databases. Never a host name."""

import os
import platform
import sqlite3
import subprocess

from tests.chaos.postgres_server import NoPostgres, find_programs


def describe_machine() -> list[str]:
    """List the facts that somebody needs who wants to compare, a line each."""
    return [
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()} {platform.machine()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {_postgres()}",
    ]


def _postgres() -> str:
    try:
        program = find_programs() / "postgres"
    except NoPostgres:
        return "no PostgreSQL"
    told = subprocess.run(  # noqa: S603 - the server's own program
        [str(program), "--version"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip().replace("postgres (PostgreSQL)", "PostgreSQL")
