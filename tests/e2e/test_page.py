"""The chat page in a real browser, with the calls played by the test."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from foundation.clock import SystemClock
from orchestrator.store import Store
from ringback.v1 import call_results_pb2 as pb
from tests.e2e.browser import needs_chromium, open_page
from tests.fresh_file import fresh_database
from tests.integration.chat_rig import (
    DISCLOSURE,
    HELLO,
    ORDER,
    PRICE,
    TALK,
    ChatRig,
    busy,
    running_chat,
    taken,
)
from tests.integration.question_rig import FUNGHI, ask

# One event loop for the module, because the browser belongs to it.
pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chat(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ChatRig]:
    file = tmp_path_factory.mktemp("chat") / "ringback.db"
    store = await Store.open(fresh_database(file), SystemClock())
    async with running_chat(store, on_port=True) as rig:
        yield rig
    await store.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """Open a page for all tests that neither close nor resize it."""
    async with open_page(browser) as opened:
        yield opened


async def begin(page: Page, chat: ChatRig) -> None:
    """Show an empty conversation."""
    await page.goto(f"{chat.url}/?new")


async def write(page: Page, text: str) -> None:
    """Type a message and send it by the Enter key."""
    await page.get_by_label("Your message").fill(text)
    await page.keyboard.press("Enter")


async def order(page: Page, chat: ChatRig, text: str = ORDER) -> str:
    """Order and press Call now; return the call's id."""
    await begin(page, chat)
    await write(page, text)
    await page.get_by_role("button", name="Call now").click()
    details = page.locator("call-card").last.get_by_role("link", name="Details")
    await expect(details).to_have_attribute("href", re.compile("/calls/.+"))
    return str(await details.get_attribute("href")).rpartition("/")[2]


async def test_an_errand_from_the_first_word_to_the_result(page: Page, chat: ChatRig) -> None:
    call_id = await order(page, chat)
    card = page.locator("call-card")
    await expect(card.get_by_role("heading")).to_have_text("Call to Luigi's")
    await expect(card.locator("[aria-current=step]")).to_have_text("Dialling")
    await chat.talk(call_id, HELLO)
    await expect(card.locator("[aria-current=step]")).to_have_text("In progress")
    await expect(card.locator(".transcript li")).to_have_count(1)
    await chat.talk(call_id, DISCLOSURE, PRICE, first=1)
    await expect(card.locator(".transcript li").nth(2)).to_contain_text("fourteen fifty")
    await expect(card.get_by_role("button", name="Hang up")).to_be_visible()
    await chat.finish(call_id, taken())
    await expect(card.locator(".badge")).to_have_text("Done")
    await expect(card.locator("dd strong")).to_have_text(["14.50", "20 minutes"])
    await expect(card.locator("dl")).to_contain_text("1 min 5 s")
    await expect(card.locator("dl")).to_contain_text("The assistant hung up.")
    await expect(card.get_by_role("button", name="Hang up")).to_be_hidden()
    await expect(card.locator(".transcript")).to_be_hidden()
    await expect(page.locator(".message").last).to_contain_text("Done: Luigi's took the order.")


async def test_a_fact_leads_to_the_line_that_proves_it(page: Page, chat: ChatRig) -> None:
    call_id = await order(page, chat)
    await chat.talk(call_id, *TALK)
    await chat.finish(call_id, taken())
    await page.get_by_role("link", name="heard in the call").first.click()
    proof = page.locator(f"#turn-{call_id}-2")
    await expect(proof).to_contain_text(PRICE[1])
    await expect(proof).to_be_visible()
    assert await proof.evaluate("line => line.matches(':target')")


async def test_the_conversation_is_there_on_return(browser: Browser, chat: ChatRig) -> None:
    async with open_page(browser) as page:
        call_id = await order(page, chat)
        address = page.url
        assert "/tasks/" in address
        await page.close()
        await chat.talk(call_id, *TALK)
        await chat.finish(call_id, taken())
        again = await page.context.new_page()
        await again.goto(chat.url)
        await expect(again.locator("call-card .badge")).to_have_text("Done")
        await expect(again).to_have_url(address)
    async with open_page(browser) as elsewhere:
        await elsewhere.goto(address)
        await expect(elsewhere.locator("call-card .badge")).to_have_text("Done")
        await expect(elsewhere.locator(".message.person p")).to_have_text(ORDER)


async def test_f51_call_now_pressed_twice_in_two_windows_is_one_call_there_on_return(
    browser: Browser, page: Page, chat: ChatRig
) -> None:
    async with open_page(browser) as other:
        await begin(other, chat)
        await write(other, ORDER)
        await expect(other.get_by_role("button", name="Call now")).to_be_visible()
        address = other.url
        await page.goto(address)
        await expect(page.get_by_role("button", name="Call now")).to_be_visible()
        press = "document.querySelector('[data-action=confirm]').click()"
        await asyncio.gather(*(each.evaluate(f"{press}; {press}") for each in (page, other)))
        await expect(other.locator("call-card")).to_have_count(1)
        await expect(page.locator("call-card")).to_have_count(1)
        task = await chat.show(address.rpartition("/")[2])
        await other.close()
        await page.goto("about:blank")
        (call,) = task["calls"]
        await chat.finish(call["call_id"], taken())
    await page.goto(address)
    await expect(page.locator("call-card .badge")).to_have_text("Done")
    await expect(page.locator("call-card")).to_have_count(1)


@pytest.mark.chaos
async def test_a_new_order_starts_an_empty_conversation(page: Page, chat: ChatRig) -> None:
    await order(page, chat)
    await page.get_by_role("button", name="New errand").click()
    await expect(page.locator("call-card")).to_have_count(0)
    await expect(page.locator(".message")).to_have_count(1)


async def test_a_busy_line_offers_another_try_and_waits_for_the_word(
    page: Page, chat: ChatRig
) -> None:
    call_id = await order(page, chat)
    await chat.finish(call_id, busy())
    first = page.locator("call-card").first
    await expect(first.locator(".badge")).to_have_text("Not reached")
    await expect(first.locator(".steps .skipped")).to_have_text(
        ["Ringing (not reached)", "In progress (not reached)"]
    )
    await first.get_by_role("button", name="Call again").click()
    await expect(page.locator("call-card")).to_have_count(2)
    await expect(page.locator("call-card h2").last).to_have_text("Call to Luigi's (try 2)")
    await expect(first.get_by_role("button", name="Call again")).to_be_hidden()


async def test_hang_up_asks_the_running_call_to_end(page: Page, chat: ChatRig) -> None:
    call_id = await order(page, chat)
    await chat.talk(call_id, *TALK)
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.locator("call-card .note")).to_have_text("Hanging up ...")
    await expect(page.get_by_role("button", name="Hang up")).to_be_disabled()


async def test_a_question_of_the_call_is_answered_by_keyboard_until_it_is_over(
    page: Page, chat: ChatRig
) -> None:
    call_id = await order(page, chat)
    await chat.talk(call_id, *TALK)
    await page.get_by_label("Your message").focus()
    await ask(chat, call_id, FUNGHI)
    message = page.locator(".message", has_text="Shall I take a funghi?")
    box = message.get_by_label("Your answer")
    await expect(box).to_be_focused()
    await expect(box).to_have_accessible_description(re.compile("They have no margherita"))
    await expect(message.get_by_role("timer")).to_have_text(re.compile(r"(30|29|2\d) s left"))
    await page.keyboard.type("yes, take it")
    await page.keyboard.press("Enter")
    await expect(page.locator("question-form")).to_have_count(0)
    await expect(page.locator(".message.person").last).to_contain_text("yes, take it")
    await expect(page.get_by_label("Your message")).to_be_focused()
    assert (answer := (await ask(chat, call_id, FUNGHI)).answer)
    assert answer.text == "yes, take it"
    await ask(chat, call_id, replace(FUNGHI, question_id="q2", text="Is 18 dollars fine?"))
    await expect(page.locator("question-form")).to_have_count(1)
    await page.reload()
    await expect(page.locator(".message", has_text="18 dollars").locator("form")).to_be_visible()
    await write(page, "no")  # the message box answers as well
    await expect(page.locator("question-form")).to_have_count(0)
    await ask(chat, call_id, replace(FUNGHI, question_id="q3", text="And a cola?"))
    await expect(page.locator("question-form")).to_have_count(1)
    await chat.finish(call_id, taken())
    await expect(page.locator("question-form")).to_have_count(0)


async def test_a_change_after_the_read_back_asks_again(page: Page, chat: ChatRig) -> None:
    await begin(page, chat)
    await write(page, ORDER)
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_label("Your message")).to_be_focused()
    await write(page, "no, make it two")
    await expect(page.locator(".message").last).to_contain_text("two large margheritas")
    await expect(page.get_by_role("button", name="Call now")).to_be_visible()


async def test_a_refused_message_is_told_and_kept_for_another_try(
    page: Page, chat: ChatRig
) -> None:
    may_open = asyncio.Event()

    async def hold(stream: Route) -> None:
        await may_open.wait()
        await stream.continue_()

    await page.route("**/events?*", hold)
    await begin(page, chat)
    await page.get_by_label("Your message").evaluate("box => box.removeAttribute('maxlength')")
    await write(page, "a" * 2001)
    notice = page.locator(".bottom .notice")
    await expect(notice).to_contain_text("at most 2000 characters")
    may_open.set()
    await chat.say(page.url.rpartition("/")[2], "hello")  # comes by the stream: it is open
    await expect(page.locator(".message.person p")).to_have_text("hello")
    await expect(notice).to_contain_text("at most 2000 characters")
    assert len(await page.get_by_label("Your message").input_value()) == 2001
    await page.unroute_all()


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "javascript:alert(4)",
    "<a href='javascript:alert(5)'>x</a>",
    "{{constructor.constructor('alert(6)')()}}",
    "${alert(7)}",
    "<iframe srcdoc='<script>alert(8)</script>'>",
    "<style>@import '//evil.test'</style>",
    "</textarea><script>alert(9)</script>",
    "<details open ontoggle=alert(10)>",
    "<link rel=stylesheet href=//evil.test/x.css>",
)


async def test_no_word_of_a_stranger_runs_as_a_script(browser: Browser, chat: ChatRig) -> None:
    async with open_page(browser, width=390, dark=True) as page:
        everything = " ".join(PAYLOADS)
        call_id = await order(page, chat, f"{ORDER}, tell them {everything}")
        await chat.talk(call_id, *((pb.ROLE_CALLEE, payload) for payload in PAYLOADS))
        await expect(page.locator(".transcript li")).to_have_count(len(PAYLOADS))
        result = taken(with_facts=False)
        result.ClearField("transcript")
        for payload in PAYLOADS:
            result.transcript.add(role=pb.ROLE_CALLEE, text=payload)
        result.summary = result.error_message = everything
        result.facts.add(name="total_price", value=everything, evidence_turns=[0])
        await chat.finish(call_id, result)
        await expect(page.locator("call-card .error")).to_have_text(everything)
        shown = await page.locator(".transcript .words").all_text_contents()
        assert shown == list(PAYLOADS)
        await page.goto(f"{chat.url}/calls/{call_id}")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Call to Luigi's")
        await page.goto(f"{chat.url}/calls")
        link = page.locator(f'a[href="/calls/{call_id}"]')
        await expect(page.locator("tbody tr", has=link)).to_have_count(1)


@pytest.mark.chaos
async def test_a_narrow_phone_never_scrolls_sideways(browser: Browser, chat: ChatRig) -> None:
    task_id, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await chat.finish(call_id, taken())
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    async with open_page(browser, width=320) as page:
        for path in (f"/tasks/{task_id}", "/calls", f"/calls/{call_id}"):
            await page.goto(f"{chat.url}{path}")
            await expect(page.get_by_text("Done").first).to_be_visible()
            assert await page.evaluate(wider) is False, path
