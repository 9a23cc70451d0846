"""A call's recording over HTTP: the carrier's audio and nothing else, for those who may hear it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from orchestrator.store import Store
from orchestrator.store.recordings import RecordingRow, RecordingState, keep_recording
from orchestrator.web import WebAccess
from telephony import recordings as carrier_recordings
from telephony.recordings import CarrierRecordings
from tests.integration.chat_rig import ChatRig, running_chat
from tests.integration.scripted_carrier import ACCOUNT, Answer, Carrier, carrier, close_silently
from tests.rows_rig import CALL, add_call

SOUND = bytes(range(256)) * 40
RECORDING_SID = "RE" + "5" * 32
PAGE = f"/calls/{CALL}"
TOKEN = "a-token-for-people"  # noqa: S105 - a test's


def sends(body: bytes = SOUND, status: int = 200, **headers: str) -> Answer:
    lines = {
        "Content-Type": "audio/x-wav",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }

    async def write(writer: asyncio.StreamWriter) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return write


ODD_RANGES = ("bytes=0-1,5-9", "bytes=-", "lines=1-2", "bytes=0-" + "9" * 40, "x\ty")
UNPLAYABLE: tuple[tuple[Answer, int, str], ...] = (
    (sends(b"gone", 404), 404, "There is no such recording"),
    (sends(b"", 401), 502, "The carrier answered with HTTP 401."),
    (sends(b"", 500), 502, "The carrier answered with HTTP 500."),
    (sends(b"", 302, Location="http://127.0.0.1:1/"), 502, "HTTP 302"),
    (sends(b"<html>", Content_Type="text/html"), 502, "is no recording"),
    (sends(b"x", 206, Content_Range="all of it"), 502, "could not be read"),
    (sends(b"", Content_Length=str(2**40)), 502, "too long"),
    (close_silently, 502, "The carrier does not answer."),
)


async def keep(store: Store, state: RecordingState = RecordingState.COMPLETED) -> None:
    kept = RecordingRow(CALL, RECORDING_SID, state, 47, f"https://o.test{PAGE}/recording")
    await store.write(lambda tx: keep_recording(tx, kept))


@asynccontextmanager
async def recorded_call(
    store: Store, *script: Answer, access: WebAccess | None = None, on_port: bool = False
) -> AsyncIterator[tuple[ChatRig, Carrier]]:
    """Run the page with one recorded call, and a carrier that answers by the script."""
    await add_call(store)
    await keep(store)
    async with (
        carrier(*script) as (book, _),
        running_chat(store, access=access, on_port=on_port) as rig,
    ):
        recordings = CarrierRecordings(book.url, ACCOUNT, "12345")
        rig.app.state.recordings = recordings
        yield rig, book
        await recordings.close()
        assert rig.app.state.web.listeners.open == 0


async def test_the_carriers_audio_is_handed_on(store: Store) -> None:
    async with recorded_call(store, sends()) as (rig, book):
        heard = await rig.http.get(f"{PAGE}/recording")
    assert (heard.status_code, heard.content) == (200, SOUND)
    assert heard.headers["content-type"] == "audio/wav"
    assert heard.headers["content-length"] == str(len(SOUND))
    assert heard.headers["cache-control"] == "no-store"
    assert "accept-ranges" not in heard.headers
    first, headers, _ = book.requests[0]
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING_SID}.wav"
    assert first == f"GET {path} HTTP/1.1"
    assert headers["authorization"].startswith("basic ")
    assert "range" not in headers


async def test_a_part_is_handed_on_as_the_part_that_it_is(store: Store) -> None:
    part = sends(SOUND[100:200], 206, Content_Range=f"bytes 100-199/{len(SOUND)}")
    async with recorded_call(store, part) as (rig, book):
        heard = await rig.http.get(f"{PAGE}/recording", headers={"Range": "bytes=100-199"})
    assert (heard.status_code, heard.content) == (206, SOUND[100:200])
    assert heard.headers["content-range"] == f"bytes 100-199/{len(SOUND)}"
    assert book.requests[0][1]["range"] == "bytes=100-199"


async def test_a_part_that_is_not_there_is_said_to_be_so(store: Store) -> None:
    beyond = sends(b"", 416, Content_Range=f"bytes */{len(SOUND)}")
    async with recorded_call(store, beyond) as (rig, _):
        heard = await rig.http.get(f"{PAGE}/recording", headers={"Range": "bytes=999999-"})
    assert (heard.status_code, heard.content) == (416, b"")
    assert heard.headers["content-range"] == f"bytes */{len(SOUND)}"


async def test_an_odd_range_is_not_passed_on(store: Store) -> None:
    async with recorded_call(store, *(sends() for _ in ODD_RANGES)) as (rig, book):
        for wanted in ODD_RANGES:
            heard = await rig.http.get(f"{PAGE}/recording", headers={"Range": wanted})
            assert (heard.status_code, heard.content) == (200, SOUND)
    assert not any("range" in headers for _, headers, _ in book.requests)


async def test_what_cannot_be_played_is_explained(store: Store) -> None:
    async with recorded_call(store, *(script for script, _, _ in UNPLAYABLE)) as (rig, _):
        for _, status, words in UNPLAYABLE:
            page = await rig.http.get(f"{PAGE}/recording")
            assert (page.status_code, page.text.count("<h1")) == (status, 1)
            assert words in page.text


async def test_a_recording_that_breaks_off_is_not_passed_for_a_whole_one(store: Store) -> None:
    cut = sends(SOUND, Content_Length=str(len(SOUND) + 1))
    async with recorded_call(store, cut, on_port=True) as (rig, _):
        with pytest.raises(httpx.RemoteProtocolError):
            await rig.http.get(f"{PAGE}/recording")


async def test_a_recording_without_a_length_is_cut_at_the_limit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_recordings, "MOST_BYTES", 1_000)

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Type: audio/x-wav\r\n\r\n" + SOUND)
        await writer.drain()

    async with recorded_call(store, endless, on_port=True) as (rig, _):
        with pytest.raises(httpx.RemoteProtocolError):
            await rig.http.get(f"{PAGE}/recording")


async def test_a_listener_who_leaves_gives_back_place_and_connection(store: Store) -> None:
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Type: audio/x-wav\r\n\r\n")
        sent = 0
        try:
            while True:
                writer.write(SOUND)
                sent += len(SOUND)
                await writer.drain()
        except ConnectionError:
            gone.set_result(sent)

    async with recorded_call(store, endless, on_port=True) as (rig, _):
        async with rig.http.stream("GET", f"{PAGE}/recording") as heard:
            await anext(heard.aiter_bytes(1_000))
        assert await asyncio.wait_for(gone, 5) < carrier_recordings.MOST_BYTES / 4


async def test_one_listener_too_many_is_told_so(store: Store) -> None:
    async with recorded_call(store) as (rig, _):
        listeners = rig.app.state.web.listeners
        for _ in range(16):
            listeners.take()
        page = await rig.http.get(f"{PAGE}/recording")
        assert (page.status_code, "Too many recordings" in page.text) == (429, True)
        for _ in range(16):
            listeners.give_back()


@pytest.mark.parametrize("path", [f"/calls/{CALL[:-1]}c/recording", "/calls/nobody/recording"])
async def test_a_call_without_a_recording_has_none_to_play(store: Store, path: str) -> None:
    async with recorded_call(store) as (rig, _):
        page = await rig.http.get(path)
    assert (page.status_code, "There is no such recording" in page.text) == (404, True)


async def test_an_absent_recording_is_not_asked_for(store: Store) -> None:
    await add_call(store)
    await keep(store, RecordingState.ABSENT)
    async with running_chat(store) as rig:
        assert (await rig.http.get(f"{PAGE}/recording")).status_code == 404
        page = (await rig.http.get(PAGE)).text
    assert "The phone company recorded nothing." in page
    assert "<audio" not in page


async def test_without_an_account_it_is_said_that_nobody_can_be_asked(store: Store) -> None:
    await add_call(store)
    await keep(store)
    async with running_chat(store) as rig:
        page = await rig.http.get(f"{PAGE}/recording")
    assert (page.status_code, "No carrier account is configured." in page.text) == (502, True)


async def test_only_who_may_see_the_call_may_hear_it(store: Store) -> None:
    async with recorded_call(store, sends(), access=WebAccess(tokens=(TOKEN,))) as (rig, book):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "ringback_session=1.x"}):
            refused = await rig.http.get(f"{PAGE}/recording", headers=headers)
            assert (refused.status_code, "A token is needed" in refused.text) == (401, True)
        assert book.requests == []
        allowed = {"Authorization": f"Bearer {TOKEN}"}
        assert (await rig.http.get(f"{PAGE}/recording", headers=allowed)).content == SOUND


async def test_the_page_of_a_recorded_call_has_a_player_with_a_name(store: Store) -> None:
    async with recorded_call(store) as (rig, _):
        page = (await rig.http.get(PAGE)).text
    assert '<h2 id="recording">Recording</h2>' in page
    player = f'<audio controls preload="none" src="{PAGE}/recording" aria-labelledby="recording"'
    assert player in page
    assert "47 s, them on the left" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [("final", "It has not come from the phone company yet."), ("waiting", "It is being made.")],
)
async def test_a_recording_that_is_still_to_come_is_announced(
    store: Store, state: str, words: str
) -> None:
    await add_call(store, is_recorded=True, state=state, answered_by="human")
    async with running_chat(store) as rig:
        page = (await rig.http.get(PAGE)).text
    assert words in page
    assert "<dd>A person</dd>" in page


async def test_a_call_that_nobody_records_has_no_word_about_it(store: Store) -> None:
    await add_call(store)
    async with running_chat(store) as rig:
        page = (await rig.http.get(PAGE)).text
    assert "ecording" not in page
    assert "Who answered" not in page
