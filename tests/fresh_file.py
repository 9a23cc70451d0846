"""SQLite files of the newest schema: migrated once per process, then copied.

Migrating takes 30 to 45 ms of a core, and hundreds of tests want a file of their own. That the
migrations make this schema is tested where it is the question: test_store_migrations.py.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.sqlite import create_file, create_write_engine


def fresh_database(file: Path) -> str:
    """Put a database without rows at `file`, unless there is one already; return its URL."""
    if not file.exists():
        create_file(file)
        file.write_bytes(_pattern())
    return f"sqlite:///{file}"


@cache
def _pattern() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pattern.db"
        engine = create_write_engine(make_url(f"sqlite:///{file}"))
        bring_up_to_date(engine)
        engine.dispose()
        return file.read_bytes()
