"""The runner's own parts: what is planned, what is shown, what fails a run."""

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from foundation.failpoints import FAILPOINTS
from tests.chaos.__main__ import choose_stages, read_arguments
from tests.chaos.crowd import MIX, plan_errands, plan_numbers
from tests.chaos.failpoints import OF_HANDLER, OF_ORCHESTRATOR, share_points
from tests.chaos.findings import find_shortfall, say_spread
from tests.chaos.history import tell_history
from tests.chaos.judge import judge
from tests.chaos.killer import KILLS, OTHERS, plan_falls
from tests.chaos.marked_tests import DONE_ELSEWHERE, HOME
from tests.chaos.progress import Lines
from tests.chaos.stage import Context, KillRow, Stage, StageReport, Violation
from tests.chaos.table import StageOutcome, has_failed, say_verdict, tabulate_kills, write_markdown
from tests.chaos.waves import (
    LEAST_CALLS,
    Runner,
    count_calls,
    plan_waves,
    repeat_command,
    run_stage,
)
from tests.unit.chaos.test_judge import CALL, SID, good_run, lines_of, result_of, run_of

ROW = KillRow("kill -9", "sqlite", kills=3, calls=20, results=20, slowest_s=1.5, p99_s=1.25)


async def broken(context: Context) -> StageReport:
    raise RuntimeError(f"seed {context.seed}")


def outcome(*violations: Violation, skipped: str = "") -> StageOutcome:
    report = StageReport([ROW], {"turns": "4"}, list(violations), skipped)
    return StageOutcome("random-kills", "Random kills", report, 61.0)


def test_a_seed_plans_the_same_falls_and_errands_again() -> None:
    def plan() -> tuple[object, object]:
        dice = random.Random("7 plan")  # noqa: S311 - repeatable, not secret
        numbers = plan_numbers(50, dice)
        return plan_errands(120, numbers, dice), plan_falls(40, 120, dice)

    assert plan() == plan()


def test_every_kind_of_fall_comes_and_all_fall_within_the_calls() -> None:
    plan = plan_falls(30, 300, random.Random(1))  # noqa: S311 - repeatable, not secret
    assert sum(fall.kind in KILLS for fall in plan) == 30
    assert sum(fall.kind in OTHERS for fall in plan) == 9
    assert {fall.kind for fall in plan} == {*KILLS, *OTHERS}
    assert all(0 <= fall.after_orders < 300 for fall in plan)


def test_the_mix_is_a_hundred_calls_and_every_errand_has_a_key_of_its_own() -> None:
    numbers = plan_numbers(150, random.Random(2))  # noqa: S311 - repeatable, not secret
    errands = plan_errands(400, numbers, random.Random(3))  # noqa: S311 - repeatable, not secret
    assert sum(MIX.values()) == 100
    assert len({errand.key for errand in errands}) == 400
    assert len(numbers) == 150


def test_fewer_calls_or_falls_than_ordered_fail_a_run() -> None:
    verdict = judge(good_run())
    assert find_shortfall(verdict, [], calls=2, kills=0) == []
    assert len(find_shortfall(verdict, [], calls=3, kills=1)) == 2


async def test_a_stage_that_breaks_off_is_a_violation() -> None:
    context = Context(7, is_quick=True, folder=Path(), progress=lambda *_: None)
    report = await run_stage(Stage("broken", "Broken", broken), context)
    assert report.violations[0].what == "the stage broke off: RuntimeError: seed 7"


def test_only_named_stages_run_else_those_of_the_run() -> None:
    quick, full = Stage("a", "A", broken), Stage("b", "B", broken, is_in_quick=False)
    assert choose_stages([quick, full], "", is_quick=True) == [quick]
    assert choose_stages([quick, full], "", is_quick=False) == [quick, full]
    assert choose_stages([quick, full], "b", is_quick=True) == [full]


def test_neighbours_of_one_company_run_together_and_the_others_alone() -> None:
    alone, one, two, other = (
        Stage(name, name, broken, company=company)
        for name, company in (("a", ""), ("b", "kills"), ("c", "kills"), ("d", ""))
    )
    assert plan_waves([alone, one, two, other]) == [[alone], [one, two], [other]]
    assert plan_waves([one, alone, two]) == [[one], [alone], [two]]


async def test_what_runs_in_the_background_is_not_waited_for_by_the_next_stage(
    tmp_path: Path,
) -> None:
    has_next_begun = asyncio.Event()

    async def compute(_: Context) -> StageReport:
        await has_next_begun.wait()
        return StageReport()

    async def begin(_: Context) -> StageReport:
        has_next_begun.set()
        return StageReport()

    runner = Runner(7, is_quick=True, folder=tmp_path, console=Console(quiet=True))
    stages = [Stage("a", "A", compute, is_background=True), Stage("b", "B", begin)]
    async with asyncio.timeout(30):
        outcomes = await runner.run_all(stages)
    assert [outcome.name for outcome in outcomes] == ["a", "b"]


def test_a_full_run_with_too_few_calls_fails() -> None:
    rows = [replace(ROW, calls=LEAST_CALLS - 20)]
    enough = StageOutcome("caps", "Caps", StageReport(rows), 1.0)
    assert count_calls([outcome(), enough]).report.violations == []
    assert len(count_calls([outcome()]).report.violations) == 1


@pytest.mark.parametrize("times", [3, 20])
def test_both_databases_together_die_at_each_failpoint_as_often_as_ordered(times: int) -> None:
    dice = random.Random(4)  # noqa: S311 - repeatable, not secret
    shares = [share_points(OF_HANDLER, times, name, dice) for name in ("sqlite", "postgres")]
    assert Counter(itertools.chain(*shares)) == dict.fromkeys(OF_HANDLER, times)
    assert len(shares[0]) == len(shares[1])


def test_every_failpoint_of_the_product_has_its_deaths() -> None:
    assert sorted(OF_ORCHESTRATOR + OF_HANDLER) == sorted(FAILPOINTS)


def test_what_a_stage_of_its_own_does_is_where_the_marked_tests_leave_it_out() -> None:
    assert all((HOME / place).exists() for place in DONE_ELSEWHERE)


def test_an_unknown_stage_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(["--only", "nothing"])
    assert ended.value.code == 2
    assert "random-kills" in capsys.readouterr().err


def test_the_command_that_repeats_a_stage_names_its_seed() -> None:
    expected = "make chaos QUICK=1 SEED=5 ONLY=random-kills"
    assert repeat_command(5, "random-kills", is_quick=True) == expected


def test_without_a_terminal_progress_is_a_line_every_ten_seconds() -> None:
    lines: list[str] = []
    times = iter([0.0, 4.0, 11.0, 15.0, 22.0])
    progress = Lines(lines.append, lambda: next(times), "kills")
    for done in range(1, 5):
        progress.tell(done, 9, "calls")
    assert lines == ["  0:11 kills: 2 of 9, calls", "  0:22 kills: 4 of 9, calls"]


def test_a_violation_or_a_run_of_nothing_fails() -> None:
    assert not has_failed([outcome()])
    assert has_failed([outcome(), outcome(Violation("a call has no result"))])
    assert has_failed([outcome(skipped="no strace")])
    assert has_failed([])


def test_the_table_adds_up_and_says_the_same_in_markdown() -> None:
    table = tabulate_kills([outcome(), outcome()])
    assert table.rows[-1][:5] == ("in all", "", "6", "40", "40")
    text = write_markdown([outcome()], ["seed 5"], 61.0)
    assert "| kill -9 | sqlite | 3 | 20 | 20 | 0 | 0 | 0 | 0 | 1.50 | 1.25 |" in text
    assert "- turns: 4" in text
    assert say_verdict([outcome()], 61.0) in text


def test_of_fewer_than_a_hundred_calls_the_slowest_is_told_and_no_p99() -> None:
    assert say_spread([0.5] * 98 + [2.5]) == "99 calls, p50 0.50 s, slowest of 99 2.50 s"
    assert say_spread([0.5] * 99 + [2.5]) == "100 calls, p50 0.50 s, p99 0.50 s, slowest 2.50 s"


def test_a_history_puts_ledger_logs_and_falls_in_order(tmp_path: Path) -> None:
    line = f"1970-01-01T00:16:45.000000Z [info     ] call_changed call_id={CALL} state=waiting\n"
    (tmp_path / "handler-1.log").write_text(f"no time\n{line}")
    run = run_of(lines_of(CALL, SID), [result_of(CALL, SID)])
    history = tell_history(CALL, run, tmp_path, [{"state": "final"}])
    words = "\n".join(history)
    order = ["person: confirmed", '"accepted"', "handler-1: [info", '"completed"', "watcher:"]
    places = [words.index(word) for word in order]
    assert places == sorted(places)
    assert "API: " in words
