"""I11: every started call stands in one account of the outbox, whatever it went through.

Rules are what a reporter does with its outbox, kills and new starts among them; a plain book says
what must be there. A kill keeps what was committed: the files as they are, without a goodbye.
"""

import asyncio
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from call_reporter import ReporterOptions
from call_reporter.outbox import Outbox
from call_reporter.outbox.inspection import inspect_outbox
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid

T = TypeVar("T")
KEPT = timedelta(hours=24)
KEYS = st.sampled_from([call_sid(number) for number in range(4)])
RUNNING, PENDING, ACKNOWLEDGED, DEAD = "running", "pending", "acknowledged", "dead"


class SetClock:
    """Tells the time that the test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


@dataclass
class Page:
    """What the book says of one call."""

    state: str
    seq: int = 0
    opened: datetime | None = None
    """When its newest stream started; None when it was reported without one."""
    is_open: bool = False
    settled: datetime | None = None
    """When it was acknowledged; None before."""

    def is_forgotten(self, oldest: datetime) -> bool:
        """Say whether all that is known of it is older, and nothing of it runs."""
        is_old = self.opened is None or self.opened < oldest
        return self.settled is not None and self.settled < oldest and is_old and not self.is_open


class OutboxAccounts(RuleBasedStateMachine):
    """Does to an outbox what reporters and deaths do, and keeps a book beside it."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable(logging.CRITICAL)
        memory = Path("/dev/shm")  # noqa: S108 - a mount, not a file of ours
        self.home = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.loop = asyncio.new_event_loop()
        self.clock = SetClock()
        self.lives = 0
        self.openings = 0
        self.book: dict[str, Page] = {}
        self.folder = self.home / "0"
        self.outbox = self.open()

    def open(self) -> Outbox:
        """Open the files in the folder, as a start does."""
        options = ReporterOptions(clock=self.clock, ballast_bytes=0, lazy_s=0.0)
        outbox = Outbox(self.folder / "calls.db", options)
        self.run(outbox.open())
        return outbox

    def run(self, work: Awaitable[T]) -> T:
        """Wait for something."""
        return self.loop.run_until_complete(asyncio.ensure_future(work, loop=self.loop))

    @rule(key=KEYS)
    def order(self, key: str) -> None:
        """Remember an order: it is no call yet."""
        self.run(self.outbox.remember_order(key, b"order"))

    @rule(key=KEYS, turns=st.integers(0, 2))
    def start(self, key: str, turns: int) -> None:
        """Start a call, or a second leg of it."""
        self.openings += 1
        opening = str(self.openings)
        self.run(self.outbox.start_call(opening, key, pb.CallResult(call_sid=key)))
        for position in range(turns):
            self.outbox.put_turn(opening, position, pb.TranscriptTurn(text="hello"))
        page = self.book.setdefault(key, Page(RUNNING))
        page.opened, page.is_open = self.clock.now(), True

    @rule(key=KEYS)
    def refuse_the_claim(self, key: str) -> None:
        """Start a stream that is another's: nobody's account."""
        self.openings += 1
        opening = str(self.openings)
        self.run(self.outbox.start_call(opening, key, pb.CallResult(call_sid=key)))
        self.outbox.mark_refused(opening)

    @rule(key=KEYS)
    def report(self, key: str) -> None:
        """Write an outcome; the first one stands."""
        put = self.run(self.outbox.put_outcome(key, result_of(key)))
        page = self.book.setdefault(key, Page(RUNNING))
        page.is_open = False
        assert put.is_new == (page.state == RUNNING)
        if put.is_new:
            page.state, page.seq = PENDING, put.seq

    @rule(key=KEYS)
    def acknowledge(self, key: str) -> None:
        """Hear from the server that it has the result."""
        page = self.book.get(key)
        if page is not None and page.state == PENDING:
            self.outbox.acknowledge([page.seq])
            page.state, page.settled = ACKNOWLEDGED, self.clock.now()

    @rule(key=KEYS)
    def refuse(self, key: str) -> None:
        """Hear from the server that it never takes the result."""
        page = self.book.get(key)
        if page is not None and page.state == PENDING:
            self.outbox.bury(page.seq, "poison")
            page.state = DEAD

    @rule(minutes=st.integers(1, 1_000))
    def wait(self, minutes: int) -> None:
        """Let time pass, and forget what is old enough."""
        self.clock.time += timedelta(minutes=minutes)
        self.run(self.outbox.prune())
        oldest = self.clock.now() - KEPT
        for key, page in [*self.book.items()]:
            if page.is_forgotten(oldest):
                del self.book[key]

    @rule(is_kill=st.booleans())
    def die_and_start(self, is_kill: bool) -> None:
        """End, by a kill or in peace, and start again."""
        self.run(self.outbox.settle())
        self.lives += 1
        left, self.folder = self.folder, self.home / str(self.lives)
        if is_kill:
            shutil.copytree(left, self.folder)
            self.run(self.outbox.close())
        else:
            self.run(self.outbox.close())
            shutil.copytree(left, self.folder)
        shutil.rmtree(left)
        self.outbox = self.open()
        recovered = self.run(self.outbox.recover(build_recovered))
        lost = [key for key, page in self.book.items() if page.state == RUNNING]
        assert sorted(result.call_sid for result in recovered) == sorted(lost)
        waiting = self.run(self.outbox.list_waiting(0, 100, 1 << 20))
        for page in self.book.values():
            page.is_open = False
        for each in waiting:
            page = self.book[each.result.call_sid]
            assert page.state in {RUNNING, PENDING}
            page.state, page.seq = PENDING, each.seq

    @invariant()
    def every_call_is_in_one_account(self) -> None:
        """Compare the accounts with the book."""
        self.run(self.outbox.settle())
        accounts = inspect_outbox(self.folder / "calls.db").accounts
        states = Counter(page.state for page in self.book.values())
        assert accounts.started == len(self.book)
        assert accounts.running == states[RUNNING]
        assert accounts.pending == states[PENDING]
        assert accounts.acknowledged == states[ACKNOWLEDGED]
        assert accounts.dead == states[DEAD]
        backlog = self.outbox.backlog()
        assert (backlog.pending, backlog.dead_letters) == (states[PENDING], states[DEAD])

    def teardown(self) -> None:
        """Close all."""
        self.run(self.outbox.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.home)
        logging.disable(logging.NOTSET)


def result_of(key: str) -> pb.CallResult:
    """Build a first-hand result."""
    return pb.CallResult(call_sid=key, report_id=f"report of {key}", summary="told first-hand")


def build_recovered(
    draft: pb.CallResult, _turns: Sequence[pb.TranscriptTurn], _was_claimed: bool
) -> pb.CallResult:
    """Build the result of a lost call."""
    return pb.CallResult(call_sid=draft.call_sid, report_id=f"recovered {draft.call_sid}")


def test_i11_every_started_call_is_in_one_account_whatever_happens() -> None:
    run_state_machine_as_test(
        OutboxAccounts,
        settings=settings(max_examples=12, stateful_step_count=25, deadline=None, database=None),
    )


@pytest.mark.chaos
def test_i11_sixty_long_histories_lose_no_call_from_the_accounts() -> None:
    run_state_machine_as_test(
        OutboxAccounts,
        settings=settings(max_examples=60, stateful_step_count=50, deadline=None, database=None),
    )
