"""A stage: the tests that are marked `chaos`, because they kill processes or run long."""

import asyncio
import sys
from pathlib import Path

from tests.chaos.stage import Context, Stage, StageReport, Violation

HOME = Path(__file__).parents[2]
_LAST_LINES = 60


async def run_marked_tests(context: Context) -> StageReport:
    """Run them with pytest, one after the other."""
    context.progress(0, 1, "pytest -m chaos")
    log = context.folder / "pytest.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-m", "chaos", "-q", "-p", "no:cacheprovider"),
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
    if code:
        what = f"pytest -m chaos ended with {code}."
        report.violations.append(Violation(what, tuple(lines[-_LAST_LINES:])))
    return report


STAGE = Stage(
    "marked-tests",
    "tests that kill processes or run long",
    run_marked_tests,
    is_in_quick=False,
)
