"""The chaos runs' own system: parts die alone, come back, and their replicas stand in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringback_cli.wire import send_json
from tests.chaos.system import Fleet

pytestmark = pytest.mark.chaos


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with Fleet(tmp_path / "fleet", "postgres", orchestrators=2, handlers=2) as running:
        yield running


async def test_a_part_is_killed_alone_and_comes_back(fleet: Fleet) -> None:
    await fleet.kill("orchestrator-1")
    assert not fleet.is_alive("orchestrator-1")
    assert fleet.is_alive("orchestrator-2")
    assert send_json("POST", f"{fleet.page(2)}/api/tasks", {})["task_id"]
    await fleet.start("orchestrator-1")
    await fleet.ready("orchestrator-1")
    assert [kill.name for kill in fleet.kills] == ["orchestrator-1"]


async def test_an_idle_part_ends_at_the_first_request(fleet: Fleet) -> None:
    assert await fleet.stop("handler-2") == 0
