"""A Call Handler that cannot start says why in one line."""

from pathlib import Path

import pytest

from call_handler.app import create_app
from call_handler.settings import HandlerSettings
from foundation.server import CannotStart


async def start(data_dir: Path, **settings: object) -> None:
    app = create_app(HandlerSettings.model_validate({"data_dir": data_dir, **settings}))
    async with app.router.lifespan_context(app):
        pytest.fail("it started")


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="RINGBACK_DATA_DIR"):
        await start(tmp_path / "file" / "data")


async def test_a_key_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "stream.key").write_text("no key")
    with pytest.raises(CannotStart, match=r"stream\.key"):
        await start(tmp_path)


async def test_an_outbox_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "handler-outbox.db").mkdir()
    with pytest.raises(CannotStart, match=r"cannot open the outbox .*handler-outbox\.db"):
        await start(tmp_path)


async def test_a_shared_key_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    shared = tmp_path / "shared.key"
    with pytest.raises(CannotStart, match=r"RINGBACK_STREAM_KEY_FILE: .*openssl rand"):
        await start(tmp_path, stream_key_file=shared)
    assert not shared.exists()


async def test_a_shared_key_that_is_too_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "shared.key").write_text("00ff")
    with pytest.raises(CannotStart, match=r"RINGBACK_STREAM_KEY_FILE: .*too short"):
        await start(tmp_path, stream_key_file=tmp_path / "shared.key")
