"""The fixtures that faults are tested with: databases of both kinds, and the life of a call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.commit_databases import CommitDatabase, OnPostgres, sqlite_in
from tests.faults.life_rig import Rig, life_rig
from tests.postgres import ScriptedDatabase


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> ScriptedDatabase | None:
    """Name the database that the rules run on; None is a file of SQLite."""
    if request.param == "sqlite":
        return None
    postgres: ScriptedDatabase = request.getfixturevalue("postgres")
    return postgres


@pytest.fixture(params=["sqlite", "postgres"])
def commit_database(request: pytest.FixtureRequest, tmp_path: Path) -> CommitDatabase:
    """Make a database whose commits can be held up."""
    if request.param == "sqlite":
        return sqlite_in(tmp_path)
    return OnPostgres(request.getfixturevalue("postgres"))


@pytest.fixture
async def rig(tmp_path: Path, database: ScriptedDatabase | None) -> AsyncIterator[Rig]:
    """Open one Orchestrator's rules."""
    async with life_rig(tmp_path, database=database) as opened:
        yield opened


@pytest.fixture
async def postgres_rig(tmp_path: Path, postgres: ScriptedDatabase) -> AsyncIterator[Rig]:
    """Open one Orchestrator's rules on PostgreSQL: for what SQLite has not, several replicas."""
    async with life_rig(tmp_path, database=postgres) as opened:
        yield opened
