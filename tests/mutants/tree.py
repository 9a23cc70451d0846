"""A copy of the source that mutants are put into, and pytest run there."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Edit, Mutant

HOME = Path(__file__).parents[2]
COPIED = (
    "orchestrator",
    "Pizza Agent",
    "call_reporter",
    "telephony",
    "foundation",
    "sandbox",
    "ringback_cli",
    "generated",
    "proto",
    "tests",
)
PATIENT_S = 300
_FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)
_TESTS_FAILED = 1
_LAST_CHARS = 3_000


class LostPlace(Exception):
    """Says that an edit does not find its text exactly once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks said about a tree."""

    failed: frozenset[str]
    """The tests that failed."""
    is_sound: bool
    """True when every check ran, red or green; false after an import error or a skip."""
    seconds: float
    said: str
    """The end of what pytest printed."""


def apply(edit: Edit, text: str) -> str:
    """Return the text of a file with the edit in it. Raises: LostPlace."""
    count = text.count(edit.old)
    if count != 1:
        raise LostPlace(f"{edit.file}: the text stands there {count} times: {edit.old!r}")
    return text.replace(edit.old, edit.new)


class Tree:
    """A copy of the source; `edited` changes it for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            shutil.copytree(HOME / name, folder / name)
        shutil.copy2(HOME / "pyproject.toml", folder)

    @contextmanager
    def edited(self, mutants: Iterable[Mutant]) -> Iterator[None]:
        """Put mutants into the tree."""
        kept: dict[Path, str] = {}
        for edit in [edit for mutant in mutants for edit in mutant.edits]:
            path = self.folder / edit.file
            text = path.read_text(encoding="utf-8")
            kept.setdefault(path, text)
            path.write_text(apply(edit, text), encoding="utf-8")
        try:
            yield
        finally:
            for path, text in kept.items():
                path.write_text(text, encoding="utf-8")

    def run(self, checks: Sequence[str]) -> Verdict:
        """Run tests in the tree, each to its end."""
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own words only
            [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", *checks],
            cwd=self.folder,
            env=_environment(self.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENT_S,
            check=False,
        )
        ran = sum(map(int, re.findall(r"(\d+) (?:passed|failed)", done.stdout[-_LAST_CHARS:])))
        return Verdict(
            frozenset(_FAILED.findall(done.stdout)),
            done.returncode in {0, _TESTS_FAILED} and ran == len(checks),
            time.monotonic() - began,
            done.stdout[-_LAST_CHARS:],
        )


def _environment(folder: Path) -> dict[str, str]:
    """Let processes that the tests start find the copy, and leave no compiled mutant behind."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = os.pathsep.join(str(folder / name) for name in ("", "Pizza Agent", "generated"))
    return {**bare, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
