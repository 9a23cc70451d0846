"""The fixture that the life of a call is tested with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.life_rig import Rig, life_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with life_rig(tmp_path) as opened:
        yield opened
