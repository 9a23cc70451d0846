"""Telephone menus, fed with tones frame by frame."""

from collections.abc import Iterator

from sandbox.callees.menus import PhoneMenu, endless_menu, three_level_menu
from sandbox.listening import Utterance
from sandbox.speech import FRAME_BYTES, SILENCE
from sandbox.tones import dial_tones
from sandbox.variation import Variation

PLAIN = Variation()


def hear(menu: PhoneMenu, sound: bytes = b"", quiet_ms: int = 0) -> str:
    """Let the menu live through a sound and silence; what it says meanwhile."""
    said = Utterance()
    for frame in (*frames_of(sound), *[SILENCE] * (quiet_ms // 20)):
        said.add(menu.step(frame).frame)
    return said.text


def frames_of(sound: bytes) -> Iterator[bytes]:
    return (sound[at : at + FRAME_BYTES] for at in range(0, len(sound), FRAME_BYTES))


def test_the_right_keys_lead_through_all_levels() -> None:
    menu = three_level_menu(PLAIN)
    assert "For English, press one" in hear(menu, quiet_ms=8_000)
    assert "For orders, press three" in hear(menu, dial_tones("1"), quiet_ms=8_000)
    assert "For pick-up, press two" in hear(menu, dial_tones("3"), quiet_ms=8_000)
    assert "what can I get you?" in hear(menu, dial_tones("2"), quiet_ms=8_000)
    assert menu.keys == ["1", "3", "2"]


def test_a_wrong_key_repeats_the_level() -> None:
    menu = three_level_menu(PLAIN)
    hear(menu, quiet_ms=8_000)
    again = hear(menu, dial_tones("8"), quiet_ms=9_000)
    assert again.startswith("That is not a valid choice. Welcome to Luigi's")


def test_no_key_repeats_the_level_and_in_the_end_hangs_up() -> None:
    menu = three_level_menu(PLAIN)
    assert hear(menu, quiet_ms=30_000).count("I did not get that") >= 1
    assert any(menu.step(SILENCE).hang_up for _ in range(5_000))


def test_keys_end_what_the_menu_is_saying() -> None:
    menu = three_level_menu(PLAIN)
    hear(menu, quiet_ms=1_000)
    assert hear(menu, dial_tones("1"), quiet_ms=8_000).endswith("press five.")


def test_a_menu_without_a_way_takes_no_key() -> None:
    menu = endless_menu(PLAIN)
    hear(menu, dial_tones("1"), quiet_ms=2_000)
    assert menu.keys == ["1"]
    assert menu.left_over == []
