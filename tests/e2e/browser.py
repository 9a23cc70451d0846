"""A headless Chromium for the page tests; skipped with the reason where there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# A limit of patience, not a wait: two shared cores may be busy with a whole system beside the page.
expect.set_options(timeout=20_000)

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: the page tests need a browser"
)


@asynccontextmanager
async def running_browser(*arguments: str) -> AsyncIterator[Browser]:
    """Run the browser, with more command line `arguments` if a test needs them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*_ARGUMENTS, *arguments]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def open_page(
    browser: Browser, *, width: int = 1000, dark: bool = False
) -> AsyncIterator[Page]:
    """Open a page that fails the test when a script errs or asks another host for anything."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",  # a pulse is drawn sixty times a second, without a graphics card
    )
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith("http://127.0.0.1:")
            else wrong.append(f"foreign request: {request.url}")
        ),
    )
    page.on(
        "console",
        lambda line: (
            wrong.append(f"policy: {line.text}") if "Content Security Policy" in line.text else None
        ),
    )
    yield page
    await context.close()
    assert wrong == []
