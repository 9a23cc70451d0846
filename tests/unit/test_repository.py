"""The repository itself: what must not be committed, and that the papers tell the truth."""

import re
import subprocess
from pathlib import Path

import pytest

from call_handler.settings import HandlerSettings
from foundation.settings import PREFIX, SETTING_NAMES
from orchestrator.settings import OrchestratorSettings

ROOT = Path(__file__).parents[2]
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(["wo" + "rk", "fa" + "rm"]) + r")/")


def committed(pattern: str) -> list[Path]:
    listed = subprocess.run(  # noqa: S603 - git from PATH, our own arguments
        ["git", "ls-files", "--", pattern],  # noqa: S607 - git from PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_the_lock_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    assert len(lines) > 100
    assert not [line for line in lines if "://" in line or line.startswith("--")]


def test_no_file_names_a_path_of_one_machine() -> None:
    if not committed("*"):
        pytest.skip("not a git checkout")
    texts = [path for path in committed("*") if path.suffix not in {".binpb", ".png"}]

    assert not [p for p in texts if MACHINE_PATH.search(p.read_text(encoding="utf-8"))]


def test_every_make_target_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"make ([a-z]+)", readme)) - {"s", "sure"} <= targets


def test_every_link_in_the_papers_leads_somewhere() -> None:
    papers = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (paper, target)
        for paper in papers
        for target in re.findall(r"\]\(([^)#:]+)\)", paper.read_text())
    ]

    assert links
    assert not [str(target) for paper, target in links if not (paper.parent / target).exists()]


def test_every_file_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`([\w .]+/[\w ./]*)`", text)
    paths = [name.replace(".../", "Pizza Agent/call_handler/") for name in named]

    assert len(paths) > 10
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_every_known_setting_is_read_by_a_service() -> None:
    read = {
        f"{PREFIX}{name.upper()}"
        for service in (OrchestratorSettings, HandlerSettings)
        for name, field in service.model_fields.items()
        if field.validation_alias is None
    }

    assert set(SETTING_NAMES) == read


def test_every_setting_in_the_example_is_a_known_one() -> None:
    names = re.findall(r"^(RINGBACK_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert names
    assert set(names) <= set(SETTING_NAMES)
