"""The benchmarks' arithmetic, judgement, tables, files and plots: all that needs no measuring."""

import os
import re
import select
import signal
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree as ET  # our own SVG is read

import pytest

from benchmarks.catalogue import BENCHMARKS
from benchmarks.goals import GOALS, find_goal
from benchmarks.harness import (
    ChildEnded,
    Line,
    Mismatch,
    Run,
    child,
    cpu_ns,
    quantiles,
    require_equal,
)
from benchmarks.harness.judging import Evidence, Judgement, judge
from benchmarks.harness.plots.axes import scale_from_zero, scale_of
from benchmarks.harness.plots.histogram import count_bins
from benchmarks.harness.repetitions import Repetitions
from benchmarks.harness.results_file import read_results
from benchmarks.harness.tables import build_grid, fold, name_figure, say_numbers
from benchmarks.page import PAGE, write_page
from benchmarks.scoreboard import Finished, collect_verdicts, tabulate


def two_cases() -> Repetitions:
    repetitions = Repetitions()
    for anchor, ours in ((100.0, 90.0), (200.0, 190.0), (120.0, 96.0)):
        repetitions.add("anchor", {"per_s": anchor})
        repetitions.add("ours", {"per_s": ours, "p50_ms": 1.25})
    return repetitions


def test_a_ratio_is_of_neighbours_in_time() -> None:
    ratio = two_cases().ratio("ours", "anchor", "per_s")

    assert (ratio.median, ratio.low, ratio.high) == (0.9, 0.8, 0.95)


def test_quantiles_are_samples_by_nearest_rank() -> None:
    told = quantiles(range(1, 201))

    assert (told.p50, told.p90, told.p99, told.worst, told.n) == (100, 180, 198, 200, 200)


@pytest.mark.parametrize(
    ("measured", "evidence", "judgement"),
    [
        (0.90, Evidence("echo", 3, 0.10), Judgement.MET),
        (0.89, Evidence("echo", 3, 0.10), Judgement.SHORT),
        (0.95, Evidence("echo", 3, 0.26), Judgement.NOT_JUDGED),
        (0.95, Evidence("echo", 1, 0.0), Judgement.NOT_JUDGED),
        (0.95, Evidence("echo", 3, 0.1, load=0.86), Judgement.NOT_JUDGED),
        (0.95, Evidence("echo", 3, 0.1, errors=1), Judgement.NOT_JUDGED),
        (float("nan"), Evidence(), Judgement.NOT_JUDGED),
    ],
)
def test_a_goal_is_judged_only_on_good_evidence(
    measured: float, evidence: Evidence, judgement: Judgement
) -> None:
    verdict = judge(find_goal("1/64"), measured, evidence)

    assert verdict.judgement is judgement
    assert bool(verdict.reason) == (judgement is Judgement.NOT_JUDGED)


def test_the_worst_verdict_of_a_goal_counts_and_a_crash_is_told() -> None:
    short, met = (judge(find_goal("2"), value, Evidence()) for value in (4.0, 2.0))
    report_unary = BENCHMARKS[0]

    verdicts = collect_verdicts([Finished(report_unary, [met, short], "it broke")], with_peers=True)

    assert [verdict.judgement for verdict in verdicts] == [
        Judgement.NOT_JUDGED,
        Judgement.NOT_JUDGED,
        Judgement.SHORT,
    ]
    assert "it broke" in verdicts[0].reason
    assert all(len(line) <= 80 for line in tabulate(verdicts, 80))


def test_every_goal_has_its_benchmark_and_every_benchmark_its_module() -> None:
    names = {benchmark.name for benchmark in BENCHMARKS}
    folder = Path(__file__).parents[3] / "benchmarks"

    assert {goal.benchmark for goal in GOALS} <= names
    assert len({goal.id for goal in GOALS}) == len(GOALS)
    assert not [name for name in names if not (folder / f"{name}.py").exists()]


def test_the_page_has_one_place_for_the_goals_and_for_each_benchmark() -> None:
    places = re.findall(r"<!-- results: (\w+) -->\n", PAGE.read_text(encoding="utf-8"))

    assert sorted(places) == sorted(["goals", *(benchmark.name for benchmark in BENCHMARKS)])


def test_the_page_is_filled_between_its_markers_and_again_in_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- results: report_floor -->\nold\n<!-- end -->\nafter\n")

    for _ in range(2):
        write_page(page, tmp_path)

    filled = "before\n<!-- results: report_floor -->\nNot measured yet.\n<!-- end -->\nafter\n"
    assert page.read_text(encoding="utf-8") == filled


def test_a_table_shows_median_range_ratio_and_what_else_is_asked_for() -> None:
    lines = [Line("anchor", "anchor"), Line("ours", "anchor", columns=("p50_ms",))]

    head, _, ours = build_grid(lines, two_cases()).to_text(100)

    assert head.split("  ")[0] == "case"
    assert ours.split() == ["ours", "96", "[90-190]", "0.90x", "[0.80-0.95]", "1.25"]


def test_columns_that_do_not_fit_follow_below_under_the_same_cases() -> None:
    assert fold([10, 30, 30, 20], 80) == [[0, 1, 2], [0, 3]]


@pytest.mark.parametrize(
    ("name", "head"),
    [("p50_ms", "p50, ms"), ("per_s", "per s"), ("cpu_us", "CPU, us"), ("call_kb", "call, KB")],
)
def test_the_unit_of_a_figure_stands_in_its_head(name: str, head: str) -> None:
    assert name_figure(name) == head


def test_a_column_has_the_same_decimals_all_the_way() -> None:
    assert say_numbers([0.25, 1234.5, None]) == ["0.250", "1,234.500", ""]


def test_scales_end_at_a_round_value_and_take_decades_by_their_logarithm() -> None:
    linear, decades = scale_from_zero(4_711, 0, 100), scale_of([10, 1e3, 1e6], 0, 100)

    assert linear.high == 5_000
    assert not linear.is_log
    assert decades.at(1e3) == pytest.approx(40)


def test_samples_beyond_the_foot_are_not_drawn() -> None:
    assert count_bins([0.1, 0.6, 0.7, 1.0, 9.0], 1.0, 2) == [1, 2]


def test_counts_that_must_agree_and_do_not_are_an_error() -> None:
    with pytest.raises(Mismatch, match="rows stored: 9, expected 10"):
        require_equal("rows stored", 9, 10)


def test_a_child_is_spoken_with_by_lines_and_its_last_words_are_kept() -> None:
    with child(["sh", "-c", "read it; echo got $it; echo oops >&2; exit 3"]) as talker:
        talker.tell("this")

        assert talker.line() == "got this"
        with pytest.raises(ChildEnded, match=r"ended with 3\n  oops"):
            talker.line()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits by Linux's pidfd")
def test_a_benchmark_that_is_killed_leaves_no_child_behind() -> None:
    starts = "from benchmarks.harness import child\nprint(child(['sleep', '60']).pid, flush=True)\n"
    with child([sys.executable, "-c", f"{starts}input()"]) as benchmark:
        left = os.pidfd_open(int(benchmark.line()))
        os.kill(benchmark.pid, signal.SIGKILL)
        ended, _, _ = select.select([left], [], [], 10.0)
        os.close(left)

    assert ended


def test_the_cpu_time_of_a_thread_that_ended_is_counted() -> None:
    before = cpu_ns(os.getpid())
    thread = threading.Thread(target=lambda: sum(range(200_000)))
    thread.start()
    thread.join()

    assert cpu_ns(os.getpid()) - before > 500_000


def test_a_run_keeps_what_it_measured_and_draws_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["it", "--gate", "--repeats", "2", "--results", str(tmp_path)])
    run = Run("report_unary", profile="small")
    for turn in run.interleave(["echo", "Report"]):
        run.add(turn.case, per_s=100.0 + turn.repetition, at_once=1.0)
        run.add_samples(turn.case, "ack_ms", [1.0, 2.0, 3.0])
    run.table("One table", [Line("Report", "echo")])
    run.judge("1/64", measured=0.5, anchor="echo")
    run.bars("Bars", "per_s", ["echo", "Report"], anchor="echo")
    run.lines("Lines", "at_once", "per_s", {"ours": ["Report"]})
    run.histogram("Histogram", "ack_ms", ["Report"])

    code = run.finish()

    kept = read_results(tmp_path / "report_unary.jsonl")
    assert code == 1  # --gate, and one goal falls short
    assert kept.repetitions.values("Report", "per_s") == [100.0, 101.0]
    assert kept.samples["Report", "ack_ms"] == [1.0, 2.0, 3.0] * 2
    assert kept.tables == [("One table", [Line("Report", "echo")])]
    assert [verdict.judgement for verdict in kept.verdicts] == [Judgement.SHORT]
    drawn = sorted((tmp_path / "plots").iterdir())
    assert [ET.parse(path).getroot().tag.rpartition("}")[2] for path in drawn] == ["svg"] * 3  # noqa: S314 - our own
    assert "goal 1/64" in capsys.readouterr().out
