"""The REST API through the real twilio-python, unchanged but for its address."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from sandbox.carrier_faults import CarrierFaults, CreateFault
from sandbox.scenario import RingPlan
from tests.integration.sandbox_carrier_rig import (
    ACCOUNT,
    NUMBER,
    OURS,
    REAL_TIME,
    TWIML,
    Rig,
    Talker,
    running_rig,
)

NEVER_ANSWERS = RingPlan(answer_after_s=3600, answers=False, final="no-answer")


async def refused(rig: Rig, **arguments: object) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as error:
        await rig.create(**arguments)
    return error.value


async def refused_by(work: Callable[[], object]) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as error:
        await asyncio.to_thread(work)
    return error.value


async def test_a_created_call_is_queued_and_can_be_fetched(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([]), ring=NEVER_ANSWERS, how=REAL_TIME) as rig:
        sid = await rig.create()
        call = await asyncio.to_thread(rig.client().calls(sid).fetch)
    sender = call._from  # noqa: SLF001 - twilio-python's name for `from`
    assert (call.sid, call.to, sender, call.direction) == (sid, NUMBER, OURS, "outbound-api")
    assert (call.status, call.duration, call.price_unit) == ("queued", None, "USD")
    assert call.to_formatted == "(415) 555-0100"
    assert datetime.now(UTC) - call.date_created < timedelta(seconds=10)


async def test_the_resource_has_exactly_the_26_keys_and_numbers_are_text(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=50)) as rig:
        sid = await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        call = rig.world.book.find(sid)
        assert call is not None
        resource = call.resource()
    assert len(resource) == 26
    assert len(dict(resource["subresource_uris"])) == 9  # type: ignore[call-overload]
    assert (resource["status"], resource["duration"]) == ("completed", "1")
    assert (resource["queue_time"], resource["price"]) == ("0", "-0.01400")


async def test_the_list_is_paged_newest_first_without_repeats(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([]), ring=NEVER_ANSWERS, how=REAL_TIME) as rig:
        sids = [await rig.create() for _ in range(5)]
        calls = await asyncio.to_thread(lambda: rig.client().calls.list(to=NUMBER, page_size=2))
        others = await asyncio.to_thread(lambda: rig.client().calls.list(to="+14155550111"))
    assert [call.sid for call in calls] == sids[::-1]
    assert others == []


async def test_the_list_is_filtered_by_day_in_both_forms(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        sid = await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        calls = rig.client().calls
        after = await asyncio.to_thread(lambda: calls.list(start_time_after=now))
        before = await asyncio.to_thread(
            lambda: calls.list(start_time_before=(now - timedelta(days=2)).date())
        )
    assert [call.sid for call in after] == [sid]
    assert before == []


async def test_errors_have_twilios_body(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        error = await refused(rig, to="nonsense")
        unknown = await refused_by(rig.client().calls("CA" + "1" * 32).fetch)
        wrong = Client(ACCOUNT, "wrong", http_client=TwilioHttpClient(timeout=10))
        wrong.api.base_url = rig.client().api.base_url
        unauthorised = await refused_by(wrong.calls("CA" + "1" * 32).fetch)
    assert (error.status, error.code) == (400, 21211)
    assert "not a valid phone number" in error.msg
    assert (unknown.status, unknown.code) == (404, 20404)
    assert (unauthorised.status, unauthorised.code) == (401, 20003)


@pytest.mark.parametrize("word", ["completed", "canceled"])
async def test_a_ringing_call_is_ended_by_update(tmp_path: Path, word: str) -> None:
    ring = NEVER_ANSWERS
    async with running_rig(tmp_path, lambda: Talker([]), ring=ring) as rig:
        sid = await rig.create()
        await rig.product.wait_for(2, "/twilio/status/")
        await asyncio.to_thread(lambda: rig.client().calls(sid).update(status=word))
        last = (await rig.product.wait_for(3, "/twilio/status/"))[-1].fields
    assert (last["CallStatus"], last["CallDuration"]) == ("canceled", "0")


async def test_a_live_call_is_ended_by_completed_and_untouched_by_canceled(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        sid = await rig.create()
        await rig.product.wait_for(3, "/twilio/status/")
        calls = rig.client().calls
        kept = await asyncio.to_thread(lambda: calls(sid).update(status="canceled"))
        await asyncio.to_thread(lambda: calls(sid).update(status="completed"))
        last = (await rig.product.wait_for(4, "/twilio/status/"))[-1].fields
        over = await refused_by(lambda: calls(sid).update(status="completed"))
    assert kept.status == "in-progress"
    assert last["CallStatus"] == "completed"
    assert (over.status, over.code) == (400, 21220)


async def test_new_twiml_replaces_what_runs(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([])) as rig:
        sid = await rig.create()
        await rig.product.wait_for(3, "/twilio/status/")
        twiml = "<Response><Say>Goodbye.</Say><Hangup/></Response>"
        await asyncio.to_thread(lambda: rig.client().calls(sid).update(twiml=twiml))
        await rig.product.wait_for(4, "/twilio/status/")
        await rig.world.ledger.settle()
        said, states = rig.lines("say"), rig.lines("state")
    assert [line["text"] for line in said] == ["Goodbye."]
    assert states[-1]["by"] == "twiml"


async def test_a_finished_call_can_be_deleted(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1)) as rig:
        sid = await rig.create()
        await rig.product.wait_for(4, "/twilio/status/")
        deleted = await asyncio.to_thread(rig.client().calls(sid).delete)
        calls = await asyncio.to_thread(rig.client().calls.list)
    assert (deleted, calls) == (True, [])


async def test_the_line_of_a_create_is_on_the_disk_before_its_answer(tmp_path: Path) -> None:
    async with running_rig(tmp_path, lambda: Talker([]), ring=NEVER_ANSWERS) as rig:
        sid = await rig.create()
        accepted = rig.lines("create")
        await refused(rig, to="nonsense")
        both = rig.lines("create")
    assert [(line["verdict"], line["call_sid"]) for line in accepted] == [("accepted", sid)]
    assert [(line["verdict"], line["call_id"]) for line in both[1:]] == [("refused", "c1")]
    assert ["Twiml", TWIML] in accepted[0]["parameters"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (CreateFault.REFUSED, 21211, 400),
        (CreateFault.REFUSED, 20429, 429),
        (CreateFault.ERROR_BEFORE_ACCEPT, 20500, 500),
    ],
)
async def test_a_refusing_fault_dials_nothing(
    tmp_path: Path, fault: CreateFault, code: int, status: int
) -> None:
    faults = CarrierFaults(create=fault, create_code=code)
    async with running_rig(tmp_path, lambda: Talker([]), faults=faults) as rig:
        error = await refused(rig)
        verdicts = [line["verdict"] for line in rig.lines("create")]
    assert (error.status, error.code) == (status, code)
    assert verdicts == ["refused"]


async def test_500_after_accept_is_an_accepted_call(tmp_path: Path) -> None:
    faults = CarrierFaults(create=CreateFault.ERROR_AFTER_ACCEPT, create_attempts=1)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        error = await refused(rig)
        await rig.product.wait_for(4, "/twilio/status/")
        verdicts = [(line["verdict"], line["answer"]) for line in rig.lines("create")]
        second = await rig.create()
    assert error.status == 500
    assert verdicts == [("accepted", 500)]
    assert second.startswith("CA")


async def test_a_reset_after_accept_dials_and_answers_nothing(tmp_path: Path) -> None:
    faults = CarrierFaults(create=CreateFault.RESET_AFTER_ACCEPT)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        with pytest.raises(RequestsConnectionError):
            await rig.create()
        callbacks = await rig.product.wait_for(4, "/twilio/status/")
    assert len(callbacks) == 4


async def test_no_answer_is_a_time_out_of_the_client(tmp_path: Path) -> None:
    faults = CarrierFaults(create=CreateFault.NO_ANSWER_NOT_ACCEPTED)
    async with running_rig(tmp_path, lambda: Talker([]), faults=faults) as rig:
        client = Client(ACCOUNT, "12345", http_client=TwilioHttpClient(timeout=0.3))
        client.api.base_url = rig.client().api.base_url
        with pytest.raises(ReadTimeout):
            await asyncio.to_thread(lambda: client.calls.create(to=NUMBER, from_=OURS, twiml=TWIML))
        verdicts = [(line["verdict"], line["answer"]) for line in rig.lines("create")]
    assert verdicts == [("refused", None)]


async def test_a_duplicate_ring_is_two_calls_for_one_create(tmp_path: Path) -> None:
    faults = CarrierFaults(create=CreateFault.DUPLICATE_RING)
    async with running_rig(tmp_path, lambda: Talker([], hang_up_at=1), faults=faults) as rig:
        sid = await rig.create()
        callbacks = await rig.product.wait_for(8, "/twilio/status/")
    assert sid in {hook.fields["CallSid"] for hook in callbacks}
    assert len({hook.fields["CallSid"] for hook in callbacks}) == 2


async def test_a_lagging_list_hides_a_new_call(tmp_path: Path) -> None:
    faults = CarrierFaults(list_lag_s=3600)
    async with running_rig(
        tmp_path, lambda: Talker([]), faults=faults, ring=NEVER_ANSWERS, how=REAL_TIME
    ) as rig:
        sid = await rig.create()
        listed = await asyncio.to_thread(rig.client().calls.list)
        fetched = await asyncio.to_thread(rig.client().calls(sid).fetch)
    assert (listed, fetched.sid) == ([], sid)


async def test_the_control_door_binds_lists_and_counts(tmp_path: Path) -> None:
    async with (
        running_rig(tmp_path, lambda: Talker([])) as rig,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports.control}") as door,
    ):
        health = await door.get("/healthz")
        body = {"number": "+14155550177", "scenario": "order_taken", "count": 1}
        bound = await door.post("/control/bind", json=body)
        unknown = await door.post("/control/bind", json={**body, "scenario": "nonsense"})
        listed = (await door.get("/control/scenarios")).json()
        counts = (await door.get("/control/sessions")).json()
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert bound.json() == {"number": "+14155550177", "scenario": "order_taken"}
    assert unknown.status_code == 404
    assert "known: order_taken" in unknown.json()["error"]
    assert listed["scenarios"][0]["number"] == NUMBER
    assert counts == {"open_model_sessions": 0, "open_media_streams": 0, "live_calls": 0}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("no json", "not JSON"),
        ("[]", "not an object"),
        ('{"number": "555", "scenario": "order_taken"}', "number '555'"),
        ('{"number": "+14155550177", "scenario": "order_taken", "count": 0}', "count 0"),
        ('{"number": "+14155550177", "scenario": "order_taken", "ring": 1}', "ring 1"),
        ('{"number": "+14155550177", "scenario": "order_taken", "model": {"x": 1}}', "model.x"),
        (
            '{"number": "+14155550177", "scenario": "order_taken", "carrier": {"stream": "x"}}',
            "carrier.stream 'x' is not one of",
        ),
        (
            '{"number": "+14155550177", "scenario": "order_taken", "ring": {"answers": 1}}',
            "ring.answers 1 is not of the kind",
        ),
    ],
)
async def test_a_wrong_binding_is_refused_in_words(tmp_path: Path, body: str, words: str) -> None:
    async with (
        running_rig(tmp_path, lambda: Talker([])) as rig,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{rig.ports.control}") as door,
    ):
        answer = await door.post("/control/bind", content=body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
