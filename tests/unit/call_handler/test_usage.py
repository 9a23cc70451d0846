"""What a call used and what it cost, as far as the models told."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from call_handler.bridge.usage import UsageSum
from call_handler.prices import read_prices

PRICES = (
    "text_in=4,text_cached=0.4,audio_in=32,audio_cached=0.4,text_out=16,audio_out=64,currency=USD"
)
USAGE: Mapping[str, object] = {
    "total_tokens": 1_500,
    "input_tokens": 1_000,
    "output_tokens": 500,
    "input_token_details": {
        "text_tokens": 600,
        "audio_tokens": 400,
        "cached_tokens": 300,
        "cached_tokens_details": {"text_tokens": 200, "audio_tokens": 100},
    },
    "output_token_details": {"text_tokens": 100, "audio_tokens": 400},
}


def transcribed(**usage: object) -> dict[str, object]:
    kind = "conversation.item.input_audio_transcription.completed"
    return {"type": kind, "item_id": "item_1", "transcript": "hello", "usage": usage}


def test_the_cost_is_the_sum_over_all_kinds_of_tokens() -> None:
    usage = UsageSum("gpt-realtime-2.1", read_prices(PRICES))
    usage.add({"usage": USAGE})
    total = usage.total()
    assert total is not None
    cost = 400 * 4 + 200 * 0.4 + 300 * 32 + 100 * 0.4 + 100 * 16 + 400 * 64
    assert (total.estimated_cost_micros, total.currency) == (cost, "USD")


def test_every_answer_adds_to_the_cost() -> None:
    usage = UsageSum("m", read_prices(PRICES))
    costs = []
    for _ in range(2):
        usage.add({"usage": USAGE})
        total = usage.total()
        assert total is not None
        costs.append(total.estimated_cost_micros)
    assert costs[1] == 2 * costs[0] > 0


def test_without_prices_there_is_no_cost() -> None:
    usage = UsageSum("m", read_prices(""))
    usage.add({"usage": USAGE})
    total = usage.total()
    assert total is not None
    assert not total.HasField("estimated_cost_micros")
    assert total.currency == ""


def test_cached_tokens_without_details_count_as_text() -> None:
    usage = UsageSum("m", read_prices(PRICES))
    details = {"audio_tokens": 400, "cached_tokens": 300}
    usage.add({"usage": {"input_tokens": 1_000, "input_token_details": details}})
    total = usage.total()
    assert total is not None
    assert total.estimated_cost_micros == 300 * 4 + 300 * 0.4 + 400 * 32


def test_transcription_is_in_the_sums_and_has_its_own_price() -> None:
    usage = UsageSum("m", read_prices(PRICES + ",transcript_in=6,transcript_out=10"))
    details = {"text_tokens": 0, "audio_tokens": 50}
    usage.add_transcription(
        transcribed(type="tokens", input_tokens=50, output_tokens=9, input_token_details=details)
    )
    total = usage.total()
    assert total is not None
    assert (total.input_tokens, total.input_audio_tokens, total.output_tokens) == (50, 50, 9)
    assert total.estimated_cost_micros == 50 * 6 + 9 * 10


def test_transcription_by_the_minute_costs_by_the_minute() -> None:
    usage = UsageSum("m", read_prices(PRICES + ",transcript_minute=0.006"))
    usage.add_transcription(transcribed(type="duration", seconds=30))
    total = usage.total()
    assert total is not None
    assert total.estimated_cost_micros == 3_000


@pytest.mark.parametrize(
    "event",
    [
        {"type": "conversation.item.input_audio_transcription.delta", "usage": USAGE},
        {"type": "conversation.item.input_audio_transcription.completed"},
        transcribed(type="tokens", input_tokens="many"),
        transcribed(type="duration", seconds=-1),
        transcribed(type="duration", seconds=float("nan")),
        transcribed(type="duration", seconds=True),
    ],
)
def test_what_tells_no_usage_adds_none(event: dict[str, object]) -> None:
    usage = UsageSum("m")
    usage.add_transcription(event)
    assert usage.total() is None


@pytest.mark.parametrize("text", ["", "  "])
def test_no_prices_are_none(text: str) -> None:
    assert read_prices(text) is None


def test_prices_may_be_written_with_spaces() -> None:
    prices = read_prices(PRICES.replace(",", " , ").replace("=", " = "))
    assert prices is not None
    assert (prices.prices["audio_out"], prices.currency) == (Decimal(64), "USD")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("audio_in=32", "audio_in=dear"), "audio_in"),
        (("audio_in=32", "audio_in=-32"), "audio_in"),
        (("audio_in=32", "audio_in=1e3"), "audio_in"),
        (("audio_in=32", "audio_in="), "audio_in"),
        (("audio_in=32,", ""), "audio_in is missing"),
        (("audio_in=32", "sound_in=32"), "sound_in"),
        (("audio_in=32", "text_in=32"), "text_in stands there twice"),
        (("currency=USD", "currency=dollars"), "currency"),
        ((",currency=USD", ""), "currency"),
        ((",currency=USD", ",currency=USD,"), "no part"),
    ],
)
def test_a_bad_price_is_named(change: tuple[str, str], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        read_prices(PRICES.replace(*change))


def test_a_huge_cost_stays_a_number_that_json_keeps() -> None:
    prices = read_prices(PRICES.replace("text_in=4", "text_in=999999"))
    assert prices is not None
    assert prices.estimate_micros({"text_in": 10**15}) == 2**53 - 1
