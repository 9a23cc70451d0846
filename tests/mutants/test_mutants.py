"""Negative controls: each mutant of the product turns its named checks red."""

from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Edit, Mutant
from tests.mutants.tree import HOME, LostPlace, Tree, apply

FAST = [mutant for mutant in MUTANTS if mutant.is_fast]
by_name = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


def checks_of(mutants: list[Mutant]) -> list[str]:
    return list(dict.fromkeys(check for mutant in mutants for check in mutant.checks))


@by_name
def test_a_mutant_finds_its_place_in_the_source(mutant: Mutant) -> None:
    for edit in mutant.edits:
        text = (HOME / edit.file).read_text(encoding="utf-8")
        assert apply(edit, text) != text


def test_an_edit_without_its_place_is_told() -> None:
    edit = Edit("sweeper.py", "old", "new")
    for text in ("nothing", "old and old"):
        with pytest.raises(LostPlace, match="sweeper"):
            apply(edit, text)


def test_the_fast_checks_are_red_with_the_mutants_that_they_catch(tmp_path: Path) -> None:
    """Run all of them in one tree: they touch different rooms. Each alone runs under chaos."""
    tree = Tree(tmp_path / "tree")
    checks = checks_of(FAST)
    with tree.edited(FAST):
        verdict = tree.run(checks)
    assert verdict.is_sound, verdict.said
    assert verdict.failed == set(checks), verdict.said


@pytest.mark.chaos
def test_every_check_is_green_without_its_mutant(tmp_path: Path) -> None:
    verdict = Tree(tmp_path / "tree").run(checks_of(list(MUTANTS)))
    assert verdict.is_sound, verdict.said
    assert not verdict.failed, verdict.said


@pytest.mark.chaos
@by_name
def test_a_mutant_turns_each_of_its_checks_red(mutant: Mutant, tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    with tree.edited([mutant]):
        verdict = tree.run(mutant.checks)
    assert verdict.is_sound, verdict.said
    assert verdict.failed == set(mutant.checks), verdict.said
