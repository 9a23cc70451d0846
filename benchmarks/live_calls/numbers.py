"""Numbers that belong to nobody: 555-0100 to 555-0199 in every area of North America."""

from collections.abc import Iterator

from telephony.numbers import NumberRefused, check_number

_AREAS = range(201, 990)
_FICTIONAL = range(100, 200)
_OWN_AREA = 415  # there the sandbox has numbers with scenarios of their own


def fictional_numbers() -> Iterator[str]:
    """Yield numbers that the product dials, each once."""
    for area in _AREAS:
        for last in _FICTIONAL:
            number = f"+1{area}5550{last}"
            if area != _OWN_AREA and _is_dialled(number):
                yield number


def _is_dialled(number: str) -> bool:
    try:
        return check_number(number, allowed_regions=("US",)) == number
    except NumberRefused:
        return False
