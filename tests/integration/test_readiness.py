"""GET /readyz of the Call Handler: what keeps it from taking orders, in plain words."""

import resource
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from tests.integration.handler_rig import Handler, running_handler, settings_of
from tests.integration.scripted_carrier import CREATED, answer, carrier

NOBODY = "http://127.0.0.1:9"


@contextmanager
def files_no_longer_than(max_bytes: int) -> Iterator[None]:
    """Let no file of this process grow longer, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def readiness(handler: Handler) -> tuple[int, str, str]:
    """Ask whether it is ready: the answer's code, its status and its reason."""
    answered = await handler.client.get("/readyz")
    body = answered.json()
    return answered.status_code, body["status"], body["reason"]


async def test_f40_a_handler_without_disk_space_says_so_until_there_is_some(tmp_path: Path) -> None:
    async with carrier(answer(201, CREATED)) as (book, _), AsyncExitStack() as opened:
        with files_no_longer_than(500_000):  # each of four calls has 256 KiB held back
            settings = settings_of(tmp_path, book.url)
            handler = await opened.enter_async_context(running_handler(settings))
            code, status, reason = await readiness(handler)
            refused = await handler.order()
        assert (code, status, "the disk is full" in reason) == (503, "refusing", True)
        assert (refused.status_code, refused.json()["error"]) == (429, "disk")
        assert refused.json()["message"] == reason
        assert await readiness(handler) == (200, "ready", "")
        assert (await handler.order()).status_code == 201


async def test_f41_a_handler_whose_outbox_was_deleted_says_so(tmp_path: Path) -> None:
    async with running_handler(settings_of(tmp_path, NOBODY)) as handler:
        assert await readiness(handler) == (200, "ready", "")
        (tmp_path / "handler-outbox.db").unlink()
        code, status, reason = await readiness(handler)
        assert (code, status) == (503, "refusing")
        assert "deleted" in reason
        assert "restart" in reason
