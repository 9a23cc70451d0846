"""docs/reliability.md tells the truth about the tests: each row, each name, each stage."""

import re
from functools import cache
from pathlib import Path

from tests.chaos.stages import STAGES

HOME = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (F\d+) \|.*\| `(test_f\d+_\w+)` \|$", re.MULTILINE)
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_ONLY = re.compile(r"ONLY=([a-z-]+(?:,[a-z-]+)*)")


@cache
def page() -> str:
    return (HOME / "docs" / "reliability.md").read_text(encoding="utf-8")


@cache
def names_of_tests() -> frozenset[str]:
    files = (HOME / "tests").rglob("test_*.py")
    return frozenset(name for file in files for name in _TEST.findall(file.read_text("utf-8")))


def test_the_page_has_every_row_of_the_fault_matrix_once_and_in_order() -> None:
    assert [row for row, _ in _ROW.findall(page())] == [f"F{n}" for n in range(1, 52)]


def test_each_row_names_a_test_of_its_own_number_that_there_is() -> None:
    for row, test in _ROW.findall(page()):
        assert test.startswith(f"test_{row.lower()}_")
        assert test in names_of_tests(), f"{row}: there is no {test}."


def test_every_stage_that_the_page_names_is_a_stage_of_make_chaos() -> None:
    known = {stage.name for stage in STAGES}
    named = {name for names in _ONLY.findall(page()) for name in names.split(",")}

    assert named
    assert named - {"stage"} <= known
