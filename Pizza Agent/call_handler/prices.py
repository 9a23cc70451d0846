"""What the models cost: the prices of one setting, and the estimate of what a call cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_TOKENS = ("text_in", "text_cached", "audio_in", "audio_cached", "text_out", "audio_out")
_OPTIONAL = ("transcript_in", "transcript_out", "transcript_minute")
_NAMES = (*_TOKENS, *_OPTIONAL, "currency")
_CURRENCY = re.compile(r"[A-Z]{3}")
_PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")
_MOST_MICROS = 2**53 - 1


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """Prices per million tokens by kind, and per minute of transcribed speech, in one currency."""

    prices: Mapping[str, Decimal]
    currency: str

    def estimate_micros(self, amounts: Mapping[str, float]) -> int:
        """Estimate the cost of so many tokens of each kind, and minutes, in millionths.

        A price per million of what is counted singly is the price of one in millionths.
        """
        cost = sum(
            (
                Decimal(str(amount)) * self.prices.get(kind, Decimal(0)) * _per(kind)
                for kind, amount in amounts.items()
            ),
            Decimal(0),
        )
        return min(int(cost.to_integral_value(ROUND_HALF_UP)), _MOST_MICROS)


def read_prices(text: str) -> ModelPrices | None:
    """Read prices such as "text_in=4,...,currency=USD"; None when there are none.

    Raises: ValueError, which names the part that is wrong and what is expected of it.
    """
    if not text.strip():
        return None
    parts = _split(text)
    currency = parts.pop("currency", "")
    if not _CURRENCY.fullmatch(currency):
        raise ValueError("currency must be three capital letters, such as currency=USD")
    for name in _TOKENS:
        if name not in parts:
            raise ValueError(f"{name} is missing: its price per million tokens")
    for name, value in parts.items():
        if not _PRICE.fullmatch(value):
            raise ValueError(f"{name} must be a number such as 0.4, without a sign or a unit")
    return ModelPrices({name: Decimal(value) for name, value in parts.items()}, currency)


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in _NAMES:
            raise ValueError(f"{name or part!r} is no part of it; there are {', '.join(_NAMES)}")
        if name in parts:
            raise ValueError(f"{name} stands there twice")
        parts[name] = value
    return parts


def _per(kind: str) -> int:
    return 1_000_000 if kind == "transcript_minute" else 1
