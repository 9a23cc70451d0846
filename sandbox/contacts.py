"""The names of the sandbox's shops: its contacts file, read the other way round."""

import tomllib
from functools import cache
from pathlib import Path

CONTACTS = Path(__file__).parent / "contacts.toml"


def find_name(number: str) -> str:
    """Give the name of the shop with this number, in E.164; "" for any other number."""
    return _names().get(number, "")


@cache
def _names() -> dict[str, str]:
    contacts: dict[str, str] = tomllib.loads(CONTACTS.read_text("utf-8"))["contacts"]
    return {number: name for name, number in contacts.items()}
