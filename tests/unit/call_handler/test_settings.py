"""The Call Handler's settings: what a start is refused for, by name."""

import pytest

from call_handler.settings import HandlerSettings

PRICES = "text_in=4,text_cached=1,audio_in=32,audio_cached=1,text_out=16,audio_out=64"


def settings(**values: object) -> HandlerSettings:
    return HandlerSettings(_env_file=None, **values)  # type: ignore[arg-type, call-arg] # its own fields


def test_bad_prices_refuse_the_start_and_name_the_part() -> None:
    (line,) = settings(model_prices=f"{PRICES},currency=dollars").problems()
    assert line.startswith("RINGBACK_MODEL_PRICES: currency")


def test_good_prices_are_read() -> None:
    good = settings(model_prices=f"{PRICES},currency=USD")
    assert good.problems() == []
    assert good.prices is not None


def test_prices_are_not_needed() -> None:
    assert settings().prices is None


@pytest.mark.parametrize("wait_s", [0, 301, float("inf"), float("nan")])
def test_a_wait_that_the_contract_does_not_allow_is_refused(wait_s: float) -> None:
    with pytest.raises(ValueError, match="ask_person_s"):
        settings(ask_person_s=wait_s)
