"""Indexes of some rows only, in SQL that both databases read."""

import sqlalchemy as sa
from alembic import op


def create_index(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    """Create an index of the rows that fulfil `where`."""
    condition = sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )
