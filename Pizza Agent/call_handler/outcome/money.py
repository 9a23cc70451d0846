"""Amounts of money as people say them: "fourteen fifty" is 14.50."""

import re
from collections.abc import Iterator, Sequence

from call_handler.outcome.numbers_in_words import Number, read_run
from call_handler.outcome.reading import Mention, Reading

_SIGNS = frozenset("$\u20ac\u00a3")
_CURRENCY = frozenset(
    ("dollar", "dollars", "buck", "bucks", "euro", "euros", "pound", "pounds", "quid", "usd", "eur")
)
_CENTS = frozenset(("cent", "cents", "pence", "p"))
_WRITTEN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:[.,](\d\d))?")
_CLOCK_BEFORE = frozenset(("at", "by", "until", "till", "around", "before", "after"))
_CLOCK_AFTER = frozenset(("am", "pm", "o'clock"))
_NO_PRICE_BEFORE = _CLOCK_BEFORE | {"in", "number", "table", "extension", "street", "a", "an"}
_AFTER_PRICE = frozenset(
    ("", "please", "total", "altogether", "all", "in", "cash", "then", "for", "with", "plus", "and")
) | {"or", "ok", "okay", "even", "only", "flat"}
_HOURS, _MINUTES, _PER_CENT = 24, 60, 100
_TWO_DIGITS = 10


def find_money(words: Sequence[str]) -> Iterator[Mention]:
    """Give each amount that the words may name; a bare whole number is a faint one."""
    at = 0
    while at < len(words):
        mention = _read_at(words, at)
        if mention is not None:
            yield mention
        run_length = sum(number.length for number in read_run(words, at))
        at = max(at + 1, at + run_length, mention.end if mention else 0)


def _read_at(words: Sequence[str], at: int) -> Mention | None:
    if words[at] in _SIGNS:
        return _read_signed(words, at)
    if words[at][0].isdigit() and not words[at].isdigit():
        return _read_decimal(words, at)
    run = read_run(words, at)
    return _read_words(words, at, run) if run else None


def _read_words(words: Sequence[str], at: int, run: Sequence[Number]) -> Mention | None:
    end = at + sum(number.length for number in run)
    after = _word(words, end)
    if after in _CURRENCY:
        return _read_named(words, at, end, run)
    if after in _CENTS:
        return _mention(at, end + 1, [run[-1].value])
    if len(run) > 1:
        return _read_pair(words, at, end, run)
    if after not in _AFTER_PRICE or _word(words, at - 1) in _NO_PRICE_BEFORE:
        return None
    return _mention(at, end, [run[0].value * _PER_CENT], is_plain=False)


def _read_signed(words: Sequence[str], at: int) -> Mention | None:
    written = _WRITTEN.fullmatch(_word(words, at + 1))
    return _mention(at, at + 2, [_cents(written)]) if written else None


def _read_decimal(words: Sequence[str], at: int) -> Mention | None:
    written = _WRITTEN.fullmatch(words[at])
    if written is None or _is_clock(words, at, at + 1):
        return None
    end = at + 1 + (_word(words, at + 1) in _SIGNS | _CURRENCY)
    return _mention(at, end, [_cents(written)])


def _read_named(words: Sequence[str], at: int, end: int, run: Sequence[Number]) -> Mention:
    """Read `fourteen dollars`, `fourteen dollars and fifty cents`, `fourteen dollars fifty`."""
    whole = _as_whole(run)
    rest_at = end + 1 + (_word(words, end + 1) == "and")
    rest = read_run(words, rest_at)
    rest_end = rest_at + sum(number.length for number in rest)
    follows = _word(words, rest_end)
    if len(rest) == 1 and rest[0].value < _PER_CENT and (follows in _CENTS or follows == ""):
        return _mention(at, rest_end + (follows in _CENTS), [whole * _PER_CENT + rest[0].value])
    pair = _pair_cents(run)
    readings = [whole * _PER_CENT] if pair is None else [pair, whole * _PER_CENT]
    return _mention(at, end + 1, readings)


def _read_pair(words: Sequence[str], at: int, end: int, run: Sequence[Number]) -> Mention | None:
    """Read `fourteen fifty` and `fourteen oh five`; not when it is a time of day."""
    cents = _pair_cents(run)
    is_time = _is_clock(words, at, end) and run[0].value < _HOURS and run[1].value < _MINUTES
    after = _word(words, end)
    if cents is None or is_time or after in {"minutes", "mins", "min", "hours"}:
        return None
    readings = [cents]
    if run[0].value < _TWO_DIGITS and len(run) == 2:  # noqa: PLR2004 - "one twenty": also 120
        readings.append(_as_whole(run) * _PER_CENT)
    return _mention(at, end, readings)


def _pair_cents(run: Sequence[Number]) -> int | None:
    match [number.value for number in run]:
        case [whole, part] if _TWO_DIGITS <= part < _PER_CENT:
            return whole * _PER_CENT + part
        case [whole, 0, part] if 0 < part < _TWO_DIGITS:
            return whole * _PER_CENT + part
        case _:
            return None


def _as_whole(run: Sequence[Number]) -> int:
    return int("".join(number.digits for number in run))


def _is_clock(words: Sequence[str], at: int, end: int) -> bool:
    near = {_word(words, at - 1), _word(words, at - 2)}
    return bool(near & _CLOCK_BEFORE) or _word(words, end) in _CLOCK_AFTER


def _cents(written: re.Match[str]) -> int:
    return int(written[1].replace(",", "")) * _PER_CENT + int(written[2] or 0)


def _mention(start: int, end: int, cents: Sequence[int], *, is_plain: bool = True) -> Mention:
    readings = tuple(
        Reading(f"money:{each}", f"{each // _PER_CENT}.{each % _PER_CENT:02d}") for each in cents
    )
    return Mention(start, end, readings, is_plain)


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
