"""Names and their phone numbers, from a TOML file that the person keeps."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from telephony.numbers import NumberRefused, check_number, region_of

_LONGEST_NAME = 80


class BadContacts(ValueError):
    """Says what is wrong with the contacts file, and in which entry."""


def load_contacts(path: Path | None) -> dict[str, str]:
    """Read the file: a table `[contacts]` of names with numbers in international form.

    `path`: None when no file is configured, which means no contacts. Numbers are checked for what
    they are here; whether they may be dialled is asked at the dial. Raises: BadContacts.
    """
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadContacts(f"the contacts file {path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadContacts(f"the contacts file {path} cannot be read: {error}") from error
    entries = content.get("contacts", {})
    if not isinstance(entries, Mapping):
        raise BadContacts(f'{path}: expected a table [contacts], such as "Luigi\'s" = "+1..."')
    return {name: _check_entry(path, name, number) for name, number in entries.items()}


def _check_entry(path: Path, name: str, number: object) -> str:
    """Check one entry; return its number in E.164."""
    if not name.strip() or len(name) > _LONGEST_NAME or not any(char.isalnum() for char in name):
        raise BadContacts(f"{path}: expected a name of 1 to {_LONGEST_NAME} characters")
    if not isinstance(number, str) or not number.startswith("+"):
        raise BadContacts(f'{path}: {name}: expected a number such as "+14155550100"')
    region = region_of(number)
    try:
        return check_number(number, allowed_regions=[region] if region else [])
    except NumberRefused as refusal:
        raise BadContacts(f"{path}: {name}: {refusal.reason}") from refusal
