"""A set of ids as one parameter: the statement's text is the same for any number of them."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from orchestrator.store.json_text import write_json


class _Ids(TypeDecorator[Sequence[str]]):
    """Binds ids as an array, or for SQLite, which knows none, as JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[object]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(cast("TypeEngine[object]", Text()))
        from sqlalchemy.dialects.postgresql import ARRAY  # noqa: PLC0415 - see inserting.py

        return dialect.type_descriptor(cast("TypeEngine[object]", ARRAY(Text)))

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> object:
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else write_json(ids)


class _Each(FunctionElement[str]):
    """Makes rows of the members of a set."""

    name = "each"
    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_in_sqlite(element: _Each, compiler: SQLCompiler, **_words: object) -> str:
    return f"json_each{compiler.process(element.clause_expr)}"


@compiles(_Each, "postgresql")
def _each_in_postgresql(element: _Each, compiler: SQLCompiler, **_words: object) -> str:
    return f"unnest{compiler.process(element.clause_expr)}"


def is_among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Say that a column is one of the ids of the parameter `name`."""
    ids = _Each(bindparam(name, type_=_Ids())).table_valued("value", name="value")
    return column.in_(select(ids.c.value))
