"""What a mutant is: edits that take one guarantee out of the source, and who must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file of the source."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guarantee that is taken away."""

    name: str
    lacks: str
    """What it does, in words."""
    edits: tuple[Edit, ...]
    checks: tuple[str, ...]
    """The tests that must fail, as pytest names them."""
    is_fast: bool = False
    """True when its checks are cheap enough for every run of the tests."""
