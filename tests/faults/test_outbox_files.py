"""F42: outbox files that are torn, spoilt, cut, empty or old; what is good of them is sent.

The samples are small outboxes: as a clean end leaves them, and as a kill does, with their log.
"""

import multiprocessing
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.outbox_damage import (
    LOG,
    LOST,
    NAME,
    SHARES,
    TURNS,
    WAITING,
    build_sample,
    misses_of,
    places_of,
    sectors_of,
    spoil_all,
    start_on,
)

SEED = 42
BOTH = pytest.mark.parametrize("is_killed", [False, True], ids=["closed", "killed"])
# Within runs of equal bytes; a killed outbox has twice the bytes, and its start checks the log.
STEPS = pytest.mark.parametrize(
    ("is_killed", "step"), [(False, 7), (True, 31)], ids=["closed", "killed"]
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder in memory where there is one: nobody cuts the power here."""
    memory = Path("/dev/shm")  # noqa: S108 - a mount, not a file of ours
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@BOTH
async def test_f42_an_undamaged_outbox_gives_everything(is_killed: bool, folder: Path) -> None:
    sample = await build_sample(folder, is_killed=is_killed)
    found = await start_on(sample, folder / "start")
    assert found.waiting >= WAITING
    assert [turn.text for turn in found.recovered[LOST].transcript] == list(TURNS)
    assert (found.dead_letters, found.has_aside) == (0, False)


@BOTH
async def test_f42_one_spoilt_byte_costs_one_record_at_most(is_killed: bool, folder: Path) -> None:
    sample = await build_sample(folder, is_killed=is_killed)
    dice = random.Random(SEED)  # noqa: S311 - a repeatable draw
    for name, place in dice.sample(list(places_of(sample)), 30):
        found = await start_on(sample.flipped(name, place), folder / "start")
        assert not misses_of(found), f"byte {place} of {name}"


@pytest.mark.chaos
@STEPS
def test_f42_every_byte_of_a_sample_may_be_spoilt(is_killed: bool, step: int, folder: Path) -> None:
    tasks = [(is_killed, step, share, folder / str(share)) for share in range(SHARES)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(SHARES, mp_context=spawn) as pool:
        misses = [miss for share in pool.map(spoil_all, tasks) for miss in share]
    assert not misses, f"{len(misses)} misses, the first: {misses[:5]}"


@BOTH
async def test_f42_what_lies_whole_in_a_cut_file_is_sent(is_killed: bool, folder: Path) -> None:
    await cut_at_sectors(folder, is_killed=is_killed, count=15)


@pytest.mark.chaos
@BOTH
async def test_f42_what_lies_whole_in_a_file_cut_at_any_sector_is_sent(
    is_killed: bool, folder: Path
) -> None:
    await cut_at_sectors(folder, is_killed=is_killed, count=0)


async def cut_at_sectors(folder: Path, *, is_killed: bool, count: int) -> None:
    """Cut a sample at `count` of its sectors, 0 for each of them."""
    sample = await build_sample(folder, is_killed=is_killed)
    sectors = list(sectors_of(sample))
    dice = random.Random(SEED)  # noqa: S311 - a repeatable draw
    for name, size in dice.sample(sectors, count) if count else sectors:
        cut = sample.cut(name, size)
        found = await start_on(cut, folder / "start")
        missing = cut.whole_results - {"done"} - found.waiting
        assert not missing, f"{name} cut to {size} bytes"


@pytest.mark.parametrize("content", [b"", b"garbage" * 2_000, bytes(4_096)])
async def test_f42_a_log_survives_the_loss_of_its_file(content: bytes, folder: Path) -> None:
    sample = await build_sample(folder, is_killed=True)
    sample.files[NAME] = content
    found = await start_on(sample, folder / "start")
    assert found.waiting >= {"two", "three"}
    assert found.has_aside


async def test_f42_a_spoilt_log_costs_no_row_behind_the_spoilt_one(folder: Path) -> None:
    sample = await build_sample(folder, is_killed=True)
    for place in (4, 20, 32 + 2, 32 + 12, 32 + 24 + 100):  # SQLite itself gives up all of the log
        found = await start_on(sample.flipped(LOG, place), folder / "start")
        assert found.waiting >= WAITING, f"byte {place}"
        assert found.has_aside


async def test_f42_a_file_that_sqlite_would_only_read_is_replaced(folder: Path) -> None:
    sample = await build_sample(folder, is_killed=False)
    found = await start_on(sample.flipped(NAME, 18), folder / "start")
    assert found.waiting >= WAITING
    assert found.has_aside


async def test_f42_names_of_tables_that_cannot_be_read_do_not_stop_the_start(
    folder: Path,
) -> None:
    sample = await build_sample(folder, is_killed=False)
    place = sample.files[NAME].index(b"settled_at INTEGER")
    for mask in (0x01, 0x80):  # another name; no UTF-8
        found = await start_on(sample.flipped(NAME, place, mask), folder / "start")
        assert found.waiting >= WAITING


async def test_f42_an_old_schema_gives_its_rows(folder: Path) -> None:
    sample = await build_sample(folder, is_killed=False)
    with closing(sqlite3.connect(folder / NAME)) as connection:
        connection.execute("ALTER TABLE outcome DROP COLUMN note")
        connection.execute("PRAGMA user_version = 0")
        connection.commit()
    sample.files[NAME] = (folder / NAME).read_bytes()
    found = await start_on(sample, folder / "start")
    assert found.waiting >= WAITING


async def test_f42_a_kill_while_a_damaged_file_is_replaced_costs_nothing(folder: Path) -> None:
    sample = await build_sample(folder, is_killed=True)
    whole = sample.files[NAME]
    spoilt = sample.flipped(LOG, 20).files
    half, restored = whole[:20_000], f"{NAME}.restored"
    sample.files.pop(LOG)
    steps = {
        "while the new file was written": {**spoilt, restored: half},
        "before the renames": {**spoilt, restored: whole},
        "between them": {LOG: spoilt[LOG], restored: whole, f"{NAME}.aside-1": spoilt[NAME]},
    }
    for step, files in steps.items():
        sample.files.clear()
        sample.files.update(files)
        found = await start_on(sample, folder / "start")
        assert "one" in found.waiting, step
        assert LOST in found.recovered, step
        assert not (folder / "start" / restored).exists(), step
