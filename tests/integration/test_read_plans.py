"""Every statement of the store finds its rows by a key, however large the tables grow.

The databases explain each statement that stands at the top of a module of the store: it must search
every growing table by an index. Statements inside functions are not allowed, so that none is left
out. The values are left open, as they are when a statement is prepared.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import combinations
from pathlib import Path
from types import ModuleType

import psycopg
from sqlalchemy import Delete, Dialect, Insert, Select, Update, create_engine, make_url

import orchestrator.store
from orchestrator.store import reading, schema
from orchestrator.store.migrate import bring_up_to_date
from orchestrator.store.postgres import conninfo_of
from orchestrator.store.prepared import Prepared, compile_for
from orchestrator.store.row_sets import RowStatement
from tests.fresh_file import fresh_database

Statement = Select[*tuple[object, ...]] | Insert | Update | Delete

GROWING = set(schema.metadata.tables) - {"counter", "contact"}
# Build the statements of pages, each once: `page_statements` goes through them all. The last ones
# move a cursor, which is a counter, and build a part of statements.
MAY_BUILD = {"_page", "_window", "_along", "advance_cursor", "is_among"}
# Sort what belongs to one call.
SORTS_A_FEW = {"_NEWEST", "_HISTORY"}
# Look through the calls that are open.
SIFTS_A_FEW = {"_RUNNING_CALL", "_UNRESOLVED_DIAL"}
NOT_STATEMENTS = {"migrate", "migrations"}


def modules() -> list[ModuleType]:
    package = orchestrator.store
    names = {found.name for found in pkgutil.iter_modules(package.__path__)} - NOT_STATEMENTS
    return [importlib.import_module(f"{package.__name__}.{name}") for name in sorted(names)]


def statements_in(name: str, value: object) -> Iterator[tuple[str, Statement]]:
    if isinstance(value, Prepared | RowStatement):
        statement = value._statement  # noqa: SLF001 - what it runs is not shown otherwise
        if not isinstance(statement, Insert):
            yield name, statement
    elif isinstance(value, tuple):
        for each in value:
            yield from statements_in(name, each)


def page_statements() -> Iterator[tuple[str, Statement]]:
    filters = ("end_reason", "origin", "outcome", "status", "task_id")
    for walk in ("", "end_reason", "outcome", "status", "task_id"):
        yield f"window along {walk}", reading._window(walk)._statement  # noqa: SLF001 - as above
        others = [name for name in filters if name != walk]
        for count in range(len(others)):
            for compared in combinations(others, count):
                page = reading._page(walk, compared)  # noqa: SLF001 - as above
                yield f"page along {walk}: {compared}", page._statement  # noqa: SLF001 - as above


def all_statements(other_database: str = "") -> Iterator[tuple[str, Statement]]:
    for module in modules():
        if module.__name__.endswith(f".{other_database}"):
            continue
        for name, value in vars(module).items():
            yield from statements_in(name, value)
    yield from page_statements()


def sql_of(statement: Statement, dialect: Dialect) -> str:
    """Write a statement as it is run; an update changes its table's last column."""
    changed = list(statement.table.c)[-1:] if isinstance(statement, Update) else []
    return compile_for(statement, dialect, [column.name for column in changed]).sql


def test_no_statement_hides_in_a_function() -> None:
    hidden = {
        (module.__name__, function.name)
        for module in modules()
        for function in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(function, ast.FunctionDef) and function.name not in MAY_BUILD
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in {"select", "update", "delete"}
    }
    assert hidden == set()


def test_sqlite_searches_every_growing_table(tmp_path: Path) -> None:
    file = tmp_path / "plans.db"
    dialect = create_engine(fresh_database(file)).dialect
    texts = [(name, sql_of(each, dialect)) for name, each in all_statements("postgres")]
    with closing(sqlite3.connect(file)) as connection:
        assert bad_lines(connection, texts) == []
        connection.execute("DROP INDEX call_by_due")
        without = {name for name, _ in bad_lines(connection, texts)}
    assert without == {"_LIST_DUE", "_LIST_OPEN", "_RUNNING_CALL"}
    assert len(texts) > 100


def bad_lines(
    connection: sqlite3.Connection, texts: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Find the lines of SQLite's plans that grow with a table, and whose they are."""
    return [
        (name, line)
        for name, sql in texts
        for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))
        if is_bad(name, line)
    ]


def is_bad(name: str, line: str) -> bool:
    """Say whether a line of SQLite's plan grows with the table."""
    scanned = re.match(r"SCAN (\w+)", line)
    sorts = line.startswith("USE TEMP B-TREE") and name not in SORTS_A_FEW
    return sorts or (scanned is not None and scanned[1] in GROWING)


def test_postgresql_searches_every_growing_table(bare_postgres_url: str) -> None:
    engine = create_engine(bare_postgres_url)
    bring_up_to_date(engine)  # tables of which the planner knows nothing yet
    engine.dispose()
    dialect, bad = engine.dialect, []
    with psycopg.connect(conninfo_of(make_url(bare_postgres_url)), autocommit=True) as connection:
        # They are empty: another way than along a key would be cheapest.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            connection.execute(f"SET enable_{way} = off".encode())
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, (name, statement) in enumerate(all_statements()):
            plan = explain(connection, f"s{number}", sql_of(statement, dialect))
            nodes = [node for node in nodes_of(plan) if grows(node)]
            if name not in SIFTS_A_FEW and not name.startswith("page along"):
                nodes += [node for node in nodes_of(plan) if sifts(node)]
            bad += [(name, node) for node in nodes]
    assert bad == []


def explain(connection: "psycopg.Connection[tuple[object, ...]]", key: str, sql: str) -> object:
    """Have a statement planned without knowing its values."""
    places: dict[str, int] = {}
    numbered = re.sub(
        r"%\((\w+)\)s", lambda found: f"${places.setdefault(found[1], len(places) + 1)}", sql
    )
    connection.execute(f"PREPARE {key} AS {numbered}".encode())
    values = f"({', '.join(['NULL'] * len(places))})" if places else ""
    answer = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {key} {values}".encode())
    [(plan,)] = answer.fetchall()
    return plan


def nodes_of(plan: object) -> Iterator[Mapping[str, object]]:
    if isinstance(plan, list):
        for each in plan:
            yield from nodes_of(each)
    elif isinstance(plan, dict):
        yield plan
        for name in ("Plan", "Plans"):
            yield from nodes_of(plan.get(name))


def grows(node: Mapping[str, object]) -> bool:
    """Say whether a node of PostgreSQL's plan reads a whole growing table or index."""
    if node.get("Relation Name") not in GROWING:
        return False
    kind = str(node["Node Type"])
    is_walk = kind in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node
    return kind == "Seq Scan" or is_walk


def sifts(node: Mapping[str, object]) -> bool:
    """Say whether a node looks through a range of a growing table and leaves most of it out."""
    is_one_key = " = " in str(node.get("Index Cond", ""))
    return node.get("Relation Name") in GROWING and "Filter" in node and not is_one_key
