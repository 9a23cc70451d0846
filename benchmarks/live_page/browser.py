"""A headless Chromium on the load's core, through playwright as the page tests use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_missing() -> str:
    """Say why no page can be measured here; empty when one can."""
    return "" if CHROMIUM.exists() else f"there is no {CHROMIUM}"


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Run the browser; its processes stay on our core."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(_ARGUMENTS)
        )
        try:
            yield browser
        finally:
            await browser.close()
