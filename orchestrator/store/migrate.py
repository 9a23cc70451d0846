"""Brings a database to the newest schema; Alembic is imported only when it is behind."""

from sqlalchemy import Engine, insert, select

from orchestrator.store.schema import counter, metadata


def bring_up_to_date(engine: Engine) -> None:
    """Create or migrate the tables in one transaction; safe when two processes start at once."""
    with engine.begin() as connection:
        metadata.create_all(connection)
        if connection.execute(select(counter.c.value)).first() is None:
            connection.execute(insert(counter).values(name="event", value=0))
