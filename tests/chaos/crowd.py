"""What the people of a run want: thousands of short errands, and whom they have called."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from telephony.numbers import NumberRefused, check_number

# How many calls in a hundred the sandbox plays in which way.
MIX: Mapping[str, int] = {
    "short_order": 25,
    "short_order_hang_up": 8,
    "short_order_callbacks_spoilt": 5,
    "short_order_callbacks_lost": 4,
    "short_order_dial_error": 3,
    "short_order_dial_reset": 3,
    "short_order_dial_silent": 2,
    "short_order_stream_reset": 4,
    "model_lost": 1,
    "busy": 23,
    "declined": 11,
    "no_answer": 7,
    "dial_refused": 4,
}
_AREAS = range(201, 990)
_FICTIONAL = range(100, 200)  # 555-0100 to 555-0199 belong to nobody, in every area
_OWN_AREA = "+1415"  # there the sandbox has numbers of its own


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that a person wants."""

    key: str
    """The person's Idempotency-Key: however often it is pressed, it is one call."""
    number: str
    scenario: str

    @property
    def text(self) -> str:
        """Everything that has to be known, in one message."""
        return (
            f"Order one margherita from {self.number}, for pick-up. My name is Ada, "
            "you can reach me at +14155550123."
        )


def plan_numbers(count: int, dice: random.Random) -> dict[str, str]:
    """Give `count` fictional numbers, each with the scenario that it plays for the whole run."""
    areas = list(_AREAS)
    dice.shuffle(areas)
    numbers: list[str] = []
    for area in areas:
        numbers += filter(_is_dialled, (f"+1{area}5550{last}" for last in _FICTIONAL))
        if len(numbers) >= count:
            break
    names = dice.choices(list(MIX), weights=list(MIX.values()), k=count)
    return dict(zip(numbers[:count], names, strict=True))


def plan_errands(count: int, numbers: Mapping[str, str], dice: random.Random) -> list[Errand]:
    """Plan who is called for whom: every number in turn, in an order of its own each round."""
    errands: list[Errand] = []
    while len(errands) < count:
        in_turn = list(numbers)
        dice.shuffle(in_turn)
        errands += [
            Errand(f"press-{i}", number, numbers[number])
            for i, number in enumerate(in_turn, len(errands))
        ]
    return errands[:count]


def _is_dialled(number: str) -> bool:
    if number.startswith(_OWN_AREA):
        return False
    try:
        return check_number(number, allowed_regions=("US",)) == number
    except NumberRefused:
        return False
