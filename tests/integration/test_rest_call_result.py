"""POST /call_result and GET /api/results against what tools and attackers send."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from orchestrator import rest
from orchestrator.call_results.access import Role, Tokens
from orchestrator.store import Store
from tests.rig import call_sid

JSON = {"content-type": "application/json"}
PLAIN = {
    "call_sid": call_sid(),
    "status": "no-answer",
    "duration": 0,
    "summary": "Nobody answered.",
    "transcript_snippet": "",
    "error_message": "",
}


@pytest.fixture
async def client(store: Store, tokens: Tokens) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(max_body_size=65_536)
    app.include_router(rest.router)
    app.state.store, app.state.tokens = store, tokens
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def post(client: httpx.AsyncClient, body: bytes | str) -> httpx.Response:
    return await client.post("/call_result", content=body, headers=JSON)


async def test_the_plain_body_is_stored_and_read_back(client: httpx.AsyncClient) -> None:
    answer = await post(client, json.dumps(PLAIN))
    stored = answer.json()
    assert (answer.status_code, stored["disposition"]) == (200, "DISPOSITION_STORED")
    record = (await client.get(f"/api/results/{stored['call_id']}")).json()
    assert record["status"] == "CALL_STATUS_NO_ANSWER"
    assert record["outcome"] == "OUTCOME_NOT_REACHED"
    assert record["source"] == "SOURCE_MANUAL"
    assert record["origin"] == "CALL_ORIGIN_EXTERNAL"
    assert record["duration"] == 0


@pytest.mark.parametrize("word", ["completed", "COMPLETED", "CALL_STATUS_COMPLETED", 5])
async def test_a_status_may_be_said_in_several_ways(
    client: httpx.AsyncClient, word: str | int
) -> None:
    assert (await post(client, json.dumps(PLAIN | {"status": word}))).status_code == 200


async def test_camel_case_is_taken_too(client: httpx.AsyncClient) -> None:
    body = {"callSid": call_sid(), "status": "busy", "endTime": "2026-11-23T06:40:00.5+01:00"}
    call_id = (await post(client, json.dumps(body))).json()["call_id"]
    record = (await client.get(f"/api/results/{call_id}")).json()
    assert record["end_time"] == "2026-11-23T05:40:00.500Z"


async def test_an_answer_may_be_sent_back_as_a_report(client: httpx.AsyncClient) -> None:
    call_id = (await post(client, json.dumps(PLAIN))).json()["call_id"]
    record = (await client.get(f"/api/results/{call_id}")).content
    assert (await post(client, record)).json()["disposition"] == "DISPOSITION_DUPLICATE"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", ""),
        (b"not json", ""),
        (b"[]", ""),
        (b"7", ""),
        (b"\xff\xfe", ""),
        (b'{"call_sid": "x\xff"}', ""),
        (b'{"duration": NaN}', ""),
        (b'{"duration": Infinity}', ""),
        (b'{"duration": 1e400}', ""),
        (b'{"duration": ' + b"9" * 5_000 + b"}", ""),
        (b'{"summary": "a", "summary": "b"}', "summary"),
        (b'{"call_sid": "a", "callSid": "b"}', "call_sid"),
        (b'{"a":' * 100_000, ""),
        (b"[" * 200_000, ""),
        (b'{"nobody": 1, "status": 5, "call_sid": "%s"}' % call_sid().encode(), "nobody"),
        (b'{"status": "finished"}', "status"),
        (b'{"status": "\\ud800"}', "status"),
        (b'{"end_time": "yesterday"}', "end_time"),
        (b'{"end_time": "2026-13-45T00:00:00Z"}', "end_time"),
        (b'{"end_time": 5}', "end_time"),
        (b'{"transcript": [{"role": "robot"}]}', "transcript[0].role"),
    ],
)
async def test_a_bad_body_is_refused_with_its_field(
    client: httpx.AsyncClient, body: bytes, named: str
) -> None:
    answer = await post(client, body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["fields"]] == [named]


async def test_a_wrong_word_is_answered_with_the_words_that_a_person_writes(
    client: httpx.AsyncClient,
) -> None:
    message = (await post(client, b'{"status": "finished"}')).json()["message"]
    assert "completed, busy, no-answer, failed, canceled" in message
    assert "CALL_STATUS" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duration", "12"),
        ("duration", 1.5),
        ("duration", True),
        ("duration", -1),
        ("duration", 12345678901234567890123),
        ("summary", 5),
        ("summary", ["a"]),
        ("test", "yes"),
        ("transcript", {"role": 1}),
        ("transcript", [5]),
        ("facts", "none"),
        ("fault", []),
        ("usage", 7),
        ("call_sid", "\ud800"),
        ("revision", "-1"),
    ],
)
async def test_a_wrong_type_names_its_field(
    client: httpx.AsyncClient, name: str, value: object
) -> None:
    answer = await post(client, json.dumps(PLAIN | {name: value}))
    assert answer.status_code == 422
    [field] = [one["field"] for one in answer.json()["fields"]]
    assert field.startswith(name)


async def test_lone_surrogates_are_cleaned(client: httpx.AsyncClient) -> None:
    answer = await post(client, json.dumps(PLAIN | {"summary": "a\ud800b\0"}))
    record = (await client.get(f"/api/results/{answer.json()['call_id']}")).json()
    assert record["summary"] == "a\ufffdb\ufffd"


async def test_a_refusal_repeats_nothing_of_the_input(client: httpx.AsyncClient) -> None:
    body = {
        "canary-key <b>": 1,
        "call_sid": "canary",
        "summary": "canary" * 1_000,
        "test": "canary",
    }
    answer = await post(client, json.dumps(body))
    assert (answer.status_code, "canary" in answer.text) == (422, False)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_json_is_taken(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await client.post("/call_result", content=json.dumps(PLAIN), headers=headers)
    assert answer.status_code == 415


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    assert (await post(client, b" " * 600_000)).status_code == 413


async def test_a_body_above_the_apps_own_limit_is_taken(client: httpx.AsyncClient) -> None:
    turns = [{"role": "callee", "text": "x" * 4_000}] * 60
    body = json.dumps(PLAIN | {"transcript": turns})
    assert (await post(client, body)).status_code == 200


async def test_a_compressed_body_is_not_unpacked(client: httpx.AsyncClient) -> None:
    headers = JSON | {"content-encoding": "gzip"}
    bomb = gzip.compress(b" " * 50_000_000)
    answer = await client.post("/call_result", content=bomb, headers=headers)
    assert answer.status_code == 422


async def test_an_unknown_call_has_no_result(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/results/nobody%00")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_a_stopped_store_answers_later(client: httpx.AsyncClient, store: Store) -> None:
    await store.close()
    answer = await post(client, json.dumps(PLAIN))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestWithTokens:
    """The door once tokens are configured."""

    @pytest.fixture
    def tokens(self) -> Tokens:
        return Tokens({Role.HANDLER: ("new", "old"), Role.READER: ("reader",)})

    @pytest.mark.parametrize(
        ("authorization", "status"),
        [
            (None, 401),
            ("Bearer wrong", 401),
            ("Basic new", 401),
            ("new", 401),
            ("Bearer reader", 403),
            ("Bearer new", 200),
            ("bearer old", 200),
        ],
    )
    async def test_only_a_handler_may_report(
        self, client: httpx.AsyncClient, authorization: str | None, status: int
    ) -> None:
        headers = JSON | ({"authorization": authorization} if authorization else {})
        answer = await client.post("/call_result", content=json.dumps(PLAIN), headers=headers)
        assert answer.status_code == status
