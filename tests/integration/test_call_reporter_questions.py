"""A question to the person while the call runs: asked once, waited for, and given up in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from call_reporter import InvalidCall, ReportedCall
from ringback.v1 import call_results_pb2 as pb
from tests.integration.call_reporter_server import (
    ScriptedResults,
    quick_reporter,
    serving,
    sid,
)


@asynccontextmanager
async def running_call(
    servicer: ScriptedResults, folder: Path, grace_s: float = 1.0
) -> AsyncIterator[ReportedCall]:
    async with (
        serving(servicer) as target,
        quick_reporter(target, folder, question_every_s=0.01, question_grace_s=grace_s) as reporter,
        reporter.call(sid(1)) as call,
    ):
        yield call


def asked(servicer: ScriptedResults) -> list[pb.PersonQuestion]:
    return [told.question for told in servicer.progress if told.HasField("question")]


async def wait_asked(servicer: ScriptedResults) -> pb.PersonQuestion:
    await servicer.wait_for(lambda: bool(asked(servicer)))
    return asked(servicer)[0]


async def test_the_answer_to_the_question_comes_back(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with running_call(servicer, tmp_path) as call:
        asking = asyncio.create_task(call.ask_person("Which size?", 45))
        question = await wait_asked(servicer)
        servicer.progress_answer.answer.question_id = question.question_id
        servicer.progress_answer.answer.text = "Large"
        assert await asking == "Large"
    assert (question.text, question.wait_s) == ("Which size?", 45)


async def test_a_question_that_is_told_again_keeps_its_id(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_codes.extend([grpc.StatusCode.UNAVAILABLE] * 2)
    async with running_call(servicer, tmp_path) as call:
        asking = asyncio.create_task(call.ask_person("Which size?", 45))
        await servicer.wait_for(lambda: len(asked(servicer)) >= 4)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert len({question.question_id for question in asked(servicer)}) == 1


async def test_the_answer_to_another_question_is_none_to_this_one(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_answer.answer.question_id = "another"
    servicer.progress_answer.answer.text = "Small"
    async with running_call(servicer, tmp_path) as call:
        asking = asyncio.create_task(call.ask_person("Which size?", 45))
        await servicer.wait_for(lambda: len(asked(servicer)) >= 3)
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_without_an_answer_in_time_there_is_none(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with running_call(servicer, tmp_path, grace_s=-0.95) as call:
        assert await call.ask_person("Which size?", 1) is None
        await servicer.wait_for(lambda: not servicer.progress[-1].HasField("question"))


async def test_a_question_that_is_given_up_is_asked_no_more(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with running_call(servicer, tmp_path) as call:
        asking = asyncio.create_task(call.ask_person("Which size?", 45))
        await wait_asked(servicer)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        call.turn("callee", "hello?")
        await servicer.wait_for(lambda: bool(servicer.progress[-1].turns))
    assert not servicer.progress[-1].HasField("question")


@pytest.mark.parametrize(
    ("text", "wait_s"), [("", 45), ("   ", 45), ("?" * 501, 45), ("Size?", 0.5), ("Size?", 301)]
)
async def test_a_question_beyond_the_contract_is_refused(
    text: str, wait_s: float, tmp_path: Path
) -> None:
    async with running_call(ScriptedResults(), tmp_path) as call:
        with pytest.raises(InvalidCall):
            await call.ask_person(text, wait_s)


async def test_one_question_is_open_at_a_time(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    async with running_call(servicer, tmp_path) as call:
        asking = asyncio.create_task(call.ask_person("Which size?", 45))
        await wait_asked(servicer)
        with pytest.raises(InvalidCall, match="is open"):
            await call.ask_person("And which drink?", 45)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_the_carriers_word_on_who_answered_comes_back(tmp_path: Path) -> None:
    servicer = ScriptedResults()
    servicer.progress_answer.answered_by_word = "machine_end_beep"
    async with running_call(servicer, tmp_path) as call:
        assert call.answered_by_word == ""
        await servicer.wait_for(lambda: len(servicer.progress) >= 2)
        assert call.answered_by_word == "machine_end_beep"
