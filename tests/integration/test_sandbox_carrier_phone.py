"""The sandbox phone: a person on the page takes the call instead of the scripted callee."""

from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from sandbox.scenario import RingPlan
from sandbox.scenarios import SCENARIOS
from sandbox.speech import noise, speak
from tests.integration.phone_rig import GREETING, STATUS, Agent, Page, open_page
from tests.integration.sandbox_carrier_rig import FAST, NUMBER, OURS, How, Rig, Talker, running_rig


async def last_status(rig: Rig, count: int) -> tuple[str, str]:
    """Wait for the last of `count` status callbacks; its status and its SIP code."""
    fields = (await rig.product.wait_for(count, STATUS))[-1].fields
    return fields["CallStatus"], fields.get("SipResponseCode", "")


async def hang_up(page: Page) -> None:
    await page.do("hang_up")
    await page.expect("ended")


async def test_a_person_answers_hears_speaks_and_hangs_up(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = agent = Agent()
        await rig.create()
        ringing = await page.expect("ringing")
        await page.do("answer")
        await page.expect("answered")
        said = [await page.expect_line("begun"), await page.expect_line("whole")]
        await page.do("say", "Fourteen fifty.\n")
        said += [await page.expect_line("begun"), await page.expect_line("whole")]
        await page.do("key", "5")
        key = await page.expect("key")
        await rig.product.wait_for(3, STATUS)
        await hang_up(page)
        status, _ = await last_status(rig, 4)
    assert (ringing["number"], ringing["name"]) == (NUMBER, "Luigi's")
    assert (ringing["caller"], key["key"], status) == (OURS, "5", "completed")
    assert said == [("agent", GREETING)] * 2 + [("callee", "Fourteen fifty.")] * 2
    assert (agent.heard, agent.digits) == ({"Fourteen fifty."}, "5")


async def test_the_page_gets_the_agents_sound_untouched(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = Agent()
        await rig.create()
        await page.expect("ringing")
        await page.do("answer")
        await page.expect("answered")
        await page.expect_line("begun")
        await page.expect_line("whole")
        await hang_up(page)
    assert speak(GREETING, "agent") in b"".join(page.frames)


async def test_the_microphones_frames_reach_the_product_untouched(tmp_path: Path) -> None:
    sent = [noise(160, seed) for seed in range(20)]
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = agent = Agent()
        await rig.create()
        await page.expect("ringing")
        await page.do("answer")
        await page.expect("answered")
        await page.expect_line("begun")
        await page.expect_line("whole")
        for frame in sent:
            await page.socket.send(frame)
        lines = [await page.expect_line("begun"), await page.expect_line("whole")]
        await hang_up(page)
    assert agent.sounds == [frame for frame in sent for _ in range(round(FAST.factor))]
    assert lines == [("callee", "")] * 2


async def test_what_the_person_talks_into_is_shown_as_cut(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = Agent()
        await rig.create()
        await page.expect("ringing")
        await page.do("answer")
        await page.expect("answered")
        await page.expect_line("begun")
        await page.do("hang_up")
        line = await page.expect("line")
        await page.expect("ended")
    assert line["state"] == "cut"
    assert GREETING.startswith(line["heard"])


BAD = (
    "{",
    "[]",
    '{"do": 5}',
    '{"do": "say", "text": 7}',
    '{"do": "key", "text": "A"}',
    "[" * 9_000,
)


async def test_what_makes_no_sense_is_ignored(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.product.handle_stream = agent = Agent()
        await rig.create()
        await page.expect("ringing")
        await page.do("say", "Too early.")
        await page.do("answer")
        await page.expect("answered")
        for bad in (*BAD, b"", b"\x00" * 159, b"\x00" * 16_000):
            await page.socket.send(bad)
        await page.do("say", "Just \ud800 right.\x00")
        lines = {await page.expect_line("begun") for _ in range(2)}
        assert [await page.expect_line("whole") for _ in range(2)]
        await hang_up(page)
    assert lines == {("agent", GREETING), ("callee", "Just  right.")}
    assert (agent.digits, agent.sounds) == ("", [])


async def test_refusing_is_603(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        await rig.create()
        await page.expect("ringing")
        await page.do("refuse")
        await page.expect("ended")
        assert await last_status(rig, 3) == ("no-answer", "603")


async def test_letting_it_ring_is_no_answer(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        await rig.create(timeout=5)
        await page.expect("ringing")
        await page.expect("ended")
        assert await last_status(rig, 3) == ("no-answer", "487")


async def test_voicemail_takes_the_call_and_the_page_listens(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig, open_page(rig) as page:
        rig.world.book.scenarios = SCENARIOS
        rig.product.handle_stream = Agent()
        await rig.create(time_limit=4)
        await page.expect("ringing")
        await page.do("voicemail")
        await page.expect("ended")
        following = await page.expect("following")
        lines = {await page.expect_line("begun") for _ in range(2)}
        await page.do("say", "I am not on this call.")
        status, _ = await last_status(rig, 4)
    assert status == "completed"
    assert (following["scenario"], following["name"]) == ("voicemail", "Luigi's")
    assert {who for who, _ in lines} == {"agent", "callee"}


async def test_a_picked_callee_takes_the_next_call_only(tmp_path: Path) -> None:
    callee = Talker([], hang_up_at=3)
    async with running_rig(tmp_path, lambda: callee) as rig, open_page(rig) as page:
        await page.do("pick", "order_taken")
        picked = await page.expect("picked")
        await rig.create()
        await page.expect("taken")
        await page.expect("following")
        await page.expect("ended")
        await rig.create()
        await page.expect("ringing")
    assert (picked["scenario"], picked["summary"]) == ("order_taken", "A test's own scenario.")
    assert len(callee.heard) == 4


async def test_each_call_rings_on_one_page(tmp_path: Path) -> None:
    async with (
        running_rig(tmp_path, lambda: Talker([])) as rig,
        open_page(rig) as first,
        open_page(rig) as second,
    ):
        await rig.create()
        await first.expect("ringing")
        await rig.create()
        await second.expect("ringing")
        for page in (first, second):
            await page.do("refuse")
            await page.expect("ended")


async def test_a_closed_page_hangs_up_and_the_next_call_is_scripted(tmp_path: Path) -> None:
    callee = Talker([], hang_up_at=3)
    async with running_rig(tmp_path, lambda: callee) as rig:
        async with open_page(rig) as page:
            await page.do("pick", "order_taken")  # nobody is there to see it: it is forgotten
            await page.expect("picked")
            await page.do("pick", "")
            await page.expect("picked")
            await rig.create()
            await page.expect("ringing")
            await page.do("answer")
            await page.expect("answered")
        await rig.product.wait_for(4, STATUS)
        await rig.create()
        await rig.product.wait_for(8, STATUS)
    assert len(callee.heard) == 4


async def test_a_page_that_does_not_read_is_closed_and_the_call_goes_on(tmp_path: Path) -> None:
    fast = How(factor=400)
    async with (
        running_rig(tmp_path, lambda: Talker([]), how=fast) as rig,
        open_page(rig, is_slow=True) as page,
    ):
        await rig.create(time_limit=120)
        await page.expect("ringing")
        await page.do("answer")
        status = (await rig.product.wait_for(4, STATUS))[-1].fields
        with pytest.raises(ConnectionClosedError, match="does not read"):
            await page.read_to_the_end()
    assert (status["CallStatus"], status["CallDuration"]) == ("completed", "120")


async def test_a_busy_line_stays_busy_with_the_page_open(tmp_path: Path) -> None:
    ring = RingPlan(0.1, answers=False, final="busy", sip_code=486)
    async with running_rig(tmp_path, lambda: Talker([]), ring=ring) as rig, open_page(rig):
        await rig.create()
        status, _ = await last_status(rig, 3)
    assert status == "busy"


async def test_a_page_of_another_site_is_refused(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        url = f"ws://127.0.0.1:{rig.ports.control}/phone"
        with pytest.raises(InvalidStatus, match="403"):
            await connect(url, origin="https://elsewhere.test")  # type: ignore[arg-type]


async def test_the_page_and_its_parts_are_served_to_load_nothing_else(tmp_path: Path) -> None:
    paths = ("/", "/phone.js", "/mouthpiece.js", "/phone.css", "/icon.svg")
    async with (
        running_rig(tmp_path, lambda: Talker([])) as rig,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports.control}") as door,
    ):
        parts = [await door.get(path) for path in paths]
    assert [part.status_code for part in parts] == [200] * len(paths)
    assert "<h1>Sandbox phone</h1>" in parts[0].text
    assert "javascript" in parts[1].headers["content-type"]
    policies = {part.headers["content-security-policy"] for part in parts}
    assert {policy.split(";")[0] for policy in policies} == {"default-src 'self'"}
