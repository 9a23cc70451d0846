"""How a benchmark speaks: tables to stdout, progress to stderr, colours to people only."""

import os
import shutil
import sys
import textwrap
import time

from benchmarks.harness.judging import Judgement, Verdict

PROGRESS_MARK = "progress "
_CODES = {"bold": "1", "dim": "2", "green": "32", "red": "31", "yellow": "33"}
_COLOUR_OF = {
    Judgement.MET: "green",
    Judgement.SHORT: "red",
    Judgement.NOT_JUDGED: "yellow",
}
_WIDTH_PIPED = 100


def width() -> int:
    """Say how many columns there are; 100 when nobody looks. COLUMNS decides."""
    return shutil.get_terminal_size((_WIDTH_PIPED, 24)).columns


def is_coloured() -> bool:
    """Say whether stdout may hold colours: a person sees it, or whoever started us said so."""
    return "NO_COLOR" not in os.environ and (sys.stdout.isatty() or "FORCE_COLOR" in os.environ)


def paint(text: str, style: str) -> str:
    """Give a text a style where a person sees it."""
    if not is_coloured():
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def paint_judgement(text: str, judgement: Judgement) -> str:
    """Give what is said of a goal its colour."""
    return paint(text, _COLOUR_OF[judgement])


def paint_verdict(verdict: Verdict) -> str:
    """Write a verdict with its judgement in colour."""
    word = str(verdict.judgement)
    text = textwrap.fill(verdict.say(), width(), subsequent_indent="    ", break_on_hyphens=False)
    return text.replace(word, paint_judgement(word, verdict.judgement), 1)


class Progress:
    """Shows on stderr how far a run is: one living line for a person, else a line per turn."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._done = 0
        self._begun = time.monotonic()
        self._is_seen = sys.stderr.isatty()

    def begin(self, what: str) -> None:
        """Say what is being measured now."""
        line = f"{self._done + 1}/{self._turns}  {what}"
        if self._is_seen:
            sys.stderr.write(f"\r\x1b[K  {line}{self._say_rest()}"[: width() + 4])
        else:
            sys.stderr.write(f"{PROGRESS_MARK}{line}\n")
        sys.stderr.flush()
        self._done += 1

    def clear(self) -> None:
        """Take the living line away."""
        if self._is_seen:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _say_rest(self) -> str:
        if not self._done:
            return ""
        each = (time.monotonic() - self._begun) / self._done
        return f", about {each * (self._turns - self._done):.0f} s left"
