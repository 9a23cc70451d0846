"""Puts other functions in the place of the product's for a while: stand-ins and mutants."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Swap:
    """One name of a module or class, and what stands there for a while."""

    holder: object
    name: str
    stand_in: object


@contextmanager
def swapped(*swaps: Swap) -> Iterator[None]:
    """Make the swaps, and undo them."""
    kept: list[Swap] = []
    try:
        for swap in swaps:
            kept.append(Swap(swap.holder, swap.name, vars(swap.holder)[swap.name]))
            setattr(swap.holder, swap.name, swap.stand_in)
        yield
    finally:
        for swap in reversed(kept):
            setattr(swap.holder, swap.name, swap.stand_in)
