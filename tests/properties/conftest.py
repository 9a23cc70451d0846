"""The two databases that every property holds on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.life_peers import World
from tests.fresh_file import fresh_database
from tests.postgres import ScriptedDatabase
from tests.properties.bench import Bench, open_bench


@pytest.fixture(params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Open a store that all examples of a test share."""
    server: ScriptedDatabase | None = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
    url = fresh_database(tmp_path / "ringback.db") if server is None else server.url
    with open_bench(url, World(server=server)) as opened:
        yield opened
