"""The pages over HTTP: what they show, who is let in, and what a browser may load."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from orchestrator.call_results import receive_proto, record_call_result
from orchestrator.store import Store
from orchestrator.web import WebAccess
from ringback.v1 import call_results_pb2 as pb
from tests.integration.chat_rig import ORDER, TALK, ChatRig, busy, running_chat, taken
from tests.rig import USAGE

TOKEN = "a-token-for-people"  # noqa: S105 - a test's


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store) as rig:
        yield rig


@pytest.fixture
async def guarded(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store, access=WebAccess(tokens=(TOKEN,))) as rig:
        yield rig


@pytest.mark.parametrize("path", ["/", "/tasks/any", "/calls", "/calls/nobody"])
async def test_every_page_has_one_h1_a_language_and_nothing_foreign(
    chat: ChatRig, path: str
) -> None:
    page = (await chat.http.get(path)).text
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page
    assert not re.search(r"<script(?![^>]* src=\"/static/)", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert " style=" not in page


@pytest.mark.parametrize("path", ["/", "/calls", "/static/style.css", "/api/calls"])
async def test_every_answer_carries_the_security_headers(chat: ChatRig, path: str) -> None:
    headers = (await chat.http.get(path)).headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "", "[", "evil.test:80"])
@pytest.mark.parametrize("path", ["/", "/api/calls", "/static/chat.js"])
async def test_a_foreign_host_is_refused(chat: ChatRig, host: str, path: str) -> None:
    answer = await chat.http.get(path, headers={"Host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:8900", "127.0.0.1", "[::1]:8900", "LOCALHOST"])
async def test_a_loopback_host_is_served(chat: ChatRig, host: str) -> None:
    assert (await chat.http.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1.evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_cannot_write(chat: ChatRig, headers: dict[str, str]) -> None:
    answer = await chat.http.post("/api/tasks", json={}, headers=headers)
    assert answer.status_code == 403


async def test_our_own_page_can_write(chat: ChatRig) -> None:
    headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert (await chat.http.post("/api/tasks", json={}, headers=headers)).status_code == 201


async def test_an_asset_is_sent_once_and_then_not_modified(chat: ChatRig) -> None:
    first = await chat.http.get("/static/chat.js")
    again = await chat.http.get("/static/chat.js", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(
    "name", ["nobody.js", "..%2Fguard.py", "%2e%2e/guard.py", "../guard.py", "..%5Cguard.py"]
)
async def test_no_route_serves_files_by_path(chat: ChatRig, name: str) -> None:
    answer = await chat.http.get(httpx.URL(f"http://127.0.0.1/static/{name}"))
    assert answer.status_code == 404


async def test_the_list_shows_each_call_with_its_outcome_in_words(chat: ChatRig) -> None:
    _task, first = await chat.order()
    await chat.talk(first, *TALK)
    await chat.finish(first, taken())
    _task, second = await chat.order()
    await chat.finish(second, busy())
    page = (await chat.http.get("/calls")).text
    assert page.index(second) < page.index(first)
    for words in ("Done", "Price: 14.50", "1 min 5 s", "The line was busy", "Not reached"):
        assert words in page


async def test_the_page_of_a_call_links_each_fact_to_the_line_that_proves_it(
    chat: ChatRig,
) -> None:
    _task, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await chat.finish(call_id, taken())
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert page.count(f'href="#turn-{call_id}-2"') == 2
    assert f'<li id="turn-{call_id}-2"' in page
    assert "That will be fourteen fifty, ready in twenty minutes." in page


async def test_the_page_of_a_call_tells_when_each_line_was_said_and_what_the_call_cost(
    chat: ChatRig,
) -> None:
    _task, call_id = await chat.order()
    result = taken()
    for turn, start_ms in zip(result.transcript, (0, 2_400, 65_999), strict=True):
        turn.start_ms = start_ms
    result.usage.CopyFrom(USAGE)
    await chat.finish(call_id, result)
    page = (await chat.http.get(f"/calls/{call_id}")).text
    times = re.findall(r'<span class="at">([^<]*)</span>', page)
    assert times == ["0:00", "0:02", "1:05"]
    assert "<dt>Estimated cost</dt><dd>about 0.0001 USD" in page
    assert "10 in, 30 out" in page


async def test_a_card_never_cheers_about_a_price_above_the_budget(chat: ChatRig) -> None:
    _task, call_id = await chat.order(f"{ORDER}, at most 12 dollars")
    await chat.finish(call_id, taken())
    view = (await chat.http.get(f"/api/calls/{call_id}")).json()["view"]["result"]
    assert (view["headline"], view["tone"]) == ("Please check", "fair")
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert "The price of 14.50 is above your budget of 12 dollars." in page
    assert "Done" not in page


async def test_i9_reports_that_disagree_are_shown_on_the_page_of_their_call(chat: ChatRig) -> None:
    _task, call_id = await chat.order()
    await chat.talk(call_id, *TALK)
    await chat.finish(call_id, taken())
    assert "Reported otherwise" not in (await chat.http.get(f"/calls/{call_id}")).text
    other = taken(with_facts=False)
    other.report_id, other.outcome = "handler-2", pb.OUTCOME_REFUSED
    other.facts.add(name="total_price", value="<b>99</b>")
    await chat.finish(call_id, other)
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert "Done" in page
    for words in (
        "Outcome: They said no (from the call handler)",
        "Total price: &lt;b&gt;99&lt;/b&gt;",
    ):
        assert words in page


async def test_i3_reports_of_calls_never_made_here_are_counted_and_are_no_calls(
    chat: ChatRig,
) -> None:
    assert "never made here" not in (await chat.http.get("/calls")).text
    await chat.finish("01900000-0000-7000-8000-00000000bbbb", taken())
    page = (await chat.http.get("/calls")).text
    assert "1 report names a call that was never made here" in page
    assert "No call yet" in page


async def test_words_that_are_not_there_yet_are_called_not_understood_only_after_the_call(
    chat: ChatRig,
) -> None:
    _task, call_id = await chat.order()
    await chat.talk(call_id, (pb.ROLE_CALLEE, ""))
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert '<span class="words">...</span>' in page
    assert "(not understood)" not in page
    await chat.finish(call_id, busy())
    assert "(not understood)" in (await chat.http.get(f"/calls/{call_id}")).text


async def test_a_call_of_another_agent_is_listed_with_its_summary_and_no_guesses(
    chat: ChatRig,
) -> None:
    result = pb.CallResult(
        call_sid="CA0123456789abcdef0123456789abcdef",
        status=pb.CALL_STATUS_COMPLETED,
        duration=49,
        summary="Table for two at seven.",
        source=pb.SOURCE_MANUAL,
    )
    await record_call_result(chat.store, receive_proto(result))
    page = (await chat.http.get("/calls")).text
    assert "<td>Table for two at seven.</td>" in page
    assert "<td>Unknown number (CallSid ...abcdef)</td>" in page
    assert "It is not known why" not in page
    (call_id,) = re.findall(r'href="/calls/([^"]+)"', page)
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert "Nobody told." in page


async def test_a_card_says_why_a_call_ended_once(chat: ChatRig) -> None:
    _task, call_id = await chat.order()
    result = busy()
    result.end_reason, result.error_message = pb.END_REASON_DECLINED, "The call was declined."
    await chat.finish(call_id, result)
    page = (await chat.http.get(f"/calls/{call_id}")).text
    assert page.count("The call was declined.") == 1
    assert "<dt>Status</dt><dd>Declined</dd>" in page


async def test_words_of_strangers_are_escaped_on_the_server(chat: ChatRig) -> None:
    payload = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    _task, call_id = await chat.order(ORDER.replace("large margherita", f"pizza {payload}"))
    result = taken(with_facts=False)
    result.summary = result.error_message = result.transcript[0].text = payload
    result.facts.add(name="total_price", value=payload)
    await chat.finish(call_id, result)
    for path in ("/calls", f"/calls/{call_id}"):
        page = (await chat.http.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("path", ["/", "/calls", "/calls/nobody"])
async def test_with_tokens_a_page_asks_for_one_and_shows_nothing(
    guarded: ChatRig, path: str
) -> None:
    answer = await guarded.http.get(path)
    assert answer.status_code == 401
    assert "A token is needed" in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/tasks"),
        ("GET", "/api/tasks/any"),
        ("GET", "/api/tasks/any/events"),
        ("POST", "/api/tasks/any/messages"),
        ("POST", "/api/tasks/any/confirm"),
        ("GET", "/api/calls"),
        ("GET", "/api/calls/any"),
        ("POST", "/api/calls/any/cancel"),
    ],
)
@pytest.mark.parametrize("given", [None, "Bearer wrong", "Basic x", f"bearer {TOKEN}x"])
async def test_with_tokens_the_api_is_closed_without_the_right_one(
    guarded: ChatRig, method: str, path: str, given: str | None
) -> None:
    headers = {"Authorization": given} if given else {}
    answer = await guarded.http.request(method, path, headers=headers)
    assert answer.status_code == 401


async def test_a_bearer_token_opens_the_api(guarded: ChatRig) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = await guarded.http.post("/api/tasks", json={}, headers=headers)
    assert answer.status_code == 201


async def test_a_token_is_exchanged_once_for_a_strict_cookie(guarded: ChatRig) -> None:
    answer = await guarded.http.post("/session", json={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "Secure", "SameSite=strict"):
        assert part in cookie
    assert TOKEN not in cookie
    session = cookie.partition(";")[0]
    assert (await guarded.http.get("/", headers={"Cookie": session})).status_code == 200
    forged = session[:-1] + ("0" if session[-1] != "0" else "1")
    assert (await guarded.http.get("/", headers={"Cookie": forged})).status_code == 401


@pytest.mark.parametrize("body", [{"token": "wrong"}, {"token": ""}, {}, {"token": 7}])
async def test_a_wrong_token_opens_nothing(guarded: ChatRig, body: dict[str, object]) -> None:
    answer = await guarded.http.post("/session", json=body)
    assert answer.status_code in {401, 422}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("end", ["9" * 5_000, "-1", "x", "", "\u0663"])
async def test_a_made_up_cookie_opens_nothing(guarded: ChatRig, end: str) -> None:
    headers = {b"Cookie": f"ringback_session={end}.x".encode()}
    answer = await guarded.http.get("/api/calls", headers=headers)
    assert answer.status_code == 401
