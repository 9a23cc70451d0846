"""On what a run was made: cores, kernel, versions, commit, load. Never a host name."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_PACKAGES = (
    "grpcio",
    "protobuf",
    "pydantic",
    "sqlalchemy",
    "fastapi",
    "uvicorn",
    "uvloop",
    "websockets",
)


def describe_machine() -> str:
    """Say on what this runs, in one line."""
    cores = os.cpu_count() or 1
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{cores} core{'s' if cores > 1 else ''}, {system}, Python {platform.python_version()}"


def read_versions() -> dict[str, str]:
    """Read the versions of the packages that matter to a figure."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def read_commit() -> str:
    """Say which commit this is, and whether it was changed; "unknown" without git."""
    head = _git("rev-parse", "--short=10", "HEAD")
    if not head:
        return "unknown"
    changed = _git(
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ".",
        ":!benchmarks/results",
        ":!benchmarks/plots",
    )
    return f"{head} with changes" if changed else head


def read_load() -> list[float]:
    """Read the load averages of the last 1, 5 and 15 minutes."""
    return [round(load, 2) for load in os.getloadavg()]


def _git(*arguments: str) -> str:
    try:
        told = subprocess.run(  # noqa: S603 - git from PATH, our own arguments
            ["git", *arguments],  # noqa: S607 - git from PATH
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
