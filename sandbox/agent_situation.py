"""Who or what is at the other end just now, as far as the sandbox's agent can tell from words."""

import re
from enum import StrEnum

from sandbox.agent_menus import is_menu


class Situation(StrEnum):
    """Who or what is at the other end."""

    PERSON = "person"
    MENU = "menu"
    HOLD = "hold"
    MACHINE = "machine"


_MACHINE = re.compile(
    r"leave (?:us |me )?(?:a|your) (?:short )?message|after the (?:tone|beep)|voice ?mail"
    r"|answering machine|record your message",
    re.IGNORECASE,
)
_HOLD = re.compile(
    r"please (?:hold\b(?! on)|wait|stay)|hold the line|(?:stay|remain) on the line"
    r"|connect(?:ing)? you|put(?:ting)? you (?:through|on hold)|transfer|your call is important"
    r"|next (?:free|available)|our lines are busy"
    r"|get(?:ting)? (?:him|her|someone|somebody) for you",
    re.IGNORECASE,
)
_STILL_A_MENU = re.compile(r"not a valid|no input|try again|did not (?:get|receive)", re.IGNORECASE)


def read_situation(words: str, before: Situation) -> Situation:
    """Say who is at the other end after these words. Empty words, such as music, change nothing."""
    if not words or before is Situation.MACHINE:
        return before
    if is_menu(words):
        return Situation.MENU
    if _MACHINE.search(words):
        return Situation.MACHINE
    if _HOLD.search(words):
        return Situation.HOLD
    if before is Situation.MENU and _STILL_A_MENU.search(words):
        return Situation.MENU
    return Situation.PERSON
