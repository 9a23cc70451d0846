"""What the model enters of a truncate: the claim, and what the carrier has really played."""

from typing import cast

from sandbox.sentence_track import SentenceTrack
from sandbox.speech import speak
from tests.integration.sandbox_model_relay import Books, Event, Line, opened_line, running_model

HELLO = speak("Luigi's Pizza, hello?", "luigi")


async def spoken_item(line: Line) -> str:
    """Let the agent answer a hello; give the item in which it speaks."""
    await line.configure()
    await line.say(HELLO, silence_ms=600)
    done = cast("Event", (await line.until("response.done"))["response"])
    return str(cast("list[Event]", done["output"])[0]["id"])


async def truncate(line: Line, item_id: str, end_ms: int) -> None:
    where: Event = {"item_id": item_id, "content_index": 0, "audio_end_ms": end_ms}
    await line.send("conversation.item.truncate", **where)
    await line.settle()


def said_by(line: Line) -> str:
    return str(line.of("response.output_audio_transcript.done")[-1]["transcript"])


async def test_a_truncate_stands_beside_what_was_really_played() -> None:
    books, track = Books(), SentenceTrack()
    async with (
        running_model("order_taken", books, track=track) as model,
        opened_line(model) as line,
    ):
        item_id = await spoken_item(line)
        audio = speak(said_by(line), "cedar")
        track.queue(audio)
        track.play(9_999)
        await truncate(line, item_id, 1_240)
    (entered,) = books.of("truncate")
    assert (entered["accepted"], entered["text"]) == (True, said_by(line))
    assert (entered["audio_end_ms"], entered["length_ms"]) == (1_240, len(audio) // 8)
    assert entered["played_ms"] == 9_999 / 8


async def test_what_was_said_before_in_the_same_words_is_not_counted() -> None:
    books, track = Books(), SentenceTrack()
    async with (
        running_model("order_taken", books, track=track) as model,
        opened_line(model) as line,
    ):
        await spoken_item(line)
        track.queue(speak(said_by(line), "cedar"))
        track.play(8_000)
    async with (
        running_model("order_taken", books, track=track) as model,
        opened_line(model) as line,
    ):
        await truncate(line, await spoken_item(line), 0)
    assert [entered["played_ms"] for entered in books.of("truncate")] == [0]


async def test_a_refused_truncate_is_entered_as_refused() -> None:
    books = Books()
    async with running_model("order_taken", books) as model, opened_line(model) as line:
        await truncate(line, await spoken_item(line), 60_000)
        await truncate(line, "no such item", 0)
    first, second = books.of("truncate")
    assert (first["accepted"], first["played_ms"], first["text"]) == (False, None, said_by(line))
    assert (second["accepted"], second["text"], second["length_ms"]) == (False, "", 0)
