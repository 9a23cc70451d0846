"""The list of calls goes back page by page, by the last call that was shown."""

import re
from collections.abc import AsyncIterator

import pytest

from orchestrator.call_results import record_call_results
from orchestrator.store import Store
from tests.integration.chat_rig import ChatRig, running_chat
from tests.rig import call_sid
from tests.rows_rig import report


@pytest.fixture
async def chat(store: Store) -> AsyncIterator[ChatRig]:
    async with running_chat(store) as rig:
        items = [report(call_sid=call_sid(number)) for number in range(51)]
        await record_call_results(store, items)
        yield rig


async def test_a_full_page_leads_to_the_older_calls(chat: ChatRig) -> None:
    first = (await chat.http.get("/calls")).text
    [link] = re.findall(r'href="(/calls\?before=[^"]+)"', first)
    second = (await chat.http.get(link)).text
    assert (first.count("<tr>"), second.count("<tr>")) == (51, 2)
    assert ("Older calls" in second, "Newest calls" in second) == (False, True)


async def test_behind_the_last_call_the_list_leads_back(chat: ChatRig) -> None:
    page = (await chat.http.get("/calls", params={"before": "0"})).text
    assert "No older call" in page


async def test_the_api_goes_on_below_a_call(chat: ChatRig) -> None:
    listed = (await chat.http.get("/api/calls")).json()["calls"]
    before = {"before": listed[9]["call_id"], "limit": 40}
    rest = (await chat.http.get("/api/calls", params=before)).json()["calls"]
    assert [call["call_id"] for call in rest] == [call["call_id"] for call in listed[10:]]
