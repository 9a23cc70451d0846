"""Migrations: they make the schema that the code knows, once, whoever starts first."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from orchestrator.errors import StoreUnusable
from orchestrator.store.migrate import bring_up_to_date, read_version
from orchestrator.store.schema import REVISIONS, metadata
from orchestrator.store.sqlite import create_write_engine

START = """
import sys
from sqlalchemy import make_url
from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.sqlite import create_write_engine
engine = create_write_engine(make_url(sys.argv[1]))
bring_up_to_date(engine)
bring_up_to_date(engine)
engine.dispose()
print("alembic" in sys.modules)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'r 100%.db'}"


def start(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own words only
        [sys.executable, "-c", START, url],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


def last_line(process: "subprocess.Popen[str]") -> str:
    """Say whether the process needed Alembic; what it logs stands above."""
    return process.communicate(timeout=30)[0].splitlines()[-1]


def test_migrations_make_the_schema_that_the_code_knows(url: str) -> None:
    engine = create_write_engine(make_url(url))
    bring_up_to_date(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_all_migrations_are_known_in_their_order() -> None:
    folder = Path(sys.modules["orchestrator.store.migrate"].__file__ or "").parent / "migrations"
    scripts = ScriptDirectory(str(folder))
    known = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(known)) == REVISIONS


@pytest.mark.chaos
def test_alembic_is_imported_only_when_the_schema_is_behind(url: str) -> None:
    first, second = last_line(start(url)), last_line(start(url))
    assert (first, second) == ("True", "False")


@pytest.mark.chaos
def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    processes = [start(url) for _ in range(3)]
    migrated = [last_line(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert migrated.count("True") == 1


def test_a_newer_database_is_left_as_it_is(url: str) -> None:
    engine = create_write_engine(make_url(url))
    bring_up_to_date(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    bring_up_to_date(engine)
    with engine.begin() as connection:
        assert read_version(connection) == "9999"
    engine.dispose()


def test_a_database_from_before_the_first_release_is_refused_with_what_to_do(url: str) -> None:
    engine = create_write_engine(make_url(url))
    bring_up_to_date(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE recording"))
    with pytest.raises(StoreUnusable, match=r"lacked recording: remove it, or name another"):
        bring_up_to_date(engine)
    engine.dispose()


def test_a_migration_that_dies_leaves_nothing_behind(url: str) -> None:
    engine = create_write_engine(make_url(url))
    with suppress(ZeroDivisionError), engine.begin() as connection:
        metadata.create_all(connection)
        raise ZeroDivisionError
    with engine.begin() as connection:
        tables = connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar()
    assert tables == 0
    engine.dispose()
