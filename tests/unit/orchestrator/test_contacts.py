"""The contacts file: names and numbers, refused with a reason when something is wrong."""

from pathlib import Path

import pytest

from orchestrator.contacts import BadContacts, load_contacts

ROOT = Path(__file__).parents[3]


def test_no_file_means_no_contacts() -> None:
    assert load_contacts(None) == {}


@pytest.mark.parametrize("path", ["contacts.example.toml", "sandbox/contacts.toml"])
def test_the_files_of_the_repository_hold_luigis(path: str) -> None:
    assert load_contacts(ROOT / path)["Luigi's"] == "+14155550100"


def test_numbers_are_brought_into_one_form(tmp_path: Path) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text('[contacts]\n"Mario" = "+1 (415) 555-0142"\n')
    assert load_contacts(file) == {"Mario": "+14155550142"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[contacts", "cannot be read"),
        ('contacts = "x"', "expected a table"),
        ('[contacts]\n"Mario" = 7', "Mario: expected a number"),
        ('[contacts]\n"Mario" = "415 555 0142"', "Mario: expected a number"),
        ('[contacts]\n"Help" = "+1911"', "emergency"),
        ('[contacts]\n"Dear" = "+19005550100"', "premium"),
        ('[contacts]\n"" = "+14155550142"', "expected a name"),
        ('[contacts]\n"--" = "+14155550142"', "expected a name"),
    ],
)
def test_a_bad_file_is_refused_with_the_entry(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text(content)
    with pytest.raises(BadContacts, match=says):
        load_contacts(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadContacts, match="does not exist"):
        load_contacts(tmp_path / "nobody.toml")
