"""The carrier client against a scripted HTTP server: did it dial, or not, or does nobody know?"""

import asyncio
import logging
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl

import pytest

from telephony.twilio_rest import (
    CarrierError,
    CarrierUnreachable,
    DialLater,
    DialRefused,
    DialRequest,
    DialUnknown,
)
from tests.integration.scripted_carrier import (
    ACCOUNT,
    CREATED,
    SID,
    Answer,
    answer,
    carrier,
    close_silently,
    cut_in_the_body,
    refusal,
    reset,
)

REQUEST = DialRequest(
    to_number="+14155550100",
    from_number="+14155550199",
    twiml="<Response><Hangup/></Response>",
    status_callback_url="https://o.test/twilio/status/c1#rc=5&rp=all",
    ring_timeout_s=60,
    time_limit_s=600,
)


async def error_of(*script: Answer, timeout_s: float = 5.0) -> CarrierError:
    async with carrier(*script, timeout_s=timeout_s) as (book, rest):
        with pytest.raises(CarrierError) as raised:
            await rest.create_call(REQUEST)
        assert len(book.requests) == 1, "a create is never repeated"
        return raised.value


async def test_a_create_says_all_that_bounds_the_call() -> None:
    async with carrier(answer(201, CREATED)) as (book, rest):
        placed = await rest.create_call(REQUEST)
    assert (placed.call_sid, placed.status) == (SID, "queued")
    first, headers, body = book.requests[0]
    assert first == f"POST /2010-04-01/Accounts/{ACCOUNT}/Calls.json HTTP/1.1"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert sorted(parse_qsl(body)) == sorted(
        [
            ("To", "+14155550100"),
            ("From", "+14155550199"),
            ("Twiml", "<Response><Hangup/></Response>"),
            ("Timeout", "60"),
            ("TimeLimit", "600"),
            ("StatusCallback", "https://o.test/twilio/status/c1#rc=5&rp=all"),
            ("StatusCallbackMethod", "POST"),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
        ]
    )


async def test_a_create_asks_for_detection_and_recording_where_they_have_an_address() -> None:
    request = replace(
        REQUEST,
        answering_callback_url="https://o.test/twilio/answered/c1#rc=5&rp=all",
        recording_callback_url="https://o.test/twilio/recording/c1#rc=5&rp=all",
    )
    async with carrier(answer(201, CREATED), answer(201, CREATED)) as (book, rest):
        await rest.create_call(REQUEST)
        await rest.create_call(request)
    plain, asked = (parse_qsl(body) for _, _, body in book.requests)
    assert sorted(set(asked) - set(plain)) == [
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", "https://o.test/twilio/answered/c1#rc=5&rp=all"),
        ("AsyncAmdStatusCallbackMethod", "POST"),
        ("MachineDetection", "DetectMessageEnd"),
        ("Record", "true"),
        ("RecordingChannels", "dual"),
        ("RecordingStatusCallback", "https://o.test/twilio/recording/c1#rc=5&rp=all"),
        ("RecordingStatusCallbackEvent", "absent"),
        ("RecordingStatusCallbackEvent", "completed"),
        ("RecordingStatusCallbackMethod", "POST"),
    ]


@pytest.mark.parametrize("code", [21201, 21202, 21211, 21214, 21215, 21216, 21217, 21219, 13243])
async def test_a_refused_callee_is_a_definite_no_that_stays(code: int) -> None:
    error = await error_of(refusal(400, code, "The carrier's words"))
    assert isinstance(error, DialRefused)
    assert (error.code, error.permanent) == (str(code), True)
    assert "Unable to create record" not in error.reason


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, 20003), (403, 20003), (400, 21212), (400, 21210), (400, 21213), (400, 21626)],
)
async def test_our_own_fault_is_a_definite_no_of_the_configuration(status: int, code: int) -> None:
    error = await error_of(refusal(status, code))
    assert isinstance(error, DialRefused)
    assert (error.code, error.permanent) == (str(code), False)


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (400, 10004), (429, 10004)])
async def test_too_many_is_a_definite_no_for_now(status: int, code: int) -> None:
    assert isinstance(await error_of(refusal(status, code)), DialLater)


async def test_an_rfc_9457_answer_is_read_too() -> None:
    body = {"type": "https://x", "title": "Bad", "status": 400, "code": 21211, "detail": "d"}
    error = await error_of(answer(400, body))
    assert isinstance(error, DialRefused)
    assert error.code == "21211"


async def test_a_4xx_without_json_is_still_a_no() -> None:
    assert isinstance(await error_of(answer(400, "<html>")), DialRefused)
    assert isinstance(await error_of(answer(429, "<html>")), DialLater)


@pytest.mark.parametrize(
    "script",
    [
        refusal(500, 20500),
        answer(502, "bad gateway"),
        answer(503, {"type": "t", "title": "t", "status": 503, "code": 20503}),
        answer(307, ""),
        answer(201, "not json"),
        answer(201, "[]"),
        answer(201, {"status": "queued"}),
        answer(200, ""),
        close_silently,
        reset,
        cut_in_the_body,
    ],
)
async def test_whatever_is_not_a_clear_no_is_unknown(script: Answer) -> None:
    assert isinstance(await error_of(script), DialUnknown)


async def test_no_answer_in_time_is_unknown() -> None:
    over = asyncio.Event()

    async def say_nothing(_writer: asyncio.StreamWriter) -> None:
        await over.wait()

    error = await error_of(say_nothing, timeout_s=0.2)
    over.set()
    assert isinstance(error, DialUnknown)


async def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with carrier(answer(201, CREATED)) as (_, rest):
        assert (await rest.create_call(REQUEST)).call_sid == SID


async def test_parallel_creates_get_each_its_own_answer() -> None:
    """twilio-python's own HTTP client mixes them up: it hands answers on in an attribute."""
    count = 12
    together = asyncio.Barrier(count)

    def numbered(number: int) -> Answer:
        async def write(writer: asyncio.StreamWriter) -> None:
            await together.wait()
            await answer(201, {**CREATED, "sid": f"CA{number:032x}"})(writer)

        return write

    async with carrier(*map(numbered, range(count))) as (book, rest):
        placed = await asyncio.gather(*(rest.create_call(REQUEST) for _ in range(count)))
    assert {call.call_sid for call in placed} == {f"CA{number:032x}" for number in range(count)}
    assert len(book.requests) == count


async def test_a_fetched_call_tells_its_facts() -> None:
    resource = {
        **CREATED,
        "status": "completed",
        "duration": "49",
        "answered_by": "human",
        "date_created": "Mon, 23 Nov 2026 10:00:00 +0000",
        "start_time": "Mon, 23 Nov 2026 10:00:01 +0000",
        "end_time": "Mon, 23 Nov 2026 10:00:50 +0000",
    }
    async with carrier(answer(200, resource)) as (book, rest):
        call = await rest.fetch_call(SID)
    assert call is not None
    assert (call.sid, call.status, call.duration_s, call.answered_by) == (
        SID,
        "completed",
        49,
        "human",
    )
    assert (call.to, call.from_) == ("+14155550100", "+14155550199")
    assert call.end_time is not None
    assert call.start_time is not None
    assert (call.end_time - call.start_time).total_seconds() == 49
    assert book.requests[0][0].startswith(f"GET /2010-04-01/Accounts/{ACCOUNT}/Calls/{SID}.json")


async def test_a_call_that_is_just_queued_has_no_times_yet() -> None:
    async with carrier(answer(200, CREATED)) as (_, rest):
        call = await rest.fetch_call(SID)
    assert call is not None
    assert (call.duration_s, call.date_created, call.start_time, call.end_time) == (None,) * 4


async def test_an_unknown_call_is_none() -> None:
    async with carrier(refusal(404, 20404)) as (_, rest):
        assert await rest.fetch_call(SID) is None


@pytest.mark.parametrize("script", [refusal(500, 20500), refusal(429, 20429), reset])
async def test_a_question_without_an_answer_says_so(script: Answer) -> None:
    async with carrier(script) as (_, rest):
        with pytest.raises(CarrierUnreachable):
            await rest.fetch_call(SID)


async def test_calls_between_two_numbers_are_listed_over_pages() -> None:
    next_page = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?Page=1&PageToken=x"
    pages = [
        {
            "calls": [{**CREATED, "sid": "CA" + "1" * 32}],
            "next_page_uri": next_page,
            "page_size": 1,
        },
        {"calls": [{**CREATED, "sid": "CA" + "2" * 32}], "next_page_uri": None, "page_size": 1},
    ]
    async with carrier(*(answer(200, page) for page in pages)) as (book, rest):
        calls = await rest.list_calls("+14155550100", "+14155550199")
    assert [call.sid for call in calls] == ["CA" + "1" * 32, "CA" + "2" * 32]
    query = parse_qs(book.requests[0][0].split(" ")[1].partition("?")[2])
    assert (query["To"], query["From"]) == (["+14155550100"], ["+14155550199"])


@pytest.mark.parametrize("script", [refusal(400, 21220), refusal(404, 20404), answer(200, CREATED)])
async def test_ending_a_call_that_is_over_is_fine(script: Answer) -> None:
    async with carrier(script) as (book, rest):
        await rest.end_call(SID)
    assert parse_qsl(book.requests[0][2]) == [("Status", "completed")]


async def test_cancelling_says_canceled_so_that_an_answered_call_goes_on() -> None:
    async with carrier(refusal(400, 21220)) as (book, rest):
        await rest.cancel_call(SID)
    assert parse_qsl(book.requests[0][2]) == [("Status", "canceled")]


async def test_an_end_that_the_carrier_did_not_hear_is_told() -> None:
    async with carrier(refusal(500, 20500)) as (_, rest):
        with pytest.raises(CarrierUnreachable):
            await rest.end_call(SID)


async def test_no_number_and_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with carrier(answer(201, CREATED), refusal(400, 21211)) as (_, rest):
        await rest.create_call(REQUEST)
        with pytest.raises(DialRefused):
            await rest.create_call(REQUEST)
    assert "5550100" not in caplog.text
    assert "12345" not in caplog.text
