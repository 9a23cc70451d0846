"""The phone page in a real browser: what it rings, sounds, sends and shows."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.mulaw import is_loud
from sandbox.scenarios import SCENARIOS
from tests.e2e.browser import needs_chromium, open_page
from tests.e2e.microphone import browser_with_microphone
from tests.integration.phone_rig import GREETING, STATUS, Agent
from tests.integration.sandbox_carrier_rig import How, Rig, Talker, running_rig

# One event loop for the module, because the browser belongs to it.
pytestmark = [needs_chromium, pytest.mark.chaos, pytest.mark.asyncio(loop_scope="module")]
SHOP = "Luigi's"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    folder = tmp_path_factory.mktemp("phone")
    async with running_rig(folder, lambda: Talker([], hang_up_at=60), how=How(factor=4)) as rig:
        rig.world.book.scenarios = SCENARIOS
        yield rig


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with browser_with_microphone(tmp_path_factory.mktemp("microphone")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page(browser: Browser, rig: Rig) -> AsyncIterator[Page]:
    """Open the phone once: an open page takes every call."""
    async with open_page(browser) as opened:
        await opened.goto(f"http://127.0.0.1:{rig.ports.control}")
        await expect(opened.locator("#state")).to_have_text("Waiting for a call.")
        yield opened


async def ring(rig: Rig, page: Page) -> Agent:
    """Let the phone ring; gives the product's end of the call."""
    rig.product.webhooks.clear()
    rig.product.handle_stream = agent = Agent()
    await rig.create()
    await expect(page.locator("#state")).to_have_text(f"{SHOP} is ringing.")
    return agent


async def answer(rig: Rig, page: Page) -> Agent:
    """Let the phone ring and answer it by the keyboard."""
    agent = await ring(rig, page)
    await pick_up(page)
    return agent


async def pick_up(page: Page) -> None:
    """Answer the phone that rings by the keyboard."""
    await page.keyboard.press("Enter")
    await expect(page.locator("#state")).to_have_text("You are connected.")


async def hang_up(page: Page) -> None:
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.locator("#state")).to_have_text("You hung up.")


async def last_word(rig: Rig, count: int) -> tuple[str, str]:
    """Wait for the last of `count` status callbacks; its status and its SIP code."""
    fields = (await rig.product.wait_for(count, STATUS))[-1].fields
    return fields["CallStatus"], fields.get("SipResponseCode", "")


SOUNDS = (
    "async () => { const { earpiece } = await import('/phone.js');"
    " while (!earpiece.loudness()) await new Promise(requestAnimationFrame); }"
)

TALK_SHOWS = (
    "async () => { const at = (id) => document.getElementById(id);"
    " while (at('state').textContent !== 'You are connected.' || !at('level').value)"
    " await new Promise(requestAnimationFrame); }"
)


async def test_it_rings_aloud_and_in_the_title_and_refusing_is_603(rig: Rig, page: Page) -> None:
    await ring(rig, page)
    await expect(page).to_have_title("Ringing! - Sandbox phone")
    await expect(page.locator("#sound-note")).to_contain_text("press a key, to hear it")
    await page.keyboard.press("Shift")
    await expect(page.locator("#sound-note")).to_be_empty()
    async with asyncio.timeout(30):
        await page.evaluate(SOUNDS)
    await page.get_by_role("button", name="Refuse").click()
    await expect(page.locator("#state")).to_have_text("You refused the call.")
    await expect(page).to_have_title("Sandbox phone")
    assert await last_word(rig, 3) == ("no-answer", "603")


async def test_hanging_up_ends_the_call_for_the_carrier(rig: Rig, page: Page) -> None:
    await answer(rig, page)
    await hang_up(page)
    assert await last_word(rig, 4) == ("completed", "200")


async def test_keys_reach_the_product_and_the_transcript(rig: Rig, page: Page) -> None:
    agent = await answer(rig, page)
    for key in ("1", "star", "hash"):
        await page.get_by_role("button", name=key, exact=True).click()
    await expect(page.locator("#lines .key")).to_have_text(
        ["You pressed 1", "You pressed *", "You pressed #"]
    )
    await hang_up(page)
    assert agent.digits == "1*#"


async def test_the_agent_is_heard_and_what_was_typed_is_spoken(rig: Rig, page: Page) -> None:
    agent = await ring(rig, page)
    showing = asyncio.ensure_future(page.evaluate(TALK_SHOWS))  # sees it however short it is
    await pick_up(page)
    async with asyncio.timeout(30):
        await showing
    await page.get_by_role("button", name="Mute the sound").click()
    await expect(page.locator("#level")).to_have_attribute("value", "0")
    await page.get_by_role("button", name="Mute the sound").click()
    await expect(page.locator("#lines .agent:not(.begun)")).to_contain_text(GREETING)
    await page.get_by_label("What you say").fill("Fourteen fifty.")
    await page.keyboard.press("Enter")
    await expect(page.locator("#lines .callee:not(.begun)")).to_contain_text("Fourteen fifty.")
    frames = await page.evaluate("async () => (await import('/phone.js')).earpiece.frames")
    await hang_up(page)
    assert frames["came"] > 0
    assert frames["played"] > 0
    assert agent.heard == {"Fourteen fifty."}


async def test_a_cut_sentence_is_struck_out_from_where_it_was_cut(rig: Rig, page: Page) -> None:
    await answer(rig, page)
    await page.keyboard.insert_text("never to be spoken to its end, " * 5 + "too long for that")
    await page.keyboard.press("Enter")
    await expect(page.locator("#lines .callee.begun")).to_have_count(1)
    await hang_up(page)
    await expect(page.locator("#lines .callee s")).to_contain_text("too long for that")


async def test_voicemail_takes_the_call_while_the_page_listens(rig: Rig, page: Page) -> None:
    await ring(rig, page)
    await page.get_by_role("button", name="Let it go to voicemail").click()
    await expect(page.locator("#state")).to_contain_text('"voicemail" answers')
    await expect(page.locator("#lines .callee").first).to_contain_text("Callee")
    await page.get_by_role("button", name="Stop listening").click()
    await expect(page.locator("#state")).to_have_text("You hung up.")


async def test_a_picked_fault_takes_the_next_call_and_no_other(rig: Rig, page: Page) -> None:
    choice = page.get_by_label("Who answers it")
    await expect(choice.locator("option")).to_have_count(1 + len(SCENARIOS))
    await choice.select_option("busy")
    await expect(page.locator("#picked")).to_contain_text('it plays "busy". The line is busy.')
    rig.product.webhooks.clear()
    await rig.create()
    assert await last_word(rig, 3) == ("busy", "486")
    await expect(page.locator("#picked")).to_contain_text("The one after it rings here.")
    await ring(rig, page)
    await page.get_by_role("button", name="Refuse").click()
    await expect(page.locator("#state")).to_have_text("You refused the call.")


async def test_a_microphone_is_heard_until_it_is_switched_off(rig: Rig, page: Page) -> None:
    agent = await answer(rig, page)
    await expect(page.locator("#lines .agent:not(.begun)")).to_have_count(1)
    microphone = page.get_by_role("button", name="Microphone")
    await microphone.click()
    await expect(microphone).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#lines .callee")).to_contain_text("(by microphone)")
    await expect(page.locator("#own-level")).not_to_have_attribute("value", "0")
    await microphone.click()
    await expect(page.locator("#own-level")).to_have_attribute("value", "0")
    await expect(page.locator("#lines .begun")).to_have_count(0)
    await hang_up(page)
    assert sum(map(is_loud, agent.sounds)) >= 10


async def test_a_page_from_elsewhere_says_why_it_has_no_microphone(page: Page) -> None:
    said = await page.evaluate(
        "async () => { Object.defineProperty(window, 'isSecureContext',"
        " { value: false, configurable: true });"
        " const said = (await import('/microphone.js')).whyNoMicrophone();"
        " delete window.isSecureContext; return said; }"
    )
    assert said.startswith("Browsers lend the microphone only to pages from localhost or https")


async def test_a_narrow_phone_never_scrolls_sideways(rig: Rig, page: Page) -> None:
    await page.set_viewport_size({"width": 320, "height": 800})
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    await answer(rig, page)
    assert await page.evaluate(wider) is False
    await hang_up(page)


async def test_a_narrow_phone_keeps_the_call_in_sight_and_says_who_ended_it(
    rig: Rig, page: Page
) -> None:
    await page.set_viewport_size({"width": 390, "height": 800})
    agent = await answer(rig, page)
    await expect(page.get_by_label("What you say")).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name="hash").scroll_into_view_if_needed()
    for seen in ("#state", "#hang-up", "#clock"):
        await expect(page.locator(seen)).to_be_in_viewport(ratio=1)
    await expect(page.locator("#lines .agent").first).to_be_attached()  # its stream has started
    end_call = rig.client().calls(agent.call_sid).update
    await asyncio.to_thread(lambda: end_call(status="completed"))
    await expect(page.locator("#detail")).to_contain_text("The agent's side hung up.")
    for seen in ("#state", "#detail"):
        await expect(page.locator(seen)).to_be_in_viewport(ratio=1)
