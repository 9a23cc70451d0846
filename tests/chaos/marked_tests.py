"""A stage: the tests that are marked `chaos`, because they kill processes or run long."""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.stage import Context, Stage, StageReport, Violation

HOME = Path(__file__).parents[2]
# What a stage of its own does already; and the pages' tests, which kill nothing: .ci/run has them.
DONE_ELSEWHERE = (
    "tests/mutants",
    "tests/faults/power_cut",
    "tests/e2e/test_page.py",
    "tests/e2e/test_page_errand.py",
    "tests/e2e/test_phone_page.py",
)
_LAST_LINES = 60
_PROCESSES = 3
"""Most of these tests wait; those of a file share a system and stay together."""
_SKIPPED = re.compile(r"SKIPPED \[(?P<count>\d+)\] \S+: (?P<reason>.+)")


async def run_marked_tests(context: Context) -> StageReport:
    """Run them with pytest, three files at a time."""
    context.progress(0, 1, "pytest -m chaos")
    log = context.folder / "pytest.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "pytest",
                "-m",
                "chaos",
                "-q",
                "-rs",
                "--durations=12",
                "-p",
                "no:cacheprovider",
            ),
            *("-n", str(_PROCESSES), "--dist", "loadfile"),
            *(f"--ignore={folder}" for folder in DONE_ELSEWHERE),
            cwd=HOME,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    report = StageReport(figures={"pytest": lines[-1].strip("= ") if lines else "said nothing"})
    report.figures |= list_skipped(lines)
    if code:
        what = f"pytest -m chaos ended with {code}."
        report.violations.append(Violation(what, tuple(lines[-_LAST_LINES:])))
    return report


def list_skipped(lines: Sequence[str]) -> dict[str, str]:
    """Say of each reason how many tests were skipped for it: what a run without the tool lacks."""
    found = [match for line in lines if (match := _SKIPPED.match(line))]
    counts: Counter[str] = Counter()
    for match in found:
        counts[match["reason"]] += int(match["count"])
    return {f"skipped: {reason}": f"{count} tests" for reason, count in counts.items()}


STAGE = Stage(
    "marked-tests",
    "tests that kill processes or run long",
    run_marked_tests,
    is_in_quick=False,
)
