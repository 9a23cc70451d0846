"""A whole call taken by a person in the browser phone, with the real parts as processes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.browser import needs_chromium, open_page
from tests.e2e.conftest import System
from tests.e2e.microphone import browser_with_microphone

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]
ORDER = "A large margherita from Luigi's, pick-up, my name is Ada, call me back on 415 555 0123"
ANSWER = "That will be seventeen eighty, ready in thirty-five minutes."
_CALL_MS = 30_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Run a browser whose microphone hears somebody speak."""
    async with browser_with_microphone(tmp_path_factory.mktemp("microphone")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def chat(browser: Browser) -> AsyncIterator[Page]:
    async with open_page(browser) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser, system: System) -> AsyncIterator[Page]:
    """Open the phone for this test only: an open phone takes every call of the system."""
    async with open_page(browser) as opened:
        await opened.goto(system.addresses.phone)
        await expect(opened.locator("#state")).to_have_text("Waiting for a call.")
        yield opened


async def test_a_call_answered_by_voice_and_by_typing_ends_with_the_price_that_was_typed(
    system: System, chat: Page, phone: Page
) -> None:
    await chat.goto(f"{system.addresses.page}/?new")
    await chat.get_by_label("Your message").fill(ORDER)
    await chat.keyboard.press("Enter")
    await chat.get_by_role("button", name="Call now").click()
    await phone.get_by_role("button", name="Answer").click(timeout=_CALL_MS)
    agent = phone.locator("#lines .agent:not(.begun):not(:has(s))")  # said to its end
    await expect(agent.first).to_contain_text("on behalf of Ada", timeout=_CALL_MS)

    microphone = phone.get_by_role("button", name="Microphone")
    await microphone.click()
    await expect(phone.locator("#lines .callee").first).to_contain_text("(by microphone)")
    await microphone.click()
    asks_again = agent.filter(has_text="did not understand")
    await expect(asks_again).to_be_visible(timeout=_CALL_MS)

    await phone.get_by_label("What you say").fill(ANSWER)
    await phone.keyboard.press("Enter")
    card = chat.locator("call-card").last
    await expect(card.locator(".badge")).to_have_text("Done", timeout=_CALL_MS)
    await expect(card.locator("dd strong")).to_have_text(["17.80", "35 minutes"])
    said = card.locator(".transcript .callee").filter(has_text=ANSWER)
    await expect(said).to_have_count(1)
    await expect(phone.locator("#state")).to_have_text("The call is over.")
