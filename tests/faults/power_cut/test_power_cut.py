"""I5: what was acknowledged is there after a power cut, in the outbox and in the store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.power_cut.cuts import ReadFile, Ruin, find_ruins, with_the_driver
from tests.faults.power_cut.disk import Sync, Trace
from tests.faults.power_cut.driver import SOUND, Flaw
from tests.faults.power_cut.runs import (
    read_outbox,
    read_outbox_birth,
    read_store,
    read_store_birth,
    reopen_outbox,
    reopen_store,
    run_outbox,
    run_store,
)


@dataclass(frozen=True, slots=True)
class Case:
    """Is one of the two files."""

    run: Callable[[Path, int, int, Flaw], Awaitable[Trace]]
    read: ReadFile
    read_birth: ReadFile
    reopen: ReadFile
    """Reads with the product's own way of opening a file."""
    calls: int
    """As many as a run needs for several checkpoints."""


OUTBOX = Case(
    run_outbox,
    with_the_driver(read_outbox),
    with_the_driver(read_outbox_birth),
    reopen_outbox,
    calls=40,
)
STORE = Case(
    run_store,
    with_the_driver(read_store),
    with_the_driver(read_store_birth),
    reopen_store,
    calls=16,
)
BOTH = pytest.mark.parametrize("case", [OUTBOX, STORE], ids=["outbox", "store"])
SEED = 1


async def cut(
    case: Case, folder: Path, cuts: int, *, seed: int = SEED, flaw: Flaw = SOUND
) -> list[Ruin]:
    trace = await case.run(folder, case.calls, seed, flaw)
    assert len(trace.promises) > case.calls, "too little was promised to lose anything"
    return find_ruins(trace, case.read, folder, cuts, seed)


def tell(ruins: list[Ruin]) -> str:
    return f"{len(ruins)} power cuts did harm; the first: {ruins[0]}" if ruins else ""


@BOTH
async def test_i5_a_power_cut_loses_nothing_that_was_acknowledged(
    case: Case, tmp_path: Path
) -> None:
    assert not tell(await cut(case, tmp_path, 420))


@BOTH
async def test_i5_a_power_cut_leaves_a_whole_schema_or_none(case: Case, tmp_path: Path) -> None:
    trace = await case.run(tmp_path, 0, SEED, SOUND)
    assert any(isinstance(step, Sync) for step in trace.birth().steps)
    assert not tell(find_ruins(trace.birth(), case.read_birth, tmp_path, 50, SEED))


@BOTH
async def test_i5_after_a_power_cut_the_product_opens_its_file_and_finds_all_of_it(
    case: Case, tmp_path: Path
) -> None:
    trace = await case.run(tmp_path, case.calls, SEED, SOUND)
    assert not tell(find_ruins(trace, case.reopen, tmp_path, 25, SEED))
    assert not tell(find_ruins(trace.birth(), case.reopen, tmp_path, 5, SEED))


@BOTH
@pytest.mark.parametrize(
    "flaw",
    [Flaw(synchronous="NORMAL"), Flaw(synchronous="OFF"), Flaw(commits_late=True)],
    ids=["normal", "off", "ack_before_commit"],
)
async def test_i5_power_cuts_find_a_file_that_promises_too_much(
    case: Case, flaw: Flaw, tmp_path: Path
) -> None:
    ruins = await cut(case, tmp_path, 30, flaw=flaw)
    assert [ruin for ruin in ruins if ruin.lost or ruin.damage]


@pytest.mark.chaos
@BOTH
@pytest.mark.parametrize("seed", range(2, 12))
async def test_i5_ten_thousand_power_cuts_lose_nothing(
    case: Case, seed: int, tmp_path: Path
) -> None:
    assert not tell(await cut(case, tmp_path, 500, seed=seed))
