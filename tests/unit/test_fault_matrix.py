"""The fault matrix and its tests: every row has one that bears its number, the shared ones two."""

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CONFTEST = "conftest.py"
ROWS = tuple(f"f{number}" for number in range(1, 52))
# What these rows promise lies in the Orchestrator's database, where several replicas may meet.
ON_POSTGRES_TOO = (
    *("f1", "f2", "f3", "f4", "f5", "f6", "f7", "f9", "f11", "f12", "f13", "f14", "f18", "f21"),
    *("f26", "f27", "f30", "f31", "f34", "f35", "f36", "f37", "f38", "f39", "f44", "f46", "f47"),
    *("f25", "f48", "f51"),
)
_ROW = re.compile(r"test_(f\d+)_")
_FIXTURE = re.compile(r"pytest(?:_asyncio)?\.fixture")


@dataclass(frozen=True, slots=True)
class Piece:
    """A test that bears the number of a row, or a fixture."""

    file: Path
    name: str
    text: str
    """Its source, with that of the constants in its decorators."""
    needs: tuple[str, ...]
    """Its arguments, which name fixtures."""

    @property
    def row(self) -> str:
        """Name the row that a test holds."""
        return self.name.split("_")[1]


@dataclass(frozen=True, slots=True)
class Found:
    """What the test files hold."""

    tests: list[Piece] = field(default_factory=list)
    fixtures: list[Piece] = field(default_factory=list)

    def runs_on_postgres(self, test: Piece) -> bool:
        """Say whether PostgreSQL is named by the test, its parameters or a fixture it uses."""
        return self._names_postgres(test, test.file)

    def _names_postgres(self, piece: Piece, asked_in: Path) -> bool:
        if "postgres" in piece.text.lower():
            return True
        used = [self._nearest(name, piece, asked_in) for name in piece.needs]
        return any(self._names_postgres(one, asked_in) for one in used if one is not None)

    def _nearest(self, name: str, asker: Piece, asked_in: Path) -> Piece | None:
        """Find the fixture that a test of that file gets: the nearest overrides all others.

        One that asks for its own name gets the next.
        """
        folders = [one for one in asked_in.parents if one.is_relative_to(TESTS)]
        places = [asked_in, *(folder / CONFTEST for folder in folders)]
        named = [one for one in self.fixtures if one.name == name and one.file in places]
        named.sort(key=lambda one: places.index(one.file))
        if asker in named:
            named = named[named.index(asker) + 1 :]
        return named[0] if named else None


@cache
def found() -> Found:
    """Read all test files; nothing is imported, so tests that kill processes are found as well."""
    everything = Found()
    for file in sorted(TESTS.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if file != Path(__file__) and (_ROW.search(text) or _FIXTURE.search(text)):
            _read_file(file, text, everything)
    return everything


def _read_file(file: Path, text: str, into: Found) -> None:
    tree, lines = ast.parse(text), text.splitlines()
    constants = {
        target.id: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            piece = _piece_of(file, node, lines, constants)
            if _ROW.match(node.name):
                into.tests.append(piece)
            elif any(_FIXTURE.search(ast.unparse(mark)) for mark in node.decorator_list):
                into.fixtures.append(piece)


def _piece_of(
    file: Path,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: list[str],
    constants: dict[str, str],
) -> Piece:
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    named = [
        part.id
        for mark in node.decorator_list
        for part in ast.walk(mark)
        if isinstance(part, ast.Name)
    ]
    text = [*lines[first - 1 : node.end_lineno], *(constants.get(name, "") for name in named)]
    needs = tuple(argument.arg for argument in node.args.args)
    return Piece(file, node.name, "\n".join(text), needs)


def rows_without_test(tests: list[Piece], rows: tuple[str, ...]) -> list[str]:
    """List the rows of whose number there is no test."""
    return [row for row in rows if row not in {test.row for test in tests}]


def on_postgres() -> list[Piece]:
    """List the tests that run on PostgreSQL, or there too."""
    return [test for test in found().tests if found().runs_on_postgres(test)]


def test_every_row_of_the_fault_matrix_has_a_test_of_its_number() -> None:
    assert rows_without_test(found().tests, ROWS) == []


def test_every_row_that_replicas_share_is_tested_on_postgres_too() -> None:
    assert rows_without_test(on_postgres(), ON_POSTGRES_TOO) == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_loses_its_tests_is_named(row: str) -> None:
    others = [test for test in found().tests if test.row != row]

    assert row in rows_without_test(others, ROWS)
    assert row not in rows_without_test(found().tests, ROWS)


def test_a_test_on_sqlite_alone_does_not_count_for_postgres() -> None:
    assert {"f15", "f40", "f42"}.isdisjoint(test.row for test in on_postgres())


def test_no_test_bears_the_number_of_a_row_that_there_is_not() -> None:
    assert {test.row for test in found().tests} <= set(ROWS)


CONFTEST_OF_BOTH = """
@pytest.fixture(params=["sqlite", "postgres"])
def database(request): ...

@pytest.fixture
def rig(database): ...
"""
ON_ITS_OWN_FILE = """
@pytest.fixture
def database(tmp_path): return tmp_path / "a file"

def test_f30_directly(database): ...

def test_f30_by_way_of_another_fixture(rig): ...
"""
ON_BOTH = """
@pytest.fixture
def database(database): return database

def test_f27_on_both(rig): ...
"""


def test_a_test_whose_file_overrides_the_fixture_of_both_databases_does_not_count() -> None:
    texts = {CONFTEST: CONFTEST_OF_BOTH, "test_own.py": ON_ITS_OWN_FILE, "test_both.py": ON_BOTH}
    here = Found()
    for name, text in texts.items():
        _read_file(TESTS / "faults" / name, text, here)

    assert [test.name for test in here.tests if here.runs_on_postgres(test)] == ["test_f27_on_both"]
